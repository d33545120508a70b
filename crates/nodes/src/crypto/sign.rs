use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    key::{EcForm, HashOf, Manner, Padding, SigningKey},
    secret,
    source::Source,
    writing::Writing,
};

/// Signs a text or a file with a private key: RSA, ECDSA or Ed25519.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Sign {
    /// The text.
    text: Option<String>,
    /// Or a file, of at most 256 MiB.
    path: Option<String>,
    /// Or bytes in Base64.
    base64: Option<String>,
    /// The credential with the private key in PEM.
    credential: String,
    /// Its field with the key; `private_key`, `key` or `pem` if not set.
    field: Option<String>,
    /// How RSA signatures are made.
    #[serde(default)]
    padding: Padding,
    /// With which hash RSA signatures are made.
    #[serde(default)]
    hash: HashOf,
    /// How ECDSA signatures are written.
    #[serde(default)]
    ecdsa: EcForm,
    /// How the signature is written.
    #[serde(default = "base64")]
    format: Writing,
}

fn base64() -> Writing {
    Writing::Base64
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Signed {
    /// The signature.
    result: String,
    /// The kind of key: `rsa`, `ecdsa-p256`, `ecdsa-p384`, `ecdsa-p521` or `ed25519`.
    key: &'static str,
}

pub(super) fn node() -> Node {
    Node::action("crypto.sign", sign)
        .pure()
        .icon("signature")
        .fails(ErrorKind::NotFound, "The file is not there.")
        .fails(
            ErrorKind::Invalid,
            "The credential holds no private key that can sign.",
        )
        .fails(
            ErrorKind::Denied,
            "There is no such credential, it lacks the field, or the file may not be read.",
        )
        .fails(
            ErrorKind::Unavailable,
            "The disk that holds it does not answer.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: signed
  use: crypto.sign
  with: { path: people.csv, credential: signing-key }
- use: log.write
  with: { message: "{{ steps.signed.result }}" }
"#;

async fn sign(cx: &StepContext, settings: Sign) -> Result<Signed, NodeError> {
    let manner = Manner {
        padding: settings.padding,
        hash: settings.hash,
        form: settings.ecdsa,
    };
    let credential = cx.credential(&settings.credential).await?;
    let usual = ["private_key", "key", "pem"];
    let pem = secret::field(&credential, settings.field.as_deref(), &usual)?;
    let key = SigningKey::read(pem, manner)?;
    let source = Source::of(cx, settings.text, settings.path, settings.base64)?;
    let format = settings.format;
    cx.blocking(move || {
        let signature = key.sign(&source.read()?, manner)?;
        Ok(Signed {
            result: format.write(&signature),
            key: key.name(),
        })
    })
    .await
}

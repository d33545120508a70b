use std::fs;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    key::{EcForm, HashOf, Manner, Padding, SigningKey, VerifyingKey},
    source::Source,
    writing::from_any,
};

/// Says whether a signature belongs to a text or a file: RSA, ECDSA or Ed25519.
///
/// The key is a public one, given as text, file or in a credential.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Verify {
    /// The text.
    text: Option<String>,
    /// Or a file, of at most 256 MiB.
    path: Option<String>,
    /// Or bytes in Base64.
    base64: Option<String>,
    /// The signature, in Base64 or hexadecimal digits.
    signature: String,
    /// The public key in PEM.
    public_key: Option<String>,
    /// Or a file with it.
    public_key_path: Option<String>,
    /// Or a credential with it, in `public_key`, or with the private key in `private_key`.
    credential: Option<String>,
    /// How RSA signatures are made.
    #[serde(default)]
    padding: Padding,
    /// With which hash RSA signatures are made.
    #[serde(default)]
    hash: HashOf,
    /// How ECDSA signatures are written.
    #[serde(default)]
    ecdsa: EcForm,
    /// Whether it is a business error if the signature is not right.
    #[serde(default)]
    fail: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Verified {
    /// Whether the signature is right.
    result: bool,
    /// The kind of key: `rsa`, `ecdsa-p256`, `ecdsa-p384`, `ecdsa-p521` or `ed25519`.
    key: &'static str,
}

pub(super) fn node() -> Node {
    Node::action("crypto.verify", verify)
        .pure()
        .icon("shield-check")
        .fails(
            ErrorKind::NotFound,
            "The file, or that with the public key, is not there.",
        )
        .fails(
            ErrorKind::Denied,
            "There is no such credential, it holds no key, or a file may not be read.",
        )
        .fails(
            ErrorKind::Unavailable,
            "The disk that holds it does not answer.",
        )
        .fails(
            ErrorKind::Business,
            "The signature does not belong to this, and `fail` is set.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: signed
  use: crypto.sign
  with: { text: "pay 100 EUR", credential: signing-key }
- id: checked
  use: crypto.verify
  with: { text: "pay 900 EUR", signature: "{{ steps.signed.result }}", credential: signing-key }
- use: log.write
  with: { message: "genuine: {{ steps.checked.result }}" }
"#;

enum Key {
    Public(VerifyingKey),
    Private(SigningKey),
}

async fn verify(cx: &StepContext, settings: Verify) -> Result<Verified, NodeError> {
    let manner = Manner {
        padding: settings.padding,
        hash: settings.hash,
        form: settings.ecdsa,
    };
    let key = match (
        settings.public_key,
        settings.public_key_path,
        settings.credential,
    ) {
        (Some(pem), None, None) => Key::Public(VerifyingKey::read(&pem)?),
        (None, Some(path), None) => {
            let path = cx.file(path);
            let pem = cx.blocking(move || {
                fs::read_to_string(&path).map_err(|error| {
                    NodeError::io(format_args!("could not read {}", path.display()), &error)
                })
            });
            Key::Public(VerifyingKey::read(&pem.await?)?)
        }
        (None, None, Some(name)) => {
            let credential = cx.credential(&name).await?;
            match credential.optional("public_key") {
                Some(pem) => Key::Public(VerifyingKey::read(pem)?),
                None => Key::Private(SigningKey::read(credential.field("private_key")?, manner)?),
            }
        }
        _ => {
            return Err(NodeError::invalid(
                "give one of `public_key`, `public_key_path` and `credential`",
            ));
        }
    };
    let signature = from_any(settings.signature.trim(), None).ok_or_else(|| {
        NodeError::invalid("setting `signature` is neither Base64 nor hexadecimal digits")
    })?;
    let source = Source::of(cx, settings.text, settings.path, settings.base64)?;
    let fail = settings.fail;
    cx.blocking(move || {
        let message = source.read()?;
        let (result, key) = match &key {
            Key::Public(key) => (key.verify(&message, &signature, manner), key.name()),
            Key::Private(key) => (key.verify(&message, &signature, manner), key.name()),
        };
        if fail && !result {
            return Err(NodeError::business("the signature does not belong to this")
                .with_help("what was signed has been changed, or another key signed it"));
        }
        Ok(Verified { result, key })
    })
    .await
}

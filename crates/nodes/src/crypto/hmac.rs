use aws_lc_rs::{constant_time, hmac};
use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    secret,
    source::Source,
    writing::{Writing, from_any, from_base64, from_hex},
};

/// Computes a keyed hash (HMAC), as webhooks and interfaces sign their messages with.
///
/// With `expected` it says whether a message that came in is really from whoever has the key;
/// `sha256=…` as webhooks write it is understood.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Hmac {
    /// The message.
    text: Option<String>,
    /// Or a file.
    path: Option<String>,
    /// Or bytes in Base64.
    base64: Option<String>,
    /// The credential with the key.
    credential: String,
    /// Its field with the key; `key`, `secret`, `token` or `password` if not set.
    field: Option<String>,
    /// How the key is written.
    #[serde(default)]
    key_format: KeyFormat,
    /// By which method.
    #[serde(default)]
    algorithm: Algorithm,
    /// How the result is written.
    #[serde(default)]
    format: Writing,
    /// What it should be, in either form.
    expected: Option<String>,
}

/// How a key is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum KeyFormat {
    /// Its letters are the key.
    #[default]
    Text,
    /// In hexadecimal digits.
    Hex,
    /// In Base64.
    Base64,
}

/// A method.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Algorithm {
    /// With SHA-256.
    #[default]
    Sha256,
    /// With SHA-384.
    Sha384,
    /// With SHA-512.
    Sha512,
    /// With SHA-1: for old systems.
    Sha1,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Signed {
    /// The keyed hash.
    result: String,
    /// Whether it is the expected one; none without `expected`.
    matches: Option<bool>,
}

pub(super) fn node() -> Node {
    Node::action("crypto.hmac", sign)
        .pure()
        .icon("key-round")
        .fails(ErrorKind::NotFound, "The file is not there.")
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

const EXAMPLE: &str = r#"- id: signature
  use: crypto.hmac
  with: { text: '{"order": 4711}', credential: webhook }
- use: log.write
  with: { message: "X-Signature: sha256={{ steps.signature.result }}" }
"#;

async fn sign(cx: &StepContext, settings: Hmac) -> Result<Signed, NodeError> {
    let credential = cx.credential(&settings.credential).await?;
    let written = secret::field(
        &credential,
        settings.field.as_deref(),
        &["key", "secret", "token", "password"],
    )?;
    let unreadable = |format: &str| {
        NodeError::invalid(format!(
            "the key in credential `{}` is no {format}",
            settings.credential
        ))
    };
    let key = match settings.key_format {
        KeyFormat::Text => written.as_bytes().to_vec(),
        KeyFormat::Hex => from_hex(written).ok_or_else(|| unreadable("hexadecimal text"))?,
        KeyFormat::Base64 => from_base64(written).ok_or_else(|| unreadable("Base64"))?,
    };
    let key = hmac::Key::new(
        match settings.algorithm {
            Algorithm::Sha256 => hmac::HMAC_SHA256,
            Algorithm::Sha384 => hmac::HMAC_SHA384,
            Algorithm::Sha512 => hmac::HMAC_SHA512,
            Algorithm::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        },
        &key,
    );
    let source = Source::of(cx, settings.text, settings.path, settings.base64)?;
    let (format, expected) = (settings.format, settings.expected);
    cx.blocking(move || {
        let mut context = hmac::Context::with_key(&key);
        source.open()?.each(|piece| context.update(piece))?;
        let tag = context.sign();
        let tag = tag.as_ref();
        let matches = expected.map(|expected| {
            let expected = expected.trim();
            let expected = ["sha256=", "sha1=", "sha512=", "v1="]
                .iter()
                .find_map(|prefix| expected.strip_prefix(prefix))
                .unwrap_or(expected);
            from_any(expected, Some(tag.len())).is_some_and(|expected| {
                constant_time::verify_slices_are_equal(tag, &expected).is_ok()
            })
        });
        Ok(Signed {
            result: format.write(tag),
            matches,
        })
    })
    .await
}

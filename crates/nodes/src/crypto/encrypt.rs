use std::io::Write as _;

use casare_engine::{Credential, ErrorKind, Node, NodeError, StepContext};
use casare_files::AtomicFile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    sealed::{self, Secret},
    source::Source,
    writing::Writing,
};

/// Encrypts a text or a file with the secret of a credential.
///
/// By XChaCha20-Poly1305: nobody can read it, and any change is noticed. The credential has a
/// `passphrase` (the key follows from it by Argon2id) or a `key` of 32 bytes in Base64 or
/// hexadecimal digits. `crypto.decrypt` with the same credential gives it back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Encrypt {
    /// The text.
    text: Option<String>,
    /// Or a file, of at most 256 MiB.
    path: Option<String>,
    /// Or bytes in Base64.
    base64: Option<String>,
    /// The credential.
    credential: String,
    /// A file to write it to, instead of `result`. One that is there is replaced.
    to: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Encrypted {
    /// What was encrypted, in Base64 for addresses; empty with `to`.
    result: String,
    /// How many bytes it has.
    bytes: usize,
}

pub(super) fn node() -> Node {
    Node::action("crypto.encrypt", encrypt)
        .pure()
        .icon("lock")
        .fails(ErrorKind::NotFound, "The file is not there.")
        .fails(
            ErrorKind::Denied,
            "There is no such credential, it lacks the secret, or a file may not be read or written.",
        )
        .fails(ErrorKind::Unavailable, "The disk is full, or does not answer.")
        .fails(ErrorKind::Conflict, "A file stands where the folder of `to` should be.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: secret
  use: crypto.encrypt
  with: { text: "IBAN DE02 1203 0000 0000 2020 51", credential: archive }
- use: file.write
  with: { path: account.txt, content: "{{ steps.secret.result }}" }
"#;

/// The secret that `credential` has for encrypting.
pub(super) fn secret_of(credential: &Credential, name: &str) -> Result<Secret, NodeError> {
    let passphrase = credential
        .optional("passphrase")
        .or_else(|| credential.optional("password"));
    match (passphrase, credential.optional("key")) {
        (_, Some(key)) => Secret::key(key).ok_or_else(|| {
            NodeError::invalid(format!(
                "the key in credential `{name}` is not one of 32 bytes"
            ))
            .with_help("make one with `openssl rand -base64 32`, or use a passphrase")
        }),
        (Some(passphrase), None) if !passphrase.is_empty() => {
            Ok(Secret::Passphrase(passphrase.to_owned()))
        }
        // Says which fields there are.
        _ => Err(credential
            .field("passphrase")
            .err()
            .unwrap_or_else(|| NodeError::denied(format!("the passphrase of `{name}` is empty")))),
    }
}

async fn encrypt(cx: &StepContext, settings: Encrypt) -> Result<Encrypted, NodeError> {
    let credential = cx.credential(&settings.credential).await?;
    let secret = secret_of(&credential, &settings.credential)?;
    let source = Source::of(cx, settings.text, settings.path, settings.base64)?;
    let to = settings.to.map(|to| cx.file(to));
    cx.blocking(move || {
        let sealed = sealed::seal(&source.read()?, &secret)?;
        let bytes = sealed.len();
        let Some(to) = to else {
            return Ok(Encrypted {
                result: Writing::Base64url.write(&sealed),
                bytes,
            });
        };
        let mut file = AtomicFile::create(&to)?;
        file.write_all(&sealed)
            .map_err(|error| file.failed(&error))?;
        file.commit()?;
        Ok(Encrypted {
            result: String::new(),
            bytes,
        })
    })
    .await
}

use std::io::Write as _;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::AtomicFile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{encrypt::secret_of, sealed, source::Source, writing::from_base64};

/// Decrypts what `crypto.encrypt` encrypted, with the same credential.
///
/// What was changed since, or encrypted with another secret, is refused.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Decrypt {
    /// The encrypted text.
    text: Option<String>,
    /// Or an encrypted file, of at most 256 MiB.
    path: Option<String>,
    /// The credential.
    credential: String,
    /// A file to write it to, instead of `result`. One that is there is replaced.
    to: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Decrypted {
    /// The text; empty with `to`. Like all outputs it is kept in the run's journal: write what is
    /// confidential to a file.
    result: String,
    /// How many bytes it has.
    bytes: usize,
}

pub(super) fn node() -> Node {
    Node::action("crypto.decrypt", decrypt)
        .pure()
        .icon("lock-open")
        .fails(ErrorKind::NotFound, "The file is not there.")
        .fails(ErrorKind::Invalid, "It was not encrypted by `crypto.encrypt`, or is damaged.")
        .fails(
            ErrorKind::Denied,
            "The secret is not the one it was encrypted with, or it was changed since; or there is no such credential, or a file may not be read or written.",
        )
        .fails(ErrorKind::Unavailable, "The disk is full, or does not answer.")
        .fails(ErrorKind::Conflict, "A file stands where the folder of `to` should be.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: crypto.encrypt
  with: { path: people.csv, credential: archive, to: people.csv.sealed }
- use: crypto.decrypt
  with: { path: people.csv.sealed, credential: archive, to: again.csv }
";

async fn decrypt(cx: &StepContext, settings: Decrypt) -> Result<Decrypted, NodeError> {
    let credential = cx.credential(&settings.credential).await?;
    let secret = secret_of(&credential, &settings.credential)?;
    let source = match (settings.text, settings.path) {
        (Some(text), None) => Source::Bytes(from_base64(&text).ok_or_else(|| {
            NodeError::invalid("setting `text` is not what `crypto.encrypt` gave")
        })?),
        (None, path @ Some(_)) => Source::of(cx, None, path, None)?,
        _ => return Err(NodeError::invalid("give either `text` or `path`")),
    };
    let to = settings.to.map(|to| cx.file(to));
    cx.blocking(move || {
        let content = sealed::open(&source.read()?, &secret)?;
        let bytes = content.len();
        let Some(to) = to else {
            let result = String::from_utf8(content).map_err(|_| {
                NodeError::invalid("what was decrypted is no text")
                    .with_help("write it to a file with `to`")
            })?;
            return Ok(Decrypted { result, bytes });
        };
        let mut file = AtomicFile::create(&to)?;
        file.write_all(&content)
            .map_err(|error| file.failed(&error))?;
        file.commit()?;
        Ok(Decrypted {
            result: String::new(),
            bytes,
        })
    })
    .await
}

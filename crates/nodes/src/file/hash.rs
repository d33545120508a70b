use std::{fmt::Write as _, fs::File, io::Read, path::Path};

use super::entry::go_on;
use casare_engine::{Cancel, ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use md5::Md5;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

/// Computes the hash of a file's content, and compares it with an expected one.
///
/// MD5 and SHA-1 tell whether a file arrived whole; they don't keep out somebody who wants to pass
/// off another file as this one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Hash {
    /// The file.
    path: String,
    /// Which hash.
    #[serde(default)]
    algorithm: Algorithm,
    /// The hash that the file has to have, in hexadecimal; another one is an error.
    expected: Option<String>,
}

/// Which hash.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Algorithm {
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-512.
    Sha512,
    /// SHA-1, for old lists.
    Sha1,
    /// MD5, for old lists.
    Md5,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Hashed {
    /// The hash, in hexadecimal with small letters.
    result: String,
    /// The size of the file in bytes.
    size: u64,
}

pub(super) fn node() -> Node {
    Node::action("file.hash", hash)
        .pure()
        .icon("fingerprint")
        .fails_reading()
        .fails(
            ErrorKind::Business,
            "The hash is not the one that is `expected`.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: people
  use: file.hash
  with: { path: people.csv }
- use: log.write
  with: { message: "{{ steps.people.result }}" }
"#;

async fn hash(cx: &StepContext, settings: Hash) -> Result<Hashed, NodeError> {
    let path = cx.file(&settings.path);
    let cancel = cx.cancel().clone();
    let algorithm = settings.algorithm;
    let hashed = {
        let path = path.clone();
        cx.blocking(move || match algorithm {
            Algorithm::Sha256 => content_hash::<Sha256>(&path, &cancel),
            Algorithm::Sha512 => content_hash::<Sha512>(&path, &cancel),
            Algorithm::Sha1 => content_hash::<Sha1>(&path, &cancel),
            Algorithm::Md5 => content_hash::<Md5>(&path, &cancel),
        })
        .await?
    };
    match settings.expected {
        Some(expected) if !expected.trim().eq_ignore_ascii_case(&hashed.result) => {
            Err(NodeError::business(format!(
                "{} is not the file that was expected: its hash is {}, not {}",
                path.display(),
                hashed.result,
                expected.trim()
            )))
        }
        _ => Ok(hashed),
    }
}

fn content_hash<D: Digest>(path: &Path, cancel: &Cancel) -> Result<Hashed, NodeError> {
    let failed = |error| NodeError::io(format_args!("could not read {}", path.display()), &error);
    let mut file = File::open(path).map_err(failed)?;
    let mut hasher = D::new();
    let mut piece = vec![0; 64 * 1024];
    let mut size = 0;
    loop {
        go_on(cancel)?;
        match file.read(&mut piece).map_err(failed)? {
            0 => break,
            read => {
                hasher.update(&piece[..read]);
                size += read as u64;
            }
        }
    }
    let result = hasher
        .finalize()
        .iter()
        .fold(String::new(), |mut text, byte| {
            // Writing to a text can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
    Ok(Hashed { result, size })
}

use aws_lc_rs::digest::{self, Context};
use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use md5::Digest as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    source::{Reader, Source},
    writing::{Writing, from_any},
};
use casare_files::FileFaults as _;

/// Computes the hash (checksum) of a text or a file of any size.
///
/// With `expected` it also says whether the hash is that one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Hash {
    /// The text.
    text: Option<String>,
    /// Or a file.
    path: Option<String>,
    /// Or bytes in Base64.
    base64: Option<String>,
    /// By which method.
    #[serde(default)]
    algorithm: Algorithm,
    /// How the hash is written.
    #[serde(default)]
    format: Writing,
    /// The hash that it should be, in either form.
    expected: Option<String>,
    /// Whether it is an error if the hash is not `expected`.
    #[serde(default)]
    fail: bool,
}

/// A method to compute a hash.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Algorithm {
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// SHA3-256.
    Sha3_256,
    /// SHA3-512.
    Sha3_512,
    /// BLAKE3: the fastest.
    Blake3,
    /// SHA-1: for old systems; not safe against forgery.
    Sha1,
    /// MD5: for old systems; not safe against forgery.
    Md5,
    /// CRC-32: against damage, not against forgery.
    Crc32,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Hashed {
    /// The hash.
    result: String,
    /// Whether it is the expected one; none without `expected`.
    matches: Option<bool>,
    /// How many bytes were hashed.
    bytes: u64,
}

pub(super) fn node() -> Node {
    Node::action("crypto.hash", hash)
        .pure()
        .icon("fingerprint")
        .fails_reading()
        .fails(
            ErrorKind::Business,
            "The hash is not the one that is `expected`, and `fail` is set.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: sum
  use: crypto.hash
  with: { path: people.csv }
- use: log.write
  with: { message: "{{ steps.sum.result }}" }
"#;

async fn hash(cx: &StepContext, settings: Hash) -> Result<Hashed, NodeError> {
    let source = Source::of(cx, settings.text, settings.path, settings.base64)?;
    cx.blocking(move || {
        let (hash, bytes) = computed(settings.algorithm, &mut source.open()?)?;
        let result = settings.format.write(&hash);
        let matches = settings.expected.map(|expected| {
            from_any(expected.trim(), Some(hash.len())).is_some_and(|expected| expected == hash)
        });
        if settings.fail && matches == Some(false) {
            return Err(NodeError::business(format!(
                "the hash is {result}, not the one that is expected"
            ))
            .with_help("the file is damaged or another one: get it again"));
        }
        Ok(Hashed {
            result,
            matches,
            bytes,
        })
    })
    .await
}

fn computed(algorithm: Algorithm, source: &mut Reader) -> Result<(Vec<u8>, u64), NodeError> {
    let mut count = 0_u64;
    let mut by = |hash: &'static digest::Algorithm| {
        let mut context = Context::new(hash);
        let mut count = 0_u64;
        source.each(|piece| {
            count += piece.len() as u64;
            context.update(piece);
        })?;
        Ok((context.finish().as_ref().to_vec(), count))
    };
    match algorithm {
        Algorithm::Sha256 => by(&digest::SHA256),
        Algorithm::Sha384 => by(&digest::SHA384),
        Algorithm::Sha512 => by(&digest::SHA512),
        Algorithm::Sha3_256 => by(&digest::SHA3_256),
        Algorithm::Sha3_512 => by(&digest::SHA3_512),
        Algorithm::Sha1 => by(&digest::SHA1_FOR_LEGACY_USE_ONLY),
        Algorithm::Blake3 => {
            let mut hasher = blake3::Hasher::new();
            source.each(|piece| {
                count += piece.len() as u64;
                hasher.update(piece);
            })?;
            Ok((hasher.finalize().as_bytes().to_vec(), count))
        }
        Algorithm::Md5 => {
            let mut hasher = md5::Md5::new();
            source.each(|piece| {
                count += piece.len() as u64;
                hasher.update(piece);
            })?;
            Ok((hasher.finalize().to_vec(), count))
        }
        Algorithm::Crc32 => {
            let mut hasher = crc32fast::Hasher::new();
            source.each(|piece| {
                count += piece.len() as u64;
                hasher.update(piece);
            })?;
            Ok((hasher.finalize().to_be_bytes().to_vec(), count))
        }
    }
}

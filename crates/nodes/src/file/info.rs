use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::entry::{Kind, modified, name_of};

/// Says whether a file or folder is there, and what it is.
///
/// What is not there is no error: `exists` is false then.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Info {
    /// The file or folder.
    path: String,
    /// Whether the SHA-256 hash of the file's content is wanted; all of it is read then.
    #[serde(default)]
    hash: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Found {
    /// Whether it is there.
    exists: bool,
    /// The full path.
    path: String,
    /// The last part of the path.
    name: String,
    /// The part after the last dot of the name, in small letters; empty without one.
    extension: String,
    /// Whether it is a file or a folder.
    kind: Option<Kind>,
    /// The size of the file in bytes.
    size: Option<u64>,
    /// When it was last changed, UTC: `2026-03-01T08:30:00Z`.
    modified: Option<String>,
    /// The SHA-256 hash of the content, if asked for.
    sha256: Option<String>,
}

pub(super) fn node() -> Node {
    Node::action("file.info", info)
        .pure()
        .icon("file-question")
        .fails(
            ErrorKind::Denied,
            "The folder may not be looked into, or the file not be read for its `hash`.",
        )
        .fails(
            ErrorKind::Unavailable,
            "The disk that holds it does not answer.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: report
  use: file.info
  with: { path: out/report.xlsx }
- use: log.write
  when: "{{ not steps.report.exists }}"
  with: { level: warn, message: there is no report yet }
"#;

async fn info(cx: &StepContext, settings: Info) -> Result<Found, NodeError> {
    let path = cx.file(&settings.path);
    cx.blocking(move || look_at(&path, settings.hash)).await
}

fn look_at(path: &Path, hash: bool) -> Result<Found, NodeError> {
    let failed =
        |error| NodeError::io(format_args!("could not look at {}", path.display()), &error);
    let found = match fs::metadata(path) {
        Ok(found) => Some(found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed(error)),
    };
    let file = found.as_ref().filter(|found| found.is_file());
    let sha256 = match file {
        Some(_) if hash => Some(hash_of(path).map_err(failed)?),
        _ => None,
    };
    Ok(Found {
        exists: found.is_some(),
        path: path.display().to_string(),
        name: name_of(path),
        extension: path
            .extension()
            .map(|extension| extension.to_string_lossy().to_lowercase())
            .unwrap_or_default(),
        kind: found.as_ref().map(Kind::of),
        size: file.map(fs::Metadata::len),
        modified: found.as_ref().and_then(modified),
        sha256,
    })
}

fn hash_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 64 * 1024];
    loop {
        match file.read(&mut piece)? {
            0 => break,
            read => hasher.update(&piece[..read]),
        }
    }
    Ok(hasher
        .finalize()
        .iter()
        .fold(String::new(), |mut text, byte| {
            // Writing to a text can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_one_that_others_compute() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.TXT");
        fs::write(&path, "abc").unwrap();

        let found = look_at(&path, true).unwrap();

        assert_eq!(found.extension, "txt");
        assert_eq!(
            found.sha256.unwrap(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}

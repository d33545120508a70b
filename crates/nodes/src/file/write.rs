use std::io::Write as _;

use base64::{Engine, engine::general_purpose::STANDARD};
use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::{AtomicFile, Charset};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::entry::{IfExists, already_there};

/// Writes a text (or bytes, given as base64) into a file.
///
/// The file is whole or as it was before, whatever happens: it is written beside its place and
/// then moved there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Write {
    /// The file. Its folders are made if they are not there.
    path: String,
    /// What it is to contain.
    content: String,
    /// Whether `content` is base64 of the bytes to write.
    #[serde(default)]
    base64: bool,
    /// The encoding: `utf-8`, `utf-8-bom`, `windows-1252`, `utf-16`, …
    #[serde(default = "utf_8")]
    encoding: String,
    /// What happens when the file is there already.
    #[serde(default)]
    if_exists: IfExists,
}

fn utf_8() -> String {
    "utf-8".to_owned()
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Written {
    /// The file, as a full path.
    path: String,
    /// Its size in bytes.
    size: u64,
    /// Whether it was written; not with `if_exists: skip` and a file that was there.
    written: bool,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("file.write", write, |settings: &Write| {
        settings.if_exists.effect(Effect::Pure)
    })
    .icon("file-pen")
    .fails(
        ErrorKind::Invalid,
        "The text has characters that the encoding lacks, or `content` is no Base64.",
    )
    .fails(ErrorKind::Denied, "The file may not be written, or is read-only.")
    .fails(ErrorKind::Unavailable, "The disk is full, or does not answer.")
    .fails(
        ErrorKind::Conflict,
        "The file is there already and `if_exists` is `fail`, or a file stands where its folder should be.",
    )
    .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: file.write
  with: { path: out/greeting.txt, content: "Good morning" }
"#;

async fn write(cx: &StepContext, settings: Write) -> Result<Written, NodeError> {
    let path = cx.file(&settings.path);
    let bytes = content(&settings.content, settings.base64, &settings.encoding)?;
    cx.blocking(move || {
        let shown = path.display().to_string();
        if already_there(&path, settings.if_exists)? {
            return Ok(Written {
                path: shown,
                size: std::fs::metadata(&path).map_or(0, |found| found.len()),
                written: false,
            });
        }
        let mut file = AtomicFile::create(&path)?;
        file.write_all(&bytes)
            .map_err(|error| file.failed(&error))?;
        Ok(Written {
            path: shown,
            size: file.commit()?,
            written: true,
        })
    })
    .await
}

fn content(content: &str, base64: bool, encoding: &str) -> Result<Vec<u8>, NodeError> {
    if base64 {
        return STANDARD.decode(content.trim()).map_err(|error| {
            NodeError::invalid(format!("setting `content` is no base64 text: {error}"))
        });
    }
    let charset = Charset::named(encoding)?;
    let mut bytes = charset.mark().to_vec();
    bytes.extend(charset.encode(content)?);
    Ok(bytes)
}

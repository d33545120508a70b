use std::io::Write as _;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::{AtomicFile, Charset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::coding::Coding;
use casare_files::FileFaults as _;

/// Reads what was encoded: Base64, address, HTML, hexadecimal, quoted-printable.
///
/// What is no text afterwards, such as a picture, is written to a file with `path`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Decode {
    /// The encoded text.
    text: String,
    /// How it is written.
    #[serde(rename = "from")]
    coding: Coding,
    /// The encoding of the text inside, such as `windows-1252`; UTF-8 if not set.
    encoding: Option<String>,
    /// A file to write it to, instead of `result`. One that is there is replaced.
    path: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Decoded {
    /// The text; empty with `path`.
    result: String,
    /// How many bytes it has.
    bytes: usize,
}

pub(super) fn node() -> Node {
    Node::action("text.decode", decode)
        .pure()
        .icon("binary")
        .fails(
            ErrorKind::Invalid,
            "The text is not in this coding, or what it stands for is no text.",
        )
        .fails_writing()
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: header
  use: text.decode
  with: { text: R3LDvMOfZQ==, from: base64 }
- use: log.write
  with: { message: "{{ steps.header.result }}" }
"#;

async fn decode(cx: &StepContext, settings: Decode) -> Result<Decoded, NodeError> {
    let path = settings.path.as_deref().map(|path| cx.file(path));
    cx.blocking(move || {
        let content = settings.coding.decode(&settings.text).map_err(|why| {
            let name = serde_json::json!(format!("{:?}", settings.coding).to_lowercase());
            NodeError::invalid(format!(
                "setting `text` is no {}: {why}",
                name.as_str().unwrap_or_default()
            ))
        })?;
        let bytes = content.len();
        if let Some(path) = path {
            let mut file = AtomicFile::create(&path)?;
            file.write_all(&content)
                .map_err(|error| file.failed(&error))?;
            file.commit()?;
            return Ok(Decoded {
                result: String::new(),
                bytes,
            });
        }
        let charset = Charset::chosen(settings.encoding.as_deref())?;
        let result = casare_files::decode(content, charset).map_err(|error| {
            NodeError::invalid(format!("what was decoded is no text: {error}"))
                .with_help("say its `encoding`, or write it to a file with `path`")
        })?;
        Ok(Decoded { result, bytes })
    })
    .await
}

use std::fs;

use casare_engine::{Node, NodeError, StepContext};
use casare_files::Charset;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::coding::Coding;
use casare_files::FileFaults as _;

/// Writes a text or a file so that it can stand elsewhere: Base64, address, HTML, hexadecimal.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Encode {
    /// The text.
    text: Option<String>,
    /// Or a file, of at most 64 MiB.
    path: Option<String>,
    /// How it is written.
    #[serde(rename = "as")]
    coding: Coding,
    /// In which encoding the text's letters become bytes, such as `windows-1252`; UTF-8 if not set.
    encoding: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Encoded {
    /// The encoded text.
    result: String,
}

pub(super) fn node() -> Node {
    Node::action("text.encode", encode)
        .pure()
        .icon("binary")
        .fails_reading()
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: query
  use: text.encode
  with: { text: "Größe & Preis", as: url }
- use: log.write
  with: { message: "/search?q={{ steps.query.result }}" }
"#;

const LARGEST: u64 = 64 * 1024 * 1024;

async fn encode(cx: &StepContext, settings: Encode) -> Result<Encoded, NodeError> {
    let path = settings.path.as_deref().map(|path| cx.file(path));
    cx.blocking(move || {
        let bytes = match (settings.text, path) {
            (Some(text), None) => match Charset::chosen(settings.encoding.as_deref())? {
                Some(charset) => charset.encode(&text)?,
                None => text.into_bytes(),
            },
            (None, Some(path)) => {
                let unreadable = |error| {
                    NodeError::io(format_args!("could not read {}", path.display()), &error)
                };
                let size = fs::metadata(&path).map_err(unreadable)?.len();
                if size > LARGEST {
                    return Err(NodeError::invalid(format!(
                        "{} has {size} bytes, more than 64 MiB",
                        path.display()
                    )));
                }
                fs::read(&path).map_err(unreadable)?
            }
            _ => return Err(NodeError::invalid("give either `text` or `path`")),
        };
        let result = settings
            .coding
            .encode(&bytes)
            .map_err(|why| NodeError::invalid(format!("it can't be encoded: {why}")))?;
        Ok(Encoded { result })
    })
    .await
}

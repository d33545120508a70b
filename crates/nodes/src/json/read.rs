use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::{Charset, read_text};
use casare_workflow::Any;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Reads a JSON file into data.
///
/// A file above 256 MiB and nesting over 127 levels are refused.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Read {
    /// The file.
    path: String,
    /// Whether each line is a JSON text of its own (NDJSON); `data` is then a list.
    #[serde(default)]
    lines: bool,
    /// The file's encoding; UTF-8 or what its mark says if not set.
    encoding: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Content {
    /// The data: maps, lists, texts, numbers.
    data: Any,
    /// The file, as a full path.
    path: String,
}

pub(super) fn node() -> Node {
    Node::action("json.read", read)
        .pure()
        .icon("file-json")
        .fails(ErrorKind::NotFound, "The file is not there.")
        .fails(
            ErrorKind::Invalid,
            "The file holds no JSON, or has more than 256 MiB.",
        )
        .fails(ErrorKind::Denied, "The file may not be read.")
        .fails(
            ErrorKind::Unavailable,
            "The disk that holds it does not answer.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: order
  use: json.read
  with: { path: order.json }
- use: log.write
  with: { message: "{{ steps.order.data.customer.name }}" }
"#;

async fn read(cx: &StepContext, settings: Read) -> Result<Content, NodeError> {
    let path = cx.file(&settings.path);
    let charset = Charset::chosen(settings.encoding.as_deref())?;
    cx.blocking(move || {
        let text = read_text(&path, charset)?;
        let data = super::parse::data(&text, settings.lines).map_err(|error| {
            let told = NodeError::invalid(format!("{}: {}", path.display(), error.message()));
            match error.help() {
                Some(help) => told.with_help(help),
                None => told,
            }
        })?;
        Ok(Content {
            data: Any(data),
            path: path.display().to_string(),
        })
    })
    .await
}

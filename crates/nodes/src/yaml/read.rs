use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::{Charset, read_text};
use casare_workflow::Any;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Reads a YAML file into data.
///
/// A file above 256 MiB, aliases that multiply (billion laughs) and huge depth are refused.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Read {
    /// The file.
    path: String,
    /// Whether the file has several documents, separated by `---`; `data` is then a list.
    #[serde(default)]
    all: bool,
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
    Node::action("yaml.read", read)
        .pure()
        .icon("file-code")
        .fails(ErrorKind::NotFound, "The file is not there.")
        .fails(
            ErrorKind::Invalid,
            "The file holds no YAML, or has more than 256 MiB.",
        )
        .fails(ErrorKind::Denied, "The file may not be read.")
        .fails(
            ErrorKind::Unavailable,
            "The disk that holds it does not answer.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: settings
  use: yaml.read
  with: { path: settings.yaml }
- use: log.write
  with: { message: "{{ steps.settings.data.server.host }}" }
"#;

async fn read(cx: &StepContext, settings: Read) -> Result<Content, NodeError> {
    let path = cx.file(&settings.path);
    let charset = Charset::chosen(settings.encoding.as_deref())?;
    cx.blocking(move || {
        let text = read_text(&path, charset)?;
        Ok(Content {
            data: Any(super::document::data(&text, settings.all)?),
            path: path.display().to_string(),
        })
    })
    .await
}

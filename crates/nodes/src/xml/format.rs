use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::Any;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document;

/// Writes data as XML text: the way back from `xml.parse`.
///
/// Keys that begin with `@` become attributes, `#text` the text of its element, lists become
/// repeated elements.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Format {
    /// The data: a map, or a text that is XML already and is laid out anew.
    data: Any,
    /// The name of the outermost element. If not set, the only key of the data, or `root`.
    root: Option<String>,
    /// The key that is the text of its element.
    #[serde(default = "text_key")]
    text_key: String,
    /// Whether it is laid out for people, indented by two blanks.
    #[serde(default)]
    pretty: bool,
    /// Whether it begins with `<?xml version="1.0"…?>`.
    #[serde(default = "yes")]
    declaration: bool,
}

fn yes() -> bool {
    true
}

fn text_key() -> String {
    "#text".to_owned()
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Formatted {
    /// The XML text.
    text: String,
}

pub(super) fn node() -> Node {
    Node::action("xml.format", format)
        .pure()
        .icon("code-xml")
        .fails(
            ErrorKind::Invalid,
            "A key is no name that an element can have.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: order
  use: xml.format
  with:
    data: { order: { "@number": INV-1, item: [pen, paper] } }
    pretty: true
- use: log.write
  with: { message: "{{ steps.order.text }}" }
"#;

async fn format(cx: &StepContext, settings: Format) -> Result<Formatted, NodeError> {
    cx.blocking(move || {
        let text = match settings.data.0.as_str() {
            Some(text) if settings.root.is_none() => {
                document::laid_out(text, settings.declaration)?
            }
            _ => document::text(
                &settings.data.0,
                settings.root.as_deref(),
                &settings.text_key,
                settings.declaration,
                settings.pretty,
            )?,
        };
        Ok(Formatted { text })
    })
    .await
}

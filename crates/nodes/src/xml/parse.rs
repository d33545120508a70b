use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::Any;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document::{self, Shape};

/// Reads XML text into data.
///
/// An element with text alone becomes that text; others become maps of their attributes (`@name`),
/// elements and text (`#text`); elements of one name become a list. Entities are refused, and
/// nothing that the text names is opened.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parse {
    /// The XML text.
    text: String,
    /// Whether attributes are kept, as keys that begin with `@`.
    #[serde(default = "yes")]
    attributes: bool,
    /// The key of an element's text where it has attributes or elements too.
    #[serde(default = "text_key")]
    text_key: String,
    /// Names of elements that are lists also where there is only one.
    #[serde(default)]
    lists: Vec<String>,
}

fn yes() -> bool {
    true
}

fn text_key() -> String {
    "#text".to_owned()
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Parsed {
    /// The data of the outermost element.
    data: Any,
    /// The name of the outermost element.
    root: String,
}

pub(super) fn node() -> Node {
    Node::action("xml.parse", parse)
        .pure()
        .icon("code-xml")
        .fails(ErrorKind::Invalid, "The text is no XML.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: order
  use: xml.parse
  with: { text: '<order number="INV-1"><item>pen</item><item>paper</item></order>' }
- use: log.write
  with: { message: "{{ steps.order.data['@number'] }}: {{ steps.order.data.item | join(', ') }}" }
"#;

async fn parse(cx: &StepContext, settings: Parse) -> Result<Parsed, NodeError> {
    cx.blocking(move || {
        let shape = Shape {
            attributes: settings.attributes,
            text_key: settings.text_key,
            lists: settings.lists,
        };
        let (root, data) = document::root(&document::document(&settings.text)?, &shape);
        Ok(Parsed {
            data: Any(data),
            root,
        })
    })
    .await
}

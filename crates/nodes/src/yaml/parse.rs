use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::Any;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Reads YAML text into data.
///
/// Aliases that multiply (billion laughs) and huge depth are refused.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parse {
    /// The YAML text.
    text: String,
    /// Whether the text has several documents, separated by `---`; `data` is then a list.
    #[serde(default)]
    all: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Parsed {
    /// The data: maps, lists, texts, numbers.
    data: Any,
}

pub(super) fn node() -> Node {
    Node::action("yaml.parse", parse)
        .pure()
        .icon("braces")
        .fails(ErrorKind::Invalid, "The text is no YAML.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: order
  use: yaml.parse
  with: { text: "number: INV-1\nitems: [pen, paper]\n" }
- use: log.write
  with: { message: "{{ steps.order.data.items | length }} items" }
"#;

async fn parse(cx: &StepContext, settings: Parse) -> Result<Parsed, NodeError> {
    cx.blocking(move || {
        Ok(Parsed {
            data: Any(super::document::data(&settings.text, settings.all)?),
        })
    })
    .await
}

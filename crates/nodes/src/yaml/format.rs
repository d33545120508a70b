use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Writes data as YAML text.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Format {
    /// The data: anything.
    data: Any,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Formatted {
    /// The YAML text.
    text: String,
}

pub(super) fn node() -> Node {
    Node::action("yaml.format", format)
        .pure()
        .icon("braces")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: order
  use: yaml.format
  with: { data: { number: INV-1, items: [pen, paper] } }
- use: log.write
  with: { message: "{{ steps.order.text }}" }
"#;

async fn format(cx: &StepContext, settings: Format) -> Result<Formatted, NodeError> {
    cx.blocking(move || {
        Ok(Formatted {
            text: super::document::text(&settings.data.0)?,
        })
    })
    .await
}

use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{
    Any,
    value::{Stream, to_json},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Writes data as JSON text.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Format {
    /// The data: anything.
    data: Any,
    /// Whether it is laid out for people, indented by two blanks.
    #[serde(default)]
    pretty: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Formatted {
    /// The JSON text.
    text: String,
}

pub(super) fn node() -> Node {
    Node::action("json.format", format)
        .pure()
        .icon("braces")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: order
  use: json.format
  with: { data: { number: 4711, items: [pen] }, pretty: true }
- use: file.write
  with: { path: out/order.json, content: "{{ steps.order.text }}" }
"#;

async fn format(cx: &StepContext, settings: Format) -> Result<Formatted, NodeError> {
    let data = settings.data.0;
    if Stream::is_in(&data) {
        return Err(NodeError::invalid(
            "streamed rows can't be one JSON text: they may not fit into memory",
        )
        .with_help("read the file with `stream: false`, or write the rows with csv.write"));
    }
    cx.blocking(move || {
        let json = to_json(&data);
        let text = if settings.pretty {
            format!("{json:#}")
        } else {
            json.to_string()
        };
        Ok(Formatted { text })
    })
    .await
}

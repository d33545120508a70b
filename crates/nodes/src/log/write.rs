use casare_engine::{LogLevel, Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Writes a line to the run's log.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Write {
    /// What it says.
    message: String,
    /// How important it is.
    #[serde(default)]
    level: LogLevel,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Written {}

pub(super) fn node() -> Node {
    Node::action("log.write", write)
        .pure()
        .icon("scroll-text")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: log.write
  with: { level: warn, message: "the list is empty" }
"#;

async fn write(cx: &StepContext, settings: Write) -> Result<Written, NodeError> {
    cx.log(settings.level, settings.message);
    Ok(Written {})
}

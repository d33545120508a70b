use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::data::{path::KeyPath, rules::is_empty};

/// Says whether a map has a key, or a value inside it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Has {
    /// The map.
    map: Any,
    /// The key, or a path to a value inside: `customer.email`.
    key: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Answer {
    /// Whether the key is there.
    result: bool,
    /// Whether nothing is there, or something empty.
    empty: bool,
}

pub(super) fn node() -> Node {
    Node::action("map.has", has)
        .pure()
        .icon("search-check")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: mail
  use: map.has
  with: { map: { customer: { email: "" } }, key: customer.email }
- use: log.write
  with: { message: "there: {{ steps.mail.result }}, empty: {{ steps.mail.empty }}" }
"#;

async fn has(_cx: &StepContext, settings: Has) -> Result<Answer, NodeError> {
    let map = super::wanted("map", settings.map.0)?;
    let found = KeyPath::new("key", &settings.key)?.get(&map);
    Ok(Answer {
        result: found.is_some(),
        empty: found.as_ref().is_none_or(is_empty),
    })
}

use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Value, value::pairs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::data::order::{Order, SortKey};

/// Lists the keys of a map.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Keys {
    /// The map.
    map: Any,
    /// Whether they are sorted, rather than in the order of the map.
    #[serde(default)]
    sort: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Listed {
    /// The keys.
    result: Vec<String>,
    /// How many there are.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("map.keys", keys)
        .pure()
        .icon("key-round")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: columns
  use: map.keys
  with: { map: { name: Ada, country: UK } }
- use: log.write
  with: { message: "{{ steps.columns.result | join(', ') }}" }
"#;

async fn keys(_cx: &StepContext, settings: Keys) -> Result<Listed, NodeError> {
    let map = super::wanted("map", settings.map.0)?;
    let mut result: Vec<String> = pairs(&map).map(|(key, _)| key.to_string()).collect();
    if settings.sort {
        result.sort_by(|a, b| {
            let key = |text: &str| SortKey::of(&Value::from(text), Order::Natural);
            key(a).compare(&key(b), false)
        });
    }
    Ok(Listed {
        count: result.len(),
        result,
    })
}

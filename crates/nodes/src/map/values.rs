use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, value::pairs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Lists the values of a map, in its order.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Values {
    /// The map.
    map: Any,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Listed {
    /// The values.
    result: Vec<Any>,
    /// How many there are.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("map.values", values)
        .pure()
        .icon("list")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: cells
  use: map.values
  with: { map: { name: Ada, country: UK } }
- use: log.write
  with: { message: "{{ steps.cells.result | join(', ') }}" }
"#;

async fn values(_cx: &StepContext, settings: Values) -> Result<Listed, NodeError> {
    let map = super::wanted("map", settings.map.0)?;
    let result: Vec<Any> = pairs(&map).map(|(_, value)| Any(value)).collect();
    Ok(Listed {
        count: result.len(),
        result,
    })
}

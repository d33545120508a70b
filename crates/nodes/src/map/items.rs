use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, value::pairs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Lists the pairs of a map, to loop over keys and values together.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Items {
    /// The map.
    map: Any,
}

/// A key and its value.
#[derive(Debug, Serialize, JsonSchema)]
struct Pair {
    /// The key.
    key: String,
    /// The value.
    value: Any,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Listed {
    /// The pairs, each with `key` and `value`.
    result: Vec<Pair>,
    /// How many there are.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("map.items", items)
        .pure()
        .icon("list-tree")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: countries
  use: map.items
  with: { map: { DE: 12, FR: 7 } }
- use: flow.for_each
  with: { items: "{{ steps.countries.result }}", as: country }
  do:
    - use: log.write
      with: { message: "{{ country.key }}: {{ country.value }}" }
"#;

async fn items(_cx: &StepContext, settings: Items) -> Result<Listed, NodeError> {
    let map = super::wanted("map", settings.map.0)?;
    let result: Vec<Pair> = pairs(&map)
        .map(|(key, value)| Pair {
            key: key.to_string(),
            value: Any(value),
        })
        .collect();
    Ok(Listed {
        count: result.len(),
        result,
    })
}

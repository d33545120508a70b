use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::data::path::KeyPath;

/// Sets values of a map, or of what is inside it.
///
/// The map itself stays as it is: the result is a new one. What is missing on the way is made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Set {
    /// The map; an empty one if not set.
    #[serde(default)]
    map: Any,
    /// The key, or a path to a value inside: `customer.email`, `items[0].name`.
    key: Option<String>,
    /// The value.
    #[serde(default)]
    value: Any,
    /// Several keys or paths, each with its value.
    #[serde(default)]
    values: IndexMap<String, Any>,
    /// Whether values that are there already stay.
    #[serde(default)]
    only_missing: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Changed {
    /// The new map.
    result: Any,
}

pub(super) fn node() -> Node {
    Node::action("map.set", set)
        .pure()
        .icon("pencil")
        .fails(
            ErrorKind::NotFound,
            "The key leads to an item that its list does not have.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: order
  use: map.set
  with: { map: { number: INV-1 }, key: customer.country, value: DE }
- use: log.write
  with: { message: "{{ steps.order.result.customer.country }}" }
"#;

async fn set(_cx: &StepContext, settings: Set) -> Result<Changed, NodeError> {
    let mut new = settings.values;
    if let Some(key) = settings.key {
        new.insert(key, settings.value);
    }
    if new.is_empty() {
        return Err(NodeError::invalid("give `key` and `value`, or `values`"));
    }
    let mut map = settings.map.0;
    if map.is_undefined() || map.is_none() {
        map = Value::from_pairs(std::iter::empty::<(Value, Value)>());
    }
    for (key, value) in new {
        let path = KeyPath::new("key", &key)?;
        if !(settings.only_missing && path.get(&map).is_some()) {
            let value = if value.0.is_undefined() {
                Value::from(())
            } else {
                value.0
            };
            map = path.set(&map, value)?;
        }
    }
    Ok(Changed { result: Any(map) })
}

use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Value, value::pairs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::data::path::{KeyPath, key};

/// Keeps some keys of a map, or all but some.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pick {
    /// The map.
    map: Any,
    /// The keys to keep, in the order that is wanted.
    keys: Option<Vec<String>>,
    /// The keys to leave out.
    except: Option<Vec<String>>,
    /// What stands where a key is missing; such keys are left out if not set.
    #[serde(default)]
    default: Any,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Picked {
    /// The smaller map.
    result: Any,
    /// How many keys it has.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("map.pick", pick)
        .pure()
        .icon("mouse-pointer-2")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: short
  use: map.pick
  with: { map: { name: Ada, phone: "555-0100", country: UK }, keys: [name, country] }
- use: log.write
  with: { message: "{{ steps.short.result | to_json }}" }
"#;

async fn pick(_cx: &StepContext, settings: Pick) -> Result<Picked, NodeError> {
    let map = super::wanted("map", settings.map.0)?;
    let picked: Vec<(String, Value)> = match (settings.keys, settings.except) {
        (Some(keys), None) => {
            let mut picked = Vec::new();
            for name in keys {
                let value = match key(&map, &name) {
                    Some(value) => Some(value),
                    None => KeyPath::new("keys", &name)?.get(&map),
                };
                let default = &settings.default.0;
                let default = (!default.is_undefined()).then(|| default.clone());
                picked.extend(value.or(default).map(|value| (name, value)));
            }
            picked
        }
        (None, Some(except)) => pairs(&map)
            .map(|(key, value)| (key.to_string(), value))
            .filter(|(key, _)| !except.contains(key))
            .collect(),
        _ => return Err(NodeError::invalid("give either `keys` or `except`")),
    };
    Ok(Picked {
        count: picked.len(),
        result: Any(Value::from_pairs(picked)),
    })
}

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::data::path::KeyPath;

/// Removes keys from a map, or from what is inside it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Remove {
    /// The map.
    map: Any,
    /// The key, or several; paths such as `customer.email` too.
    key: OneOrMore,
    /// Whether it is an error if one is not there.
    #[serde(default)]
    required: bool,
}

/// One key or several.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum OneOrMore {
    /// One.
    One(String),
    /// Several.
    More(Vec<String>),
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Removed {
    /// The map without them.
    result: Any,
    /// What was removed, by key.
    removed: IndexMap<String, Any>,
}

pub(super) fn node() -> Node {
    Node::action("map.remove", remove)
        .pure()
        .icon("eraser")
        .fails(
            ErrorKind::NotFound,
            "The map has no such key and `required` is set.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: public
  use: map.remove
  with: { map: { name: Ada, phone: "555-0100" }, key: phone }
- use: log.write
  with: { message: "{{ steps.public.result | to_json }}" }
"#;

async fn remove(_cx: &StepContext, settings: Remove) -> Result<Removed, NodeError> {
    let keys = match settings.key {
        OneOrMore::One(key) => vec![key],
        OneOrMore::More(keys) => keys,
    };
    let mut map: Value = super::wanted("map", settings.map.0)?;
    let mut removed = IndexMap::new();
    for key in keys {
        let (left, found) = KeyPath::new("key", &key)?.remove(&map)?;
        match found {
            Some(value) => {
                removed.insert(key, Any(value));
            }
            None if settings.required => {
                return Err(NodeError::not_found(format!("the map has no `{key}`")));
            }
            None => {}
        }
        map = left;
    }
    Ok(Removed {
        result: Any(map),
        removed,
    })
}

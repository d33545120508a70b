use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{Any, Value, value::pairs};
use indexmap::IndexMap;
use minijinja::value::ValueKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::list::items::Items;

/// Renames keys of a map, or of each map of a list. Order stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rename {
    /// The map, or a list of maps such as the rows of a table; a stream stays a stream.
    map: Any,
    /// The old names, each with its new one: `{ "First Name": first_name }`.
    names: IndexMap<String, String>,
    /// Whether keys that are not renamed are left out.
    #[serde(default)]
    only: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Renamed {
    /// The map, or list of maps, with new keys.
    result: Any,
}

pub(super) fn node() -> Node {
    Node::action("map.rename", rename)
        .pure()
        .icon("text-cursor-input")
        .fails(ErrorKind::Conflict, "Two keys would have the same name.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: person
  use: map.rename
  with: { map: { "First Name": Ada, Born: 1815 }, names: { "First Name": first_name } }
- use: log.write
  with: { message: "{{ steps.person.result.first_name }}" }
"#;

async fn rename(cx: &StepContext, settings: Rename) -> Result<Renamed, NodeError> {
    cx.blocking(move || {
        let Rename { map, names, only } = settings;
        let change = move |_: usize, map: Value| {
            super::wanted("map", map)
                .and_then(|map| renamed(&map, &names, only))
                .map(Some)
        };
        if !matches!(map.0.kind(), ValueKind::Seq | ValueKind::Iterable) {
            let result = change(0, map.0)?.unwrap_or_default();
            return Ok(Renamed {
                result: Any(result),
            });
        }
        let items = Items::of("map", map.0)?;
        if items.is_stream() {
            return Ok(Renamed {
                result: Any(items.lazily("renamed rows", change)),
            });
        }
        let mut result = Vec::new();
        for item in items.iter()? {
            result.extend(change(0, item?)?);
        }
        Ok(Renamed {
            result: Any(Value::from(result)),
        })
    })
    .await
}

fn renamed(map: &Value, names: &IndexMap<String, String>, only: bool) -> Result<Value, NodeError> {
    let mut copy: IndexMap<String, Value> = IndexMap::new();
    for (key, value) in pairs(map) {
        let key = key.to_string();
        let new = match names.get(&key) {
            Some(new) => new.clone(),
            None if only => continue,
            None => key,
        };
        if copy.insert(new.clone(), value).is_some() {
            return Err(
                NodeError::conflict(format!("two keys would be called `{new}`")).permanent(),
            );
        }
    }
    Ok(Value::from_pairs(copy))
}

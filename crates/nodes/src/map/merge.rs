use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{Any, Value, value::pairs};
use indexmap::IndexMap;
use minijinja::value::ValueKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Makes one map of several. Of equal keys the last one counts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Merge {
    /// The maps, in order; empty ones (none) are passed over.
    maps: Vec<Any>,
    /// Whether maps inside maps are merged too, rather than replaced.
    #[serde(default)]
    deep: bool,
    /// Which value counts where a key occurs again.
    #[serde(default)]
    keep: Keep,
    /// What happens to lists with `deep`.
    #[serde(default)]
    lists: Lists,
}

/// Which of several values counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Keep {
    /// The last.
    #[default]
    Last,
    /// The first.
    First,
    /// Different values are an error.
    Fail,
}

/// What happens to lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Lists {
    /// One replaces the other.
    #[default]
    Replace,
    /// They are put one behind the other.
    Append,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Merged {
    /// The map.
    result: Any,
    /// How many keys it has.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("map.merge", merge)
        .pure()
        .icon("merge")
        .fails(
            ErrorKind::Conflict,
            "Two maps have different values at a key and `keep` is `fail`.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: options
  use: map.merge
  with: { maps: [{ mail: { port: 25, host: localhost } }, { mail: { port: 587 } }], deep: true }
- use: log.write
  with: { message: "{{ steps.options.result.mail.host }}:{{ steps.options.result.mail.port }}" }
"#;

const DEEPEST: usize = 100;

async fn merge(cx: &StepContext, settings: Merge) -> Result<Merged, NodeError> {
    cx.blocking(move || {
        let mut merged = Value::from_pairs(std::iter::empty::<(Value, Value)>());
        for map in &settings.maps {
            if map.0.is_none() || map.0.is_undefined() {
                continue;
            }
            let map = super::wanted("maps", map.0.clone())?;
            merged = settings.both(&merged, &map, &mut Vec::new())?;
        }
        Ok(Merged {
            count: merged.len().unwrap_or_default(),
            result: Any(merged),
        })
    })
    .await
}

impl Merge {
    fn both(&self, a: &Value, b: &Value, path: &mut Vec<String>) -> Result<Value, NodeError> {
        let mut merged: IndexMap<String, Value> = pairs(a)
            .map(|(key, value)| (key.to_string(), value))
            .collect();
        for (key, new) in pairs(b) {
            let key = key.to_string();
            let value = match merged.get(&key) {
                None => new,
                Some(old) => {
                    path.push(key.clone());
                    let value = self.one(old, &new, path)?;
                    path.pop();
                    value
                }
            };
            merged.insert(key, value);
        }
        Ok(Value::from_pairs(merged))
    }

    fn one(&self, old: &Value, new: &Value, path: &mut Vec<String>) -> Result<Value, NodeError> {
        match (old.kind(), new.kind()) {
            (ValueKind::Map, ValueKind::Map) if self.deep => {
                if path.len() > DEEPEST {
                    return Err(NodeError::invalid(format!(
                        "maps stand in each other deeper than {DEEPEST} levels"
                    )));
                }
                self.both(old, new, path)
            }
            (ValueKind::Seq, ValueKind::Seq) if self.deep && self.lists == Lists::Append => {
                let both = old.try_iter().into_iter().flatten();
                Ok(both.chain(new.try_iter().into_iter().flatten()).collect())
            }
            _ => match self.keep {
                Keep::Last => Ok(new.clone()),
                Keep::First => Ok(old.clone()),
                Keep::Fail if old == new => Ok(old.clone()),
                Keep::Fail => Err(NodeError::conflict(format!(
                    "`{}` has different values in two of the maps",
                    path.join(".")
                ))
                .permanent()),
            },
        }
    }
}

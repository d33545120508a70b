use crate::data::written::written;
use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use indexmap::IndexMap;
use minijinja::value::ValueKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{data::path, list::items::Items};

/// Makes a map: of names and values, of pairs, or of a list of keys and one of values.
///
/// Give `values`; or `pairs`; or `keys` and `items`. Of equal keys the last one counts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    /// Names and values.
    values: Option<IndexMap<String, Any>>,
    /// A list of pairs: `[[DE, Germany]]`, or `[{ key: DE, value: Germany }]`.
    #[serde(default)]
    pairs: Any,
    /// The keys.
    #[serde(default)]
    keys: Any,
    /// The values that belong to `keys`, one each.
    #[serde(default)]
    items: Any,
    /// Whether empty values are left out.
    #[serde(default)]
    skip_empty: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Created {
    /// The map.
    result: Any,
    /// How many keys it has.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("map.create", create)
        .pure()
        .icon("braces")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: person
  use: map.create
  with: { values: { name: Ada, mail: ada@example.com, phone: "" }, skip_empty: true }
- use: log.write
  with: { message: "{{ steps.person.result.name }}" }
"#;

async fn create(cx: &StepContext, settings: Create) -> Result<Created, NodeError> {
    cx.blocking(move || {
        let has_pairs = !settings.pairs.0.is_undefined();
        let has_keys = !settings.keys.0.is_undefined();
        let pairs: Vec<(String, Value)> = match settings.values {
            Some(values) if !has_pairs && !has_keys => values
                .into_iter()
                .map(|(key, value)| (key, value.0))
                .collect(),
            None if has_pairs && !has_keys => Items::of("pairs", settings.pairs.0)?
                .collect()?
                .iter()
                .enumerate()
                .map(|(index, item)| pair(index, item))
                .collect::<Result<_, _>>()?,
            None if has_keys && !has_pairs => of_lists(settings.keys.0, settings.items.0)?,
            _ => {
                return Err(NodeError::invalid(
                    "give one of `values`, `pairs`, or `keys` with `items`",
                ));
            }
        };
        let map: IndexMap<String, Value> = pairs
            .into_iter()
            .filter(|(_, value)| !(settings.skip_empty && crate::data::rules::is_empty(value)))
            .collect();
        Ok(Created {
            count: map.len(),
            result: Any(Value::from_pairs(map)),
        })
    })
    .await
}

fn of_lists(keys: Value, items: Value) -> Result<Vec<(String, Value)>, NodeError> {
    let keys = Items::of("keys", keys)?.collect()?;
    let values = Items::of("items", items)?.collect()?;
    if keys.len() != values.len() {
        return Err(NodeError::invalid(format!(
            "there are {} keys and {} items",
            keys.len(),
            values.len()
        )));
    }
    Ok(keys.iter().map(written).zip(values).collect())
}

fn pair(index: usize, item: &Value) -> Result<(String, Value), NodeError> {
    let found = match item.kind() {
        ValueKind::Map => path::key(item, "key").zip(path::key(item, "value")),
        ValueKind::Seq if item.len() == Some(2) => item
            .get_item_by_index(0)
            .ok()
            .zip(item.get_item_by_index(1).ok()),
        _ => None,
    };
    found
        .map(|(key, value)| (written(&key), value))
        .ok_or_else(|| {
            NodeError::invalid(format!("setting `pairs`: item {} is no pair", index + 1))
                .with_help("write pairs as `[key, value]` or `{ key: …, value: … }`")
        })
}

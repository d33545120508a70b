use crate::data::written::written;
use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{formula::Formula, items::Items};
use crate::data::path::KeyPath;

/// Counts the items of a list: all, those that meet a condition, and how often each value occurs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Count {
    /// The list; a stream is read once.
    items: Any,
    /// A condition over `item`, such as `item.total > 100`; every item counts if not set.
    #[serde(rename = "where")]
    condition: Option<String>,
    /// More names for the condition.
    #[serde(default)]
    given: IndexMap<String, Any>,
    /// A field whose values are counted one by one, such as `country`.
    by: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Counted {
    /// How many there are.
    result: usize,
    /// Whether there are none.
    empty: bool,
    /// How often each value of the field `by` occurs, the most frequent first.
    values: IndexMap<String, usize>,
}

pub(super) fn node() -> Node {
    Node::action("list.count", count)
        .pure()
        .icon("hash")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: orders
  use: list.count
  with: { items: [{ country: DE }, { country: FR }, { country: DE }], by: country }
- use: log.write
  with: { message: "{{ steps.orders.values.DE }} of {{ steps.orders.result }} from Germany" }
"#;

/// More different values are a mistake: an id rather than a kind.
const MOST_VALUES: usize = 100_000;

async fn count(cx: &StepContext, settings: Count) -> Result<Counted, NodeError> {
    cx.blocking(move || {
        let condition = settings.condition.as_deref();
        let condition = condition.map(|text| Formula::new("where", text, &settings.given));
        let condition = condition.transpose()?;
        let by = settings
            .by
            .as_deref()
            .map(|field| KeyPath::new("by", field));
        let by = by.transpose()?;
        let mut values: IndexMap<String, usize> = IndexMap::new();
        let mut result = 0;
        for (index, item) in Items::of("items", settings.items.0)?.iter()?.enumerate() {
            let item = item?;
            let counts = match &condition {
                Some(condition) => condition.value(index, &item)?.is_true(),
                None => true,
            };
            if !counts {
                continue;
            }
            result += 1;
            if let Some(by) = &by {
                let value = by.get(&item).unwrap_or_else(|| Value::from(()));
                *values.entry(written(&value)).or_default() += 1;
                if values.len() > MOST_VALUES {
                    return Err(NodeError::invalid(format!(
                        "`{}` has more than {MOST_VALUES} different values",
                        by.written()
                    )));
                }
            }
        }
        values.sort_by(|_, a, _, b| b.cmp(a));
        Ok(Counted {
            result,
            empty: result == 0,
            values,
        })
    })
    .await
}

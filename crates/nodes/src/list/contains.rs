use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    condition::{Condition, Is},
    items::Items,
};
use crate::data::path::KeyPath;

/// Says whether a value is in a list, and where.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Contains {
    /// The list.
    items: Any,
    /// The value. A number and the text that is written like it are the same.
    value: Any,
    /// What of each item is compared, such as `customer.email`; the whole item if not set.
    field: Option<String>,
    /// Whether small and capital letters, and accents, make no difference.
    #[serde(default)]
    ignore_case: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Found {
    /// Whether it is there.
    result: bool,
    /// The place of the first one, counted from 0; -1 if there is none.
    index: i64,
    /// The first item with it; none if there is none.
    item: Any,
    /// How many items have it.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("list.contains", contains)
        .pure()
        .icon("search-check")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: known
  use: list.contains
  with: { items: [{ email: ada@example.com }], field: email, value: ADA@example.com, ignore_case: true }
- use: log.write
  with: { message: "known: {{ steps.known.result }}" }
"#;

async fn contains(cx: &StepContext, settings: Contains) -> Result<Found, NodeError> {
    cx.blocking(move || {
        let field = settings
            .field
            .as_deref()
            .map(|field| KeyPath::new("field", field));
        let field = field.transpose()?;
        let wanted = Condition::new(Is::Equals, settings.value.0, settings.ignore_case)?;
        let mut found = Found {
            result: false,
            index: -1,
            item: Any(Value::from(())),
            count: 0,
        };
        for (index, item) in Items::of("items", settings.items.0)?.iter()?.enumerate() {
            let item = item?;
            let value = match &field {
                Some(field) => field.get(&item).unwrap_or_else(|| Value::from(())),
                None => item.clone(),
            };
            if wanted.holds(&value)? {
                if !found.result {
                    found.result = true;
                    found.index = index as i64;
                    found.item = Any(item);
                }
                found.count += 1;
            }
        }
        Ok(found)
    })
    .await
}

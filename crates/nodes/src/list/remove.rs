use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    condition::{Condition, Is},
    items::Items,
};
use crate::data::path;

/// Removes items from a list: the one at a place, or those with a value.
///
/// To remove by a condition, see `list.filter`, which also says what it removed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Remove {
    /// The list.
    items: Any,
    /// The place of the item, counted from 0; with a minus from the end.
    at: Option<i64>,
    /// The value of the items.
    #[serde(default)]
    value: Any,
    /// Whether only the first item with the value is removed.
    #[serde(default)]
    first_only: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Removed {
    /// The list without them.
    result: Vec<Any>,
    /// What was removed.
    removed: Vec<Any>,
    /// How many items are left.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("list.remove", remove)
        .pure()
        .icon("list-minus")
        .fails(ErrorKind::NotFound, "The list has no item `at` this place.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: open
  use: list.remove
  with: { items: [INV-1, INV-2, INV-3], value: INV-2 }
- use: log.write
  with: { message: "{{ steps.open.count }} are open" }
"#;

async fn remove(cx: &StepContext, settings: Remove) -> Result<Removed, NodeError> {
    cx.blocking(move || {
        let items = Items::of("items", settings.items.0)?.collect()?;
        let has_value = !settings.value.0.is_undefined();
        let mut removed = Vec::new();
        let mut result = Vec::new();
        match settings.at {
            Some(at) if !has_value => {
                let length = items.len();
                let list = Value::from(items.clone());
                let index = path::index(&list, at).ok_or_else(|| {
                    NodeError::not_found(format!("the list of {length} has no item {at}"))
                })?;
                for (place, item) in items.into_iter().enumerate() {
                    if place == index {
                        &mut removed
                    } else {
                        &mut result
                    }
                    .push(Any(item));
                }
            }
            None if has_value => {
                let unwanted = Condition::new(Is::Equals, settings.value.0, false)?;
                for item in items {
                    let goes =
                        (removed.is_empty() || !settings.first_only) && unwanted.holds(&item)?;
                    if goes { &mut removed } else { &mut result }.push(Any(item));
                }
            }
            _ => return Err(NodeError::invalid("give either `at` or `value`")),
        }
        Ok(Removed {
            count: result.len(),
            result,
            removed,
        })
    })
    .await
}

use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Value, value::Stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::items::Items;

/// Adds an item, or all items of another list, to a list.
///
/// The list itself stays as it is: the result is a new one. To a stream things are added at its
/// end only, and the result is a stream.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Add {
    /// The list.
    items: Any,
    /// The item to add.
    #[serde(default)]
    item: Any,
    /// A list whose items are added, one by one.
    #[serde(default)]
    all: Any,
    /// Where: the place, counted from 0, that the first added item has afterwards; with a minus
    /// from the end. At the end if not set.
    at: Option<i64>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Added {
    /// The new list.
    result: Any,
    /// How many items it has; none for a stream.
    count: Option<usize>,
}

pub(super) fn node() -> Node {
    Node::action("list.add", add)
        .pure()
        .icon("list-plus")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: guests
  use: list.add
  with: { items: [Ada, Grace], item: Margaret }
- use: log.write
  with: { message: "{{ steps.guests.count }} guests" }
"#;

async fn add(cx: &StepContext, settings: Add) -> Result<Added, NodeError> {
    cx.blocking(move || {
        let items = Items::of("items", settings.items.0)?;
        let new = match (settings.item.0, settings.all.0) {
            (item, all) if all.is_undefined() && !item.is_undefined() => {
                Items::of("item", Value::from(vec![item]))?
            }
            (item, all) if item.is_undefined() && !all.is_undefined() => Items::of("all", all)?,
            _ => return Err(NodeError::invalid("give either `item` or `all`")),
        };
        if items.is_stream() || new.is_stream() {
            if settings.at.is_some() {
                return Err(NodeError::invalid(
                    "setting `at`: a stream takes items at its end only",
                ));
            }
            return Ok(Added {
                result: Any(chained(items, new)),
                count: None,
            });
        }
        let mut list = items.collect()?;
        let length = list.len();
        let at = match settings.at {
            None => length,
            Some(at) => place(at, length).ok_or_else(|| {
                NodeError::invalid(format!(
                    "setting `at`: {at} is outside the list, which has {length} items"
                ))
            })?,
        };
        list.splice(at..at, new.collect()?);
        Ok(Added {
            count: Some(list.len()),
            result: Any(Value::from(list)),
        })
    })
    .await
}

fn place(at: i64, length: usize) -> Option<usize> {
    let place = if at < 0 {
        length.checked_sub(usize::try_from(at.unsigned_abs()).ok()?)?
    } else {
        usize::try_from(at).ok()?
    };
    (place <= length).then_some(place)
}

fn chained(first: Items, then: Items) -> Value {
    Stream::value("items and what was added", move || {
        let words = |error: NodeError| error.to_string();
        let both = first
            .iter()
            .map_err(words)?
            .chain(then.iter().map_err(words)?);
        Ok(Box::new(both.map(move |item| item.map_err(words))))
    })
}

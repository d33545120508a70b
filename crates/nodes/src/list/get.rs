use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::items::Items;
use crate::data::path::KeyPath;

/// Takes one item out of a list by its place.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Get {
    /// The list.
    items: Any,
    /// The place, counted from 0; with a minus from the end: -1 is the last.
    #[serde(default)]
    at: i64,
    /// What of the item is wanted, such as `customer.email`; the whole item if not set.
    field: Option<String>,
    /// The result where there is no such item. If not set, that is an error.
    #[serde(default)]
    default: Any,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Got {
    /// The item.
    result: Any,
    /// Whether there is one.
    found: bool,
}

pub(super) fn node() -> Node {
    Node::action("list.get", get)
        .pure()
        .icon("list-start")
        .fails(
            ErrorKind::NotFound,
            "The list has no such item, or the item no such field, and there is no `default`.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: last
  use: list.get
  with: { items: [{ name: Ada }, { name: Grace }], at: -1, field: name }
- use: log.write
  with: { message: "{{ steps.last.result }}" }
"#;

async fn get(cx: &StepContext, settings: Get) -> Result<Got, NodeError> {
    cx.blocking(move || {
        let field = settings
            .field
            .as_deref()
            .map(|field| KeyPath::new("field", field));
        let field = field.transpose()?;
        let items = Items::of("items", settings.items.0)?;
        let item = item(&items, settings.at)?;
        let found = match (&item, &field) {
            (Some(item), Some(field)) => field.get(item),
            _ => item.clone(),
        };
        if let Some(found) = found {
            return Ok(Got {
                result: Any(found),
                found: true,
            });
        }
        if settings.default.0.is_undefined() {
            let what = match (&item, &field) {
                (Some(_), Some(field)) => {
                    format!("item {} has no `{}`", settings.at, field.written())
                }
                _ => format!("the list has no item {}", settings.at),
            };
            return Err(NodeError::not_found(what)
                .with_help("places count from 0; set `default` to go on without the item"));
        }
        Ok(Got {
            result: settings.default,
            found: false,
        })
    })
    .await
}

fn item(items: &Items, at: i64) -> Result<Option<Value>, NodeError> {
    if let Ok(at) = usize::try_from(at) {
        return items.iter()?.nth(at).transpose();
    }
    let all = items.collect()?;
    let back = usize::try_from(at.unsigned_abs()).unwrap_or(usize::MAX);
    Ok(all
        .len()
        .checked_sub(back)
        .and_then(|index| all.get(index).cloned()))
}

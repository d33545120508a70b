use std::cmp::Ordering;

use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{chooser::Chooser, items::Items};
use crate::data::order::{Order, SortKey};

/// Sorts a list by its items, by one or more of their fields, or by an expression.
///
/// Items that are equal keep their order. What is empty comes last, also in descending order.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Sort {
    /// The list.
    items: Any,
    /// What to sort by: a field (`total`), or several, the most important first. For a direction of
    /// its own, `{ field: total, descending: true }`. The items themselves if not set.
    #[serde(default)]
    by: By,
    /// Whether the largest comes first.
    #[serde(default)]
    descending: bool,
    /// How values are compared.
    #[serde(default)]
    order: Order,
    /// How many items are kept at most, from the beginning: the top ten, say.
    limit: Option<usize>,
    /// More names for expressions.
    #[serde(default)]
    given: IndexMap<String, Any>,
}

/// One field or several.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(untagged)]
enum By {
    /// The items themselves.
    #[default]
    Items,
    /// Several, the most important first.
    Several(Vec<Key>),
    /// One.
    One(Key),
}

/// Something to sort by.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Key {
    /// A field.
    Field(String),
    /// A field or an expression, with a direction and order of its own.
    Detailed(Detailed),
}

/// A field or an expression, with a direction and order of its own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Detailed {
    /// The field, such as `customer.name`.
    field: Option<String>,
    /// Or an expression over `item`, such as `item.price * item.count`.
    expression: Option<String>,
    /// Whether the largest comes first; as the list's `descending` if not set.
    descending: Option<bool>,
    /// How values are compared; as the list's `order` if not set.
    order: Option<Order>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Sorted {
    /// The sorted list.
    result: Vec<Any>,
    /// How many items it has.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("list.sort", sort)
        .pure()
        .icon("arrow-down-a-z")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: ranking
  use: list.sort
  with:
    items: [{ name: Ada, total: 80 }, { name: Grace, total: 250 }, { name: Zoe, total: 80 }]
    by: [{ field: total, descending: true }, name]
- use: log.write
  with: { message: "{{ steps.ranking.result[0].name }} comes first" }
"#;

struct Criterion {
    chooser: Chooser,
    descending: bool,
    order: Order,
}

async fn sort(cx: &StepContext, settings: Sort) -> Result<Sorted, NodeError> {
    cx.blocking(move || {
        let criteria = criteria(&settings)?;
        let items = Items::of("items", settings.items.0)?.collect()?;
        let mut keyed = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let keys: Vec<SortKey> = criteria
                .iter()
                .map(|one| Ok(SortKey::of(&one.chooser.of(index, &item)?, one.order)))
                .collect::<Result<_, NodeError>>()?;
            keyed.push((keys, item));
        }
        keyed.sort_by(|(a, _), (b, _)| {
            a.iter()
                .zip(b)
                .zip(&criteria)
                .map(|((a, b), one)| a.compare(b, one.descending))
                .find(|order| *order != Ordering::Equal)
                .unwrap_or(Ordering::Equal)
        });
        keyed.truncate(settings.limit.unwrap_or(usize::MAX));
        Ok(Sorted {
            count: keyed.len(),
            result: keyed.into_iter().map(|(_, item)| Any(item)).collect(),
        })
    })
    .await
}

fn criteria(settings: &Sort) -> Result<Vec<Criterion>, NodeError> {
    let criterion = |key: &Key| {
        let (field, expression, descending, order) = match key {
            Key::Field(field) => (Some(field), None, None, None),
            Key::Detailed(key) => (
                key.field.as_ref(),
                key.expression.as_ref(),
                key.descending,
                key.order,
            ),
        };
        let expression = ("expression", expression.map(String::as_str));
        Ok(Criterion {
            chooser: Chooser::new(field.map(String::as_str), expression, &settings.given)?,
            descending: descending.unwrap_or(settings.descending),
            order: order.unwrap_or(settings.order),
        })
    };
    match &settings.by {
        By::Items => Ok(vec![Criterion {
            chooser: Chooser::Item,
            descending: settings.descending,
            order: settings.order,
        }]),
        By::One(key) => Ok(vec![criterion(key)?]),
        By::Several(keys) if keys.is_empty() => {
            Err(NodeError::invalid("setting `by` is an empty list"))
        }
        By::Several(keys) => keys.iter().map(criterion).collect(),
    }
}

use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    condition::{Condition, Is},
    formula::Formula,
    items::Items,
};
use crate::data::path::KeyPath;

/// Keeps the items of a list that meet a condition.
///
/// The condition is an expression over `item` and `index` (from 0), written without `{{ }}`:
/// `where: "item.total > 100 and item.country == 'DE'"`. What it needs from elsewhere is handed in
/// with `given`. Or, as a form: `field`, `is` and `value`.
///
/// A stream (such as the rows of a large file) is filtered as it is read: the result is a stream,
/// and memory stays flat.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    /// The list.
    items: Any,
    /// The condition, such as `item.total > limit`.
    #[serde(rename = "where")]
    condition: Option<String>,
    /// More names for the condition, such as `{ limit: "{{ vars.limit }}" }`.
    #[serde(default)]
    given: IndexMap<String, Any>,
    /// What of each item is looked at, such as `customer.country`; the whole item if not set.
    field: Option<String>,
    /// What has to be true of it.
    is: Option<Is>,
    /// What it is compared with.
    #[serde(default)]
    value: Any,
    /// Whether small and capital letters, and accents, make no difference.
    #[serde(default)]
    ignore_case: bool,
    /// How many items are kept at most, from the beginning.
    limit: Option<usize>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Filtered {
    /// The items that meet the condition.
    result: Any,
    /// The items that do not.
    removed: Any,
    /// How many meet it; none for a stream.
    count: Option<usize>,
}

pub(super) fn node() -> Node {
    Node::action("list.filter", filter)
        .pure()
        .icon("list-filter")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: large
  use: list.filter
  with:
    items: [{ number: INV-1, total: 80 }, { number: INV-2, total: 250 }]
    where: item.total > limit
    given: { limit: 100 }
- use: log.write
  with: { message: "{{ steps.large.count }} are large" }
"#;

#[derive(Clone)]
enum Chosen {
    Formula(Formula),
    Condition(Option<KeyPath>, Condition),
}

impl Chosen {
    fn keeps(&self, index: usize, item: &Value) -> Result<bool, NodeError> {
        match self {
            Self::Formula(formula) => formula.value(index, item).map(|value| value.is_true()),
            Self::Condition(None, condition) => condition.holds(item),
            Self::Condition(Some(field), condition) => {
                let value = field.get(item).unwrap_or_else(|| Value::from(()));
                condition
                    .holds(&value)
                    .map_err(|error| NodeError::invalid(format!("item {}: {error}", index + 1)))
            }
        }
    }
}

async fn filter(cx: &StepContext, settings: Filter) -> Result<Filtered, NodeError> {
    cx.blocking(move || filtered(settings)).await
}

fn filtered(settings: Filter) -> Result<Filtered, NodeError> {
    let is_form = settings.field.is_some() || settings.is.is_some();
    let chosen = match &settings.condition {
        Some(text) if !is_form => Chosen::Formula(Formula::new("where", text, &settings.given)?),
        None if is_form => {
            let field = settings
                .field
                .as_deref()
                .map(|field| KeyPath::new("field", field));
            let is = settings.is.unwrap_or_default();
            let condition = Condition::new(is, settings.value.0, settings.ignore_case)?;
            Chosen::Condition(field.transpose()?, condition)
        }
        Some(_) => {
            return Err(NodeError::invalid(
                "both `where` and `field` or `is` are set: one condition is meant",
            ));
        }
        None => {
            return Err(NodeError::invalid("there is no condition")
                .with_help("give `where: \"item.total > 100\"`, or `field`, `is` and `value`"));
        }
    };
    let items = Items::of("items", settings.items.0)?;
    if items.is_stream() {
        return Ok(lazily(&items, chosen, settings.limit));
    }
    let limit = settings.limit.unwrap_or(usize::MAX);
    let (mut kept, mut removed) = (Vec::new(), Vec::new());
    for (index, item) in items.iter()?.enumerate() {
        let item = item?;
        let keep = kept.len() < limit && chosen.keeps(index, &item)?;
        if keep { &mut kept } else { &mut removed }.push(item);
    }
    Ok(Filtered {
        count: Some(kept.len()),
        result: Any(Value::from(kept)),
        removed: Any(Value::from(removed)),
    })
}

fn lazily(items: &Items, chosen: Chosen, limit: Option<usize>) -> Filtered {
    let other = chosen.clone();
    let kept = items.lazily("filtered items", move |index, item| {
        Ok(chosen.keeps(index, &item)?.then_some(item))
    });
    let kept = match limit {
        Some(limit) => casare_workflow::value::Stream::value("filtered items", move || {
            let items = Items::of("items", kept.clone()).map_err(|error| error.to_string())?;
            let items = items.iter().map_err(|error| error.to_string())?;
            Ok(Box::new(
                items
                    .take(limit)
                    .map(|item| item.map_err(|error| error.to_string())),
            ))
        }),
        None => kept,
    };
    let removed = items.lazily("items that were left out", move |index, item| {
        Ok((!other.keeps(index, &item)?).then_some(item))
    });
    Filtered {
        result: Any(kept),
        removed: Any(removed),
        count: None,
    }
}

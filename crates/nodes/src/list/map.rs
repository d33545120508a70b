use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{formula::Formula, items::Items};
use crate::data::path::KeyPath;

/// Makes a new list of what becomes of each item.
///
/// `to` is an expression over `item` and `index` (from 0), written without `{{ }}`:
/// `item.price * item.count`, `item.name | trim | upper`. With `field` alone, the field of each
/// item is taken. With `set`, items are maps that get new fields, each by an expression.
///
/// A stream is changed as it is read: the result is a stream, and memory stays flat.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Map {
    /// The list.
    items: Any,
    /// What becomes of each item, such as `item.price * item.count`.
    to: Option<String>,
    /// What of each item is taken, such as `customer.email`; none where it is not there.
    field: Option<String>,
    /// Fields that each item gets besides its own, by expressions:
    /// `{ total: "item.price * item.count" }`. A later one can use those before it.
    #[serde(default)]
    set: IndexMap<String, String>,
    /// More names for the expressions, such as `{ rate: "{{ vars.rate }}" }`.
    #[serde(default)]
    given: IndexMap<String, Any>,
    /// Whether results that are empty are left out.
    #[serde(default)]
    skip_empty: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Mapped {
    /// The new list.
    result: Any,
    /// How many items it has; none for a stream.
    count: Option<usize>,
}

pub(super) fn node() -> Node {
    Node::action("list.map", map)
        .pure()
        .icon("list-restart")
        .fails(
            ErrorKind::NotFound,
            "`set` leads to an item that its list does not have.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: lines
  use: list.map
  with:
    items: [{ price: 2.5, count: 4 }, { price: 10, count: 1 }]
    set: { total: "item.price * item.count" }
- use: log.write
  with: { message: "{{ steps.lines.result[0].total }}" }
"#;

#[derive(Clone)]
enum Change {
    To(Formula),
    Field(KeyPath),
    Set(Vec<(KeyPath, Formula)>),
}

impl Change {
    fn of(settings: &Map) -> Result<Self, NodeError> {
        match (&settings.to, &settings.field, settings.set.is_empty()) {
            (Some(to), None, true) => Formula::new("to", to, &settings.given).map(Self::To),
            (None, Some(field), true) => KeyPath::new("field", field).map(Self::Field),
            (None, None, false) => settings
                .set
                .iter()
                .map(|(field, text)| {
                    let path = KeyPath::new("set", field)?;
                    Ok((path, Formula::new("set", text, &settings.given)?))
                })
                .collect::<Result<_, NodeError>>()
                .map(Self::Set),
            _ => Err(NodeError::invalid("give one of `to`, `field` and `set`")
                .with_help("such as `to: \"item.name | upper\"`")),
        }
    }

    fn apply(&self, index: usize, item: Value) -> Result<Value, NodeError> {
        match self {
            Self::To(formula) => formula.value(index, &item),
            Self::Field(field) => Ok(field.get(&item).unwrap_or_else(|| Value::from(()))),
            Self::Set(fields) => fields.iter().try_fold(item, |item, (field, formula)| {
                field.set(&item, formula.value(index, &item)?)
            }),
        }
    }
}

async fn map(cx: &StepContext, settings: Map) -> Result<Mapped, NodeError> {
    cx.blocking(move || {
        let change = Change::of(&settings)?;
        let skip_empty = settings.skip_empty;
        let items = Items::of("items", settings.items.0)?;
        let change = move |index, item| {
            let value = change.apply(index, item)?;
            Ok((!(skip_empty && super::condition::is_empty(&value))).then_some(value))
        };
        if items.is_stream() {
            return Ok(Mapped {
                result: Any(items.lazily("changed items", change)),
                count: None,
            });
        }
        let mut result = Vec::new();
        for (index, item) in items.iter()?.enumerate() {
            result.extend(change(index, item?)?);
        }
        Ok(Mapped {
            count: Some(result.len()),
            result: Any(Value::from(result)),
        })
    })
    .await
}

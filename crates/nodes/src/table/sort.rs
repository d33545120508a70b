use std::{cmp::Ordering, sync::Arc};

use casare_engine::{Node, NodeError, StepContext};
use casare_files::rows::{Cell, Row};
use casare_workflow::{Any, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    number,
    source::{Source, Table, stop_if},
};
use crate::data::order::{Order, SortKey};

/// Sorts the rows of a table by one or more columns.
///
/// Rows that are equal keep their order. What is empty comes last, also in descending order. All
/// rows are held in memory; with `limit`, only as many as are wanted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Sort {
    /// The rows.
    rows: Any,
    /// The column, or several, the most important first. For a direction of its own,
    /// `{ column: total, descending: true }`.
    by: By,
    /// Whether the largest comes first.
    #[serde(default)]
    descending: bool,
    /// How cells are compared.
    #[serde(default)]
    order: Order,
    /// How many rows are kept, from the beginning: the top ten, say.
    limit: Option<usize>,
}

/// One column or several.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum By {
    /// Several, the most important first.
    Several(Vec<One>),
    /// One.
    One(One),
}

/// Something to sort by.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum One {
    /// A column.
    Column(String),
    /// A column with a direction and order of its own.
    Detailed(Detailed),
}

/// A column with a direction and order of its own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Detailed {
    /// The column.
    column: String,
    /// Whether the largest comes first; as the table's `descending` if not set.
    descending: Option<bool>,
    /// How cells are compared; as the table's `order` if not set.
    order: Option<Order>,
}

pub(super) fn node() -> Node {
    Node::action("table.sort", sort)
        .pure()
        .icon("arrow-down-a-z")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: orders
  use: csv.read
  with: { path: orders.csv }
- id: ranking
  use: table.sort
  with:
    rows: "{{ steps.orders.rows }}"
    by: [{ column: total, descending: true }, customer]
- use: log.write
  with: { message: "{{ steps.ranking.rows[0].customer }} ordered most" }
"#;

struct Criterion {
    position: usize,
    descending: bool,
    order: Order,
}

async fn sort(cx: &StepContext, settings: Sort) -> Result<Table, NodeError> {
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let source = Source::of("rows", settings.rows.0.clone())?;
        let criteria = criteria(&settings, &source)?;
        let limit = settings.limit.unwrap_or(usize::MAX);
        let by_all = |a: &(Vec<SortKey>, Arc<Row>), b: &(Vec<SortKey>, Arc<Row>)| {
            let pairs = a.0.iter().zip(&b.0).zip(&criteria);
            pairs
                .map(|((a, b), one)| a.compare(b, one.descending))
                .find(|order| *order != Ordering::Equal)
                .unwrap_or(Ordering::Equal)
        };
        let mut keyed = Vec::new();
        for (index, row) in source.rows()?.enumerate() {
            let row = row?;
            let keys = criteria
                .iter()
                .map(|one| key(row.look(one.position), one.order));
            keyed.push((keys.collect(), row));
            // Sorting now and then keeps the first ones, and no more memory than twice theirs.
            if limit < usize::MAX / 4 && keyed.len() >= 2 * limit + 1024 {
                keyed.sort_by(by_all);
                keyed.truncate(limit);
            }
            stop_if(&cancel, index + 1)?;
        }
        keyed.sort_by(by_all);
        keyed.truncate(limit);
        let rows = keyed
            .into_iter()
            .map(|(_, row)| Value::from_dyn_object(row));
        Ok(Table::of(source.header(), rows.collect()))
    })
    .await
}

fn key(cell: Cell<'_>, order: Order) -> SortKey {
    if order == Order::Natural
        && let Some(number) = number::read(cell)
    {
        return SortKey::Number(number.as_float());
    }
    SortKey::of(&cell.to_value(), order)
}

fn criteria(settings: &Sort, source: &Source) -> Result<Vec<Criterion>, NodeError> {
    let criterion = |one: &One| {
        let (column, descending, order) = match one {
            One::Column(column) => (column, None, None),
            One::Detailed(one) => (&one.column, one.descending, one.order),
        };
        Ok(Criterion {
            position: source.position("by", column)?,
            descending: descending.unwrap_or(settings.descending),
            order: order.unwrap_or(settings.order),
        })
    };
    match &settings.by {
        By::One(one) => Ok(vec![criterion(one)?]),
        By::Several(several) if several.is_empty() => {
            Err(NodeError::invalid("setting `by` names no column"))
        }
        By::Several(several) => several.iter().map(criterion).collect(),
    }
}

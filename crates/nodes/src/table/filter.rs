use std::sync::Arc;

use casare_engine::{Node, NodeError, StepContext};
use casare_files::rows::Row;
use casare_workflow::{Any, Value};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::source::{Source, Table};
use crate::list::{
    condition::{Condition, Is},
    formula::Formula,
};

/// Keeps the rows of a table that meet conditions.
///
/// Either `where`, an expression over `row` and `index` (from 0) that is written without `{{ }}`:
/// `where: "row.total > 100 and row.country == 'DE'"`; or, as a form, one or more `conditions`.
/// Cells of a CSV file are texts unless it is read with `numbers: true`; the conditions of the form
/// compare numeric texts as numbers.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    /// The rows.
    rows: Any,
    /// The condition, such as `row.total > limit`.
    #[serde(rename = "where")]
    condition: Option<String>,
    /// More names for the condition, such as `{ limit: "{{ vars.limit }}" }`.
    #[serde(default)]
    given: IndexMap<String, Any>,
    /// Conditions on columns, such as `{ column: total, is: greater_than, value: 100 }`.
    #[serde(default)]
    conditions: Vec<OnColumn>,
    /// Whether all conditions have to hold, or any one of them.
    #[serde(default, rename = "match")]
    matching: Matching,
    /// Whether small and capital letters, and accents, make no difference to `conditions`.
    #[serde(default)]
    ignore_case: bool,
    /// Whether the rows that meet the conditions are left out, and the others kept.
    #[serde(default)]
    invert: bool,
    /// How many rows are kept at most, from the beginning.
    limit: Option<usize>,
}

/// A condition on a column.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OnColumn {
    /// The column.
    column: String,
    /// What has to be true of its cell.
    #[serde(default)]
    is: Is,
    /// What it is compared with.
    #[serde(default)]
    value: Any,
}

/// How many conditions have to hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Matching {
    /// All of them.
    #[default]
    All,
    /// One of them is enough.
    Any,
}

pub(super) fn node() -> Node {
    Node::action("table.filter", filter)
        .pure()
        .icon("list-filter")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: orders
  use: csv.read
  with: { path: orders.csv, numbers: true }
- id: large
  use: table.filter
  with:
    rows: "{{ steps.orders.rows }}"
    where: row.total > limit
    given: { limit: 100 }
- use: log.write
  with: { message: "{{ steps.large.count }} are large" }
"#;

#[derive(Clone)]
enum Test {
    Formula(Formula),
    Conditions(Vec<(usize, String, Condition)>, Matching),
}

impl Test {
    fn holds(&self, index: usize, row: &Arc<Row>) -> Result<bool, NodeError> {
        match self {
            Self::Formula(formula) => {
                let value = Value::from_dyn_object(row.clone());
                let found = formula.value_with(index, &value, Some(("row", &value)))?;
                Ok(found.is_true())
            }
            Self::Conditions(conditions, matching) => {
                for (position, column, condition) in conditions {
                    let holds = condition.holds(&row.cell(*position)).map_err(|error| {
                        NodeError::invalid(format!("row {}, column `{column}`: {error}", index + 1))
                    })?;
                    if holds != (*matching == Matching::All) {
                        return Ok(holds);
                    }
                }
                Ok(*matching == Matching::All)
            }
        }
    }
}

async fn filter(cx: &StepContext, settings: Filter) -> Result<Table, NodeError> {
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let source = Source::of("rows", settings.rows.0.clone())?;
        let test = test(&settings, &source)?;
        let (invert, limit) = (settings.invert, settings.limit.unwrap_or(usize::MAX));
        let header = source.header().clone();
        let kind = (source.is_stream(), "filtered rows");
        Table::passing(&header, kind, &cancel, move || {
            let test = test.clone();
            let kept = source.rows()?.enumerate().filter_map(move |(index, row)| {
                let row = match row {
                    Ok(row) => row,
                    Err(error) => return Some(Err(error)),
                };
                match test.holds(index, &row) {
                    Ok(holds) => (holds != invert).then_some(Ok(row)),
                    Err(error) => Some(Err(error)),
                }
            });
            Ok(kept.take(limit))
        })
    })
    .await
}

fn test(settings: &Filter, source: &Source) -> Result<Test, NodeError> {
    match (&settings.condition, settings.conditions.is_empty()) {
        (Some(text), true) => Formula::new("where", text, &settings.given).map(Test::Formula),
        (None, false) => {
            let conditions = settings.conditions.iter().map(|one| {
                let position = source.position("conditions", &one.column)?;
                let condition = Condition::new(one.is, one.value.0.clone(), settings.ignore_case)?;
                Ok((position, one.column.clone(), condition))
            });
            let conditions = conditions.collect::<Result<_, NodeError>>()?;
            Ok(Test::Conditions(conditions, settings.matching))
        }
        (Some(_), false) => Err(NodeError::invalid(
            "both `where` and `conditions` are set: one of them is meant",
        )),
        (None, true) => Err(NodeError::invalid("there is no condition")
            .with_help("give `where: \"row.total > 100\"`, or `conditions`")),
    }
}

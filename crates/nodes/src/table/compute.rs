use std::sync::Arc;

use casare_engine::{Node, NodeError, StepContext};
use casare_files::rows::{Header, Place, Row};
use casare_workflow::{Any, Value};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::source::{Source, Table};
use crate::list::formula::Formula;

/// Adds columns to a table that are worked out from others, or works columns out anew.
///
/// Each is an expression over `row` and `index` (from 0) that is written without `{{ }}`:
/// `gross: "row.net * 1.19"`. A later one sees what the earlier ones made. Cells of a CSV file are
/// texts unless it is read with `numbers: true`. A stream stays a stream.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Compute {
    /// The rows.
    rows: Any,
    /// The columns by their names, each an expression such as `row.price * row.quantity`.
    columns: IndexMap<String, String>,
    /// More names for the expressions, such as `{ rate: "{{ vars.rate }}" }`.
    #[serde(default)]
    given: IndexMap<String, Any>,
}

pub(super) fn node() -> Node {
    Node::action("table.compute", compute)
        .pure()
        .icon("square-function")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: orders
  use: csv.read
  with: { path: orders.csv, numbers: true }
- id: gross
  use: table.compute
  with:
    rows: "{{ steps.orders.rows }}"
    columns:
      gross: (row.total * rate) | round(2)
      label: row.number ~ ", " ~ row.customer
    given: { rate: 1.19 }
- use: log.write
  with: { message: "{{ steps.gross.rows[0].gross }}" }
"#;

/// What one expression sees, and makes: a view on the row with one more cell.
struct Stage {
    name: String,
    formula: Formula,
    header: Arc<Header>,
    places: Arc<[Place]>,
}

async fn compute(cx: &StepContext, settings: Compute) -> Result<Table, NodeError> {
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let source = Source::of("rows", settings.rows.0.clone())?;
        let stages: Arc<[Stage]> = stages(&settings, &source)?.into();
        let header = stages
            .last()
            .map_or_else(|| source.header().clone(), |stage| stage.header.clone());
        let kind = (source.is_stream(), "rows with computed columns");
        Table::passing(&header, kind, &cancel, move || {
            let stages = stages.clone();
            let rows = source.rows()?.enumerate();
            Ok(rows.map(move |(index, row)| computed(&stages, index, row?)))
        })
    })
    .await
}

fn stages(settings: &Compute, source: &Source) -> Result<Vec<Stage>, NodeError> {
    let mut names = source.header().names();
    let mut places: Vec<Place> = (0..names.len()).map(Place::First).collect();
    let mut stages = Vec::new();
    for (own, (name, expression)) in settings.columns.iter().enumerate() {
        if let Some(position) = names.iter().position(|known| known == name) {
            places[position] = Place::Own(own);
        } else {
            names.push(name.clone());
            places.push(Place::Own(own));
        }
        stages.push(Stage {
            name: name.clone(),
            formula: Formula::new("columns", expression, &settings.given)?,
            header: Header::exact(names.clone()),
            places: places.as_slice().into(),
        });
    }
    Ok(stages)
}

fn computed(stages: &[Stage], index: usize, row: Arc<Row>) -> Result<Arc<Row>, NodeError> {
    let mut own: Vec<Value> = Vec::with_capacity(stages.len());
    let mut seen = row.clone();
    for stage in stages {
        let value = Value::from_dyn_object(seen);
        let cell = stage
            .formula
            .value_with(index, &value, Some(("row", &value)))
            .map_err(|error| {
                let told = NodeError::invalid(format!("column `{}`: {error}", stage.name));
                match error.help() {
                    Some(help) => told.with_help(help),
                    None => told,
                }
            })?;
        own.push(if cell.is_undefined() {
            Value::from(())
        } else {
            cell
        });
        seen = Arc::new(Row::view(
            stage.header.clone(),
            stage.places.clone(),
            Some(row.clone()),
            None,
            own.clone(),
        ));
    }
    Ok(seen)
}

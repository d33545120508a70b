use std::collections::HashMap;

use casare_engine::{Node, NodeError, StepContext};
use casare_files::rows::{Cell, Header, Row, cell_text};
use casare_workflow::{Any, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    groups::Groups,
    key::{ByKey, Key, Names, write_cell},
    measure::{Aggregate, Measure},
    source::{Source, Table},
};
use crate::data::order::{Order, SortKey};

/// More columns are a mistake, such as a pivot by an amount.
const MOST_COLUMNS: usize = 10_000;

/// Makes a wide table of a long one, as a pivot table of a spreadsheet does.
///
/// Each different cell of `columns` becomes a column, and what stands in it is worked out from the
/// rows that belong there. A stream is read once; only the result is held in memory.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pivot {
    /// The rows.
    rows: Any,
    /// The columns whose cells name the new rows.
    by: Names,
    /// The column whose cells become columns.
    columns: String,
    /// What stands in them: `{ sum: amount }`, `{ first: status }`, `count`, … as in
    /// `table.group`.
    values: Aggregate,
    /// What stands where there is nothing.
    #[serde(default)]
    missing: Any,
    /// Whether the new columns are sorted; otherwise they stand in the order in which they occur.
    #[serde(default = "yes")]
    sort: bool,
}

fn yes() -> bool {
    true
}

pub(super) fn node() -> Node {
    Node::action("table.pivot", pivot)
        .pure()
        .icon("table-columns-split")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: orders
  use: csv.read
  with: { path: orders.csv }
- id: wide
  use: table.pivot
  with:
    rows: "{{ steps.orders.rows }}"
    by: customer
    columns: country
    values: { sum: total }
    missing: 0
- use: log.write
  with: { message: "{{ steps.wide.columns | join(', ') }}" }
"#;

async fn pivot(cx: &StepContext, settings: Pivot) -> Result<Table, NodeError> {
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let source = Source::of("rows", settings.rows.0)?;
        let by = settings.by.as_slice();
        let mut positions = source.positions("by", by)?;
        positions.push(source.position("columns", &settings.columns)?);
        let key = Key {
            positions,
            ignore_case: false,
        };
        let mut groups = Groups::new(key, vec![Measure::new(&settings.values, &source)?]);
        groups.fill(&source, &cancel)?;

        let mut wide = Wide::default();
        for (mut cells, mut results) in groups.results() {
            let title = cells.pop().unwrap_or_default();
            wide.put(cells, &title, results.pop().unwrap_or_default())?;
        }
        let mut order: Vec<usize> = (0..wide.titles.len()).collect();
        if settings.sort {
            let key =
                |at: &usize| SortKey::of(&Value::from(wide.titles[*at].as_str()), Order::Natural);
            order.sort_by(|a, b| key(a).compare(&key(b), false));
        }
        let titles = order.iter().map(|at| wide.titles[*at].clone());
        let header = Header::new(by.iter().cloned().chain(titles));
        let missing = settings.missing.0;
        let missing = if missing.is_undefined() {
            Value::from(())
        } else {
            missing
        };
        let rows = wide.rows.into_iter().map(|(mut cells, mut values)| {
            cells.extend(
                order
                    .iter()
                    .map(|at| values.remove(at).unwrap_or_else(|| missing.clone())),
            );
            Row::of_values(header.clone(), cells)
        });
        Ok(Table::of(&header, rows.collect()))
    })
    .await
}

/// The result, before its columns are in order.
#[derive(Default)]
struct Wide {
    titles: Vec<String>,
    columns: HashMap<String, usize>,
    index: ByKey<usize>,
    /// What names a row, and its values by column.
    rows: Vec<(Vec<Value>, HashMap<usize, Value>)>,
}

impl Wide {
    fn put(&mut self, cells: Vec<Value>, title: &Value, value: Value) -> Result<(), NodeError> {
        let title = cell_text(title);
        let column = if let Some(column) = self.columns.get(&title) {
            *column
        } else {
            if self.titles.len() == MOST_COLUMNS {
                return Err(NodeError::invalid(format!(
                    "setting `columns`: there are more than {MOST_COLUMNS} different cells"
                ))
                .with_help("choose a column with few different cells, such as a month"));
            }
            self.columns.insert(title.clone(), self.titles.len());
            self.titles.push(title);
            self.titles.len() - 1
        };
        let mut key = Vec::new();
        for cell in &cells {
            write_cell(Cell::Value(cell), false, &mut key);
            key.push(0xff);
        }
        let index = *self.index.entry(key.into()).or_insert(self.rows.len());
        if index == self.rows.len() {
            self.rows.push((cells, HashMap::new()));
        }
        self.rows[index].1.insert(column, value);
        Ok(())
    }
}

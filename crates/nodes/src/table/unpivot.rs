use std::{collections::HashSet, sync::Arc};

use casare_engine::{Node, NodeError, StepContext};
use casare_files::rows::{Header, Place, Row};
use casare_workflow::{Any, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    key::Names,
    source::{Source, Table, is_blank},
};

/// Makes a long table of a wide one: a row of each cell, with the name of its column.
///
/// `{ town: Oslo, jan: 3, feb: 5 }` becomes `{ town: Oslo, column: jan, value: 3 }` and
/// `{ town: Oslo, column: feb, value: 5 }`. A stream stays a stream.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Unpivot {
    /// The rows.
    rows: Any,
    /// The columns that each new row keeps.
    #[serde(default)]
    keep: Names,
    /// The columns whose cells become rows; all others if not set.
    #[serde(default)]
    columns: Names,
    /// What the column with the old columns' names is called.
    #[serde(default = "column")]
    name: String,
    /// What the column with the cells is called.
    #[serde(default = "value")]
    value: String,
    /// Whether empty cells become no row.
    #[serde(default)]
    skip_empty: bool,
}

fn column() -> String {
    "column".to_owned()
}

fn value() -> String {
    "value".to_owned()
}

pub(super) fn node() -> Node {
    Node::action("table.unpivot", unpivot)
        .pure()
        .icon("table-rows-split")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: long
  use: table.unpivot
  with:
    rows: [{ town: Oslo, jan: 3, feb: 5 }, { town: Rome, jan: 8, feb: 9 }]
    keep: town
    name: month
    value: days
- use: log.write
  with: { message: "{{ steps.long.rows[1].month }}: {{ steps.long.rows[1].days }}" }
"#;

async fn unpivot(cx: &StepContext, settings: Unpivot) -> Result<Table, NodeError> {
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let source = Source::of("rows", settings.rows.0)?;
        let kept = source.positions("keep", settings.keep.as_slice())?;
        let columns = settings.columns.as_slice();
        let melted = if columns.is_empty() {
            let kept: HashSet<usize> = kept.iter().copied().collect();
            (0..source.header().width())
                .filter(|at| !kept.contains(at))
                .collect()
        } else {
            source.positions("columns", columns)?
        };
        let mut names = settings.keep.as_slice().to_vec();
        for name in [settings.name, settings.value] {
            if names.contains(&name) {
                return Err(
                    NodeError::invalid(format!("two columns would be called `{name}`"))
                        .with_help("choose other names with the settings `name` and `value`"),
                );
            }
            names.push(name);
        }
        let header = Header::exact(names);
        let titles: Arc<[Value]> = melted
            .iter()
            .map(|at| Value::from(source.header().name(*at)))
            .collect();
        // The places of a cell's row: what is kept, the title (its own cell), the cell.
        let places: Arc<[Arc<[Place]>]> = melted
            .iter()
            .map(|at| {
                let kept = kept.iter().map(|kept| Place::First(*kept));
                kept.chain([Place::Own(0), Place::First(*at)]).collect()
            })
            .collect();
        let (names, skip_empty) = (header.clone(), settings.skip_empty);
        let kind = (source.is_stream(), "unpivoted rows");
        Table::passing(&names, kind, &cancel, move || {
            let (header, titles, places) = (header.clone(), titles.clone(), places.clone());
            let melted = melted.clone();
            Ok(source.rows()?.flat_map(move |row| {
                let row = match row {
                    Ok(row) => row,
                    Err(error) => return vec![Err(error)],
                };
                let cells = melted.iter().enumerate();
                let cells = cells.filter(|(_, at)| !skip_empty || !is_blank(row.look(**at)));
                cells
                    .map(|(index, _)| {
                        let (places, title) = (places[index].clone(), titles[index].clone());
                        let row = Some(row.clone());
                        Ok(Arc::new(Row::view(
                            header.clone(),
                            places,
                            row,
                            None,
                            vec![title],
                        )))
                    })
                    .collect()
            }))
        })
    })
    .await
}

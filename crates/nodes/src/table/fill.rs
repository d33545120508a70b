use std::sync::Arc;

use casare_engine::{Node, NodeError, StepContext};
use casare_files::rows::{Place, Row};
use casare_workflow::{Any, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    key::Names,
    source::{Source, Table, is_blank},
};

/// Fills empty cells of a table: with a value, or with what stands above.
///
/// What stands above is right for reports that write a group's name only once. A stream stays a
/// stream.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Fill {
    /// The rows.
    rows: Any,
    /// The columns; all if not set.
    #[serde(default)]
    columns: Names,
    /// What is put into empty cells; what stands above if not set.
    with: Option<Any>,
}

pub(super) fn node() -> Node {
    Node::action("table.fill", fill)
        .pure()
        .icon("paint-bucket")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: filled
  use: table.fill
  with:
    rows: [{ region: North, town: Oslo }, { region: "", town: Umeå }]
    columns: region
- use: log.write
  with: { message: "{{ steps.filled.rows[1].town }} is in the {{ steps.filled.rows[1].region }}" }
"#;

async fn fill(cx: &StepContext, settings: Fill) -> Result<Table, NodeError> {
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let source = Source::of("rows", settings.rows.0)?;
        let columns = settings.columns.as_slice();
        let positions = if columns.is_empty() {
            (0..source.header().width()).collect()
        } else {
            source.positions("columns", columns)?
        };
        let mut places: Vec<Place> = (0..source.header().width()).map(Place::First).collect();
        for (own, position) in positions.iter().enumerate() {
            if let Some(place) = places.get_mut(*position) {
                *place = Place::Own(own);
            }
        }
        let places: Arc<[Place]> = places.into();
        let header = source.header().clone();
        let kind = (source.is_stream(), "filled rows");
        let with = settings.with.map(|with| with.0);
        Table::passing(&header, kind, &cancel, move || {
            let (places, positions) = (places.clone(), positions.clone());
            let start = with.clone().unwrap_or_else(|| Value::from(()));
            let mut above = vec![start; positions.len()];
            let keeps = with.is_some();
            Ok(source.rows()?.map(move |row| {
                let row = row?;
                let cells = positions.iter().zip(&mut above).map(|(position, above)| {
                    if is_blank(row.look(*position)) {
                        return above.clone();
                    }
                    let cell = row.cell(*position);
                    if !keeps {
                        above.clone_from(&cell);
                    }
                    cell
                });
                let cells = cells.collect();
                let header = row.header().clone();
                Ok(Arc::new(Row::view(
                    header,
                    places.clone(),
                    Some(row),
                    None,
                    cells,
                )))
            }))
        })
    })
    .await
}

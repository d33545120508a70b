use std::{collections::HashSet, sync::Arc};

use casare_engine::{Node, NodeError, StepContext};
use casare_files::rows::{Header, Place, Row};
use casare_workflow::Any;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    key::Names,
    source::{Source, Table},
};

/// Chooses, renames and reorders the columns of a table.
///
/// No cell is copied: the rows are views on those that were given. A stream stays a stream.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Select {
    /// The rows.
    rows: Any,
    /// Which columns are kept, in which order; all if not set.
    columns: Option<Names>,
    /// Which columns are left out.
    #[serde(default)]
    without: Names,
    /// Columns that come first, the others keeping their order.
    #[serde(default)]
    first: Names,
    /// New names for columns: `{ Name: name, Town: city }` (old: new).
    #[serde(default)]
    rename: IndexMap<String, String>,
}

pub(super) fn node() -> Node {
    Node::action("table.select", select)
        .pure()
        .icon("columns-3")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: people
  use: csv.read
  with: { path: people.csv }
- id: towns
  use: table.select
  with:
    rows: "{{ steps.people.rows }}"
    columns: [Town, Name]
    rename: { Town: city }
- use: log.write
  with: { message: "{{ steps.towns.rows[0].city }}" }
"#;

async fn select(cx: &StepContext, settings: Select) -> Result<Table, NodeError> {
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let source = Source::of("rows", settings.rows.0.clone())?;
        let (header, places) = layout(&settings, &source)?;
        let kind = (source.is_stream(), "rows with chosen columns");
        let names = header.clone();
        Table::passing(&names, kind, &cancel, move || {
            let (header, places) = (header.clone(), places.clone());
            Ok(source.rows()?.map(move |row| {
                let (header, places) = (header.clone(), places.clone());
                Ok(Arc::new(Row::view(
                    header,
                    places,
                    Some(row?),
                    None,
                    Vec::new(),
                )))
            }))
        })
    })
    .await
}

fn layout(settings: &Select, source: &Source) -> Result<(Arc<Header>, Arc<[Place]>), NodeError> {
    let mut positions = match &settings.columns {
        Some(columns) => source.positions("columns", columns.as_slice())?,
        None => (0..source.header().width()).collect(),
    };
    let without = source.positions("without", settings.without.as_slice())?;
    positions.retain(|position| !without.contains(position));
    let first = source.positions("first", settings.first.as_slice())?;
    positions.retain(|position| !first.contains(position));
    positions.splice(0..0, first);
    for old in settings.rename.keys() {
        source.position("rename", old)?;
    }
    let mut names = Vec::new();
    let mut seen = HashSet::new();
    for position in &positions {
        let old = source.header().name(*position);
        let name = settings.rename.get(old).map_or(old, String::as_str);
        if !seen.insert(name) && !source.is_empty() {
            return Err(
                NodeError::invalid(format!("two columns would be called `{name}`"))
                    .with_help("give one of them another name with `rename`, or leave it out"),
            );
        }
        names.push(name.to_owned());
    }
    let places = positions.into_iter().map(Place::First).collect();
    Ok((Header::exact(names), places))
}

use std::sync::Arc;

use casare_engine::{Node, NodeError, StepContext};
use casare_files::rows::{Header, Place, Row};
use casare_workflow::{Any, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use super::source::{Source, Table, both};

/// Puts tables under each other.
///
/// Columns are matched by name; a cell of a column that a table has not is none. If one of the
/// tables is a stream, so is the result.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Concat {
    /// The tables, each a list or a stream of rows.
    tables: Vec<Any>,
    /// A column that says from which table a row is; none if not set.
    origin: Option<String>,
    /// What `origin` says for each table; 1, 2, 3 … if not set.
    #[serde(default)]
    names: Vec<String>,
}

pub(super) fn node() -> Node {
    Node::action("table.concat", concat)
        .pure()
        .icon("rows-3")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: people
  use: csv.read
  with: { path: people.csv }
- id: everyone
  use: table.concat
  with:
    tables: ["{{ steps.people.rows }}", [{ Name: Dana, Town: Oslo }]]
    origin: from
    names: [file, hand]
- use: log.write
  with: { message: "{{ steps.everyone.count }} people" }
"#;

/// One of the tables, and where the columns of all stand in its rows.
struct Part {
    source: Source,
    places: Arc<[Place]>,
    origin: Vec<Value>,
}

async fn concat(cx: &StepContext, settings: Concat) -> Result<Table, NodeError> {
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let (header, parts) = parts(settings)?;
        let parts: Arc<[Part]> = parts.into();
        let streamed = parts.iter().any(|part| part.source.is_stream());
        let names = header.clone();
        Table::passing(
            &names,
            (streamed, "rows of several tables"),
            &cancel,
            move || {
                let (header, parts) = (header.clone(), parts.clone());
                let mut passes = Vec::new();
                for (index, part) in parts.iter().enumerate() {
                    passes.push((index, part.source.rows()?));
                }
                Ok(passes.into_iter().flat_map(move |(index, rows)| {
                    let (header, parts) = (header.clone(), parts.clone());
                    rows.map(move |row| {
                        let part = &parts[index];
                        let (places, origin) = (part.places.clone(), part.origin.clone());
                        let view = Row::view(header.clone(), places, Some(row?), None, origin);
                        Ok(Arc::new(view))
                    })
                }))
            },
        )
    })
    .await
}

fn parts(settings: Concat) -> Result<(Arc<Header>, Vec<Part>), NodeError> {
    if !settings.names.is_empty() && settings.names.len() != settings.tables.len() {
        return Err(NodeError::invalid(format!(
            "there are {} tables and {} names",
            settings.tables.len(),
            settings.names.len()
        )));
    }
    let mut sources = Vec::new();
    let mut header = Header::exact([]);
    for table in settings.tables {
        let source = Source::of("tables", table.0)?;
        header = both(&header, source.header());
        sources.push(source);
    }
    if let Some(origin) = &settings.origin {
        if header.position(origin).is_some() {
            return Err(NodeError::invalid(format!(
                "setting `origin`: there is a column `{origin}` already"
            )));
        }
        header = both(&header, &Header::exact([origin.clone()]));
    }
    let parts = sources.into_iter().enumerate().map(|(index, source)| {
        let name = settings.names.get(index);
        let origin = settings.origin.as_ref().map(|_| {
            name.map_or_else(|| Value::from(index + 1), |name| Value::from(name.as_str()))
        });
        let place = |column: &str| match source.header().position(column) {
            Some(position) => Place::First(position),
            None if settings.origin.as_deref() == Some(column) => Place::Own(0),
            None => Place::Nowhere,
        };
        Part {
            places: header.iter().map(place).collect(),
            origin: origin.into_iter().collect(),
            source,
        }
    });
    let parts = parts.collect();
    Ok((header, parts))
}

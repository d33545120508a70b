//! The rows of a table that a setting gave: all under one header, one by one.

use std::{collections::HashSet, sync::Arc};

use casare_engine::{Cancel, NodeError};
use casare_files::rows::{Cell, Header, Place, Row, closest};
use casare_workflow::{
    Any, Value,
    value::{Stream, pairs},
};
use minijinja::value::ValueKind;
use schemars::JsonSchema;
use serde::Serialize;

use crate::list::items::Items;

/// The rows of a table. Those of a stream are read anew in each pass.
#[derive(Clone)]
pub(super) struct Source {
    setting: &'static str,
    items: Items,
    header: Arc<Header>,
    /// There is no row, so that nothing is known of columns.
    empty: bool,
}

impl Source {
    /// The table in `setting`: a list of maps or lists, a stream of rows, or what a node that reads
    /// tables answered.
    pub(super) fn of(setting: &'static str, given: Value) -> Result<Self, NodeError> {
        let rows = match given.kind() {
            ValueKind::Map => given
                .get_attr("rows")
                .ok()
                .filter(|rows| !rows.is_undefined())
                .unwrap_or(given),
            _ => given,
        };
        let items = Items::of(setting, rows)?;
        let found = if items.is_stream() {
            match items.iter()?.next() {
                Some(first) => Some(header_of(&first?, setting, 1)?),
                None => None,
            }
        } else {
            united(&items, setting)?
        };
        Ok(Self {
            setting,
            items,
            empty: found.is_none(),
            header: found.unwrap_or_else(|| Header::exact([])),
        })
    }

    /// The header of all its rows.
    pub(super) fn header(&self) -> &Arc<Header> {
        &self.header
    }

    /// Whether it is read from its source as it is used.
    pub(super) fn is_stream(&self) -> bool {
        self.items.is_stream()
    }

    /// Whether it has no row at all.
    pub(super) fn is_empty(&self) -> bool {
        self.empty
    }

    /// Where the column stands that `setting` names. In a table without rows, any name will do.
    pub(super) fn position(&self, setting: &str, name: &str) -> Result<usize, NodeError> {
        match self.header.position(name) {
            Some(position) => Ok(position),
            None if self.empty => Ok(0),
            None => Err(no_column(&self.header, setting, name)),
        }
    }

    /// As [`Source::position`], for several.
    pub(super) fn positions<'n>(
        &self,
        setting: &str,
        names: impl IntoIterator<Item = &'n String>,
    ) -> Result<Vec<usize>, NodeError> {
        names
            .into_iter()
            .map(|name| self.position(setting, name))
            .collect()
    }

    /// One pass over the rows.
    pub(super) fn rows(
        &self,
    ) -> Result<impl Iterator<Item = Result<Arc<Row>, NodeError>> + Send + Sync + use<>, NodeError>
    {
        let mut shaper = Shaper {
            setting: self.setting,
            header: self.header.clone(),
            other: None,
        };
        let items = self.items.iter()?.enumerate();
        Ok(items.map(move |(index, item)| shaper.shaped(item?, index + 1)))
    }
}

fn no_column(header: &Header, setting: &str, name: &str) -> NodeError {
    let help = match closest(name, header.iter()) {
        Some(close) => format!("did you mean `{close}`?"),
        None => format!("the columns are: {}", header.names().join(", ")),
    };
    NodeError::invalid(format!("setting `{setting}`: there is no column `{name}`")).with_help(help)
}

fn no_row(setting: &str, number: usize, row: &Value) -> NodeError {
    NodeError::invalid(format!(
        "setting `{setting}`: row {number} is a {}; a row is a map or a list",
        casare_workflow::value::kind_name(row)
    ))
}

fn header_of(row: &Value, setting: &str, number: usize) -> Result<Arc<Header>, NodeError> {
    if let Some(row) = row.downcast_object_ref::<Row>() {
        return Ok(row.header().clone());
    }
    match row.kind() {
        ValueKind::Map => Ok(Header::exact(pairs(row).map(|(key, _)| key.to_string()))),
        ValueKind::Seq | ValueKind::Iterable => {
            let width = row.len().unwrap_or_default();
            Ok(Header::new((0..width).map(|_| String::new())))
        }
        _ => Err(no_row(setting, number, row)),
    }
}

/// A header of all columns that occur in a list.
fn united(items: &Items, setting: &str) -> Result<Option<Arc<Header>>, NodeError> {
    let mut header: Option<Arc<Header>> = None;
    for (index, item) in items.iter()?.enumerate() {
        let item = item?;
        let Some(known) = &header else {
            header = Some(header_of(&item, setting, index + 1)?);
            continue;
        };
        if let Some(row) = item.downcast_object_ref::<Row>() {
            if Arc::ptr_eq(row.header(), known) {
                continue;
            }
        } else if item.kind() == ValueKind::Map {
            let is_known = item.try_iter().is_ok_and(|mut keys| {
                keys.all(|key| {
                    key.as_str()
                        .is_some_and(|key| known.position(key).is_some())
                })
            });
            if is_known {
                continue;
            }
        }
        let other = header_of(&item, setting, index + 1)?;
        if other.iter().any(|name| known.position(name).is_none()) {
            header = Some(both(known, &other));
        }
    }
    Ok(header)
}

/// The columns of one header, then those that only the other has.
pub(super) fn both(first: &Header, second: &Header) -> Arc<Header> {
    let mut seen: HashSet<&str> = first.iter().collect();
    let mut names = first.names();
    names.extend(
        second
            .iter()
            .filter(|name| seen.insert(name))
            .map(str::to_owned),
    );
    Header::exact(names)
}

/// Puts rows under one header.
struct Shaper {
    setting: &'static str,
    header: Arc<Header>,
    /// Another header, and where our columns stand in its rows.
    other: Option<(Arc<Header>, Arc<[Place]>)>,
}

impl Shaper {
    fn shaped(&mut self, value: Value, number: usize) -> Result<Arc<Row>, NodeError> {
        if let Some(row) = value.downcast_object::<Row>() {
            if Arc::ptr_eq(row.header(), &self.header) {
                return Ok(row);
            }
            return self.moved(row, number);
        }
        let cells: Vec<Value> = match value.kind() {
            ValueKind::Map => {
                if value.len().is_none_or(|length| length > 0) {
                    self.none_other(pairs(&value).map(|(key, _)| key.to_string()), number)?;
                }
                let cell = |name| {
                    value
                        .get_attr(name)
                        .ok()
                        .filter(|cell| !cell.is_undefined())
                };
                let cells = self.header.iter().map(cell);
                cells
                    .map(|cell| cell.unwrap_or_else(|| Value::from(())))
                    .collect()
            }
            ValueKind::Seq | ValueKind::Iterable => {
                let cells = value.try_iter().into_iter().flatten();
                cells.take(self.header.width()).collect()
            }
            _ => return Err(no_row(self.setting, number, &value)),
        };
        let row = Row::of_values(self.header.clone(), cells);
        row.downcast_object()
            .ok_or_else(|| NodeError::bug("a row is no row"))
    }

    fn moved(&mut self, row: Arc<Row>, number: usize) -> Result<Arc<Row>, NodeError> {
        let known = match &self.other {
            Some((header, places)) if Arc::ptr_eq(header, row.header()) => places.clone(),
            _ => {
                self.none_other(row.header().names(), number)?;
                let position = |name| row.header().position(name);
                let place = |name| position(name).map_or(Place::Nowhere, Place::First);
                let places: Arc<[Place]> = self.header.iter().map(place).collect();
                self.other = Some((row.header().clone(), places.clone()));
                places
            }
        };
        let view = Row::view(self.header.clone(), known, Some(row), None, Vec::new());
        Ok(Arc::new(view))
    }

    /// A column that comes late in a stream would be lost unnoticed.
    fn none_other(
        &self,
        names: impl IntoIterator<Item = String>,
        number: usize,
    ) -> Result<(), NodeError> {
        let mut names = names.into_iter();
        match names.find(|name| self.header.position(name).is_none()) {
            None => Ok(()),
            Some(name) => Err(NodeError::invalid(format!(
                "setting `{}`: row {number} has a column `{name}`, which the first row has not",
                self.setting
            ))
            .with_help("in a stream all rows have the columns of the first")),
        }
    }
}

/// A table that a node answers.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Table {
    /// The rows: maps from column names to cells. A stream if the rows that were given are one.
    rows: Any,
    /// The names of the columns.
    columns: Vec<String>,
    /// How many rows there are; none when they are streamed.
    count: Option<usize>,
}

impl Table {
    /// A table of rows in memory.
    pub(super) fn of(header: &Header, rows: Vec<Value>) -> Self {
        Self {
            columns: header.names(),
            count: Some(rows.len()),
            rows: Any(Value::from(rows)),
        }
    }

    /// A table of the rows that each pass yields: a stream where `streamed`, else a list.
    pub(super) fn passing<I>(
        header: &Header,
        (streamed, what): (bool, &str),
        cancel: &Cancel,
        pass: impl Fn() -> Result<I, NodeError> + Send + Sync + 'static,
    ) -> Result<Self, NodeError>
    where
        I: Iterator<Item = Result<Arc<Row>, NodeError>> + Send + Sync + 'static,
    {
        if streamed {
            let rows = Stream::value(what, move || {
                let rows = pass().map_err(|error| told(&error))?;
                Ok(Box::new(rows.map(|row| {
                    row.map(Value::from_dyn_object)
                        .map_err(|error| told(&error))
                })))
            });
            return Ok(Self {
                rows: Any(rows),
                columns: header.names(),
                count: None,
            });
        }
        let mut rows = Vec::new();
        for row in pass()? {
            rows.push(Value::from_dyn_object(row?));
            stop_if(cancel, rows.len())?;
        }
        Ok(Self::of(header, rows))
    }
}

/// Errors inside a stream are texts.
fn told(error: &NodeError) -> String {
    match error.help() {
        Some(help) => format!("{error} ({help})"),
        None => error.to_string(),
    }
}

/// Ends long work when the run was cancelled; asked now and then.
pub(super) fn stop_if(cancel: &Cancel, done: usize) -> Result<(), NodeError> {
    if done.is_multiple_of(4096) && cancel.is_cancelled() {
        return Err(NodeError::timeout("the step was stopped"));
    }
    Ok(())
}

/// Whether a cell holds nothing: none, or blanks.
pub(super) fn is_blank(cell: Cell<'_>) -> bool {
    match cell {
        Cell::Nothing => true,
        Cell::Text(text) => text.trim().is_empty(),
        Cell::Value(value) => crate::data::rules::is_empty(value),
    }
}

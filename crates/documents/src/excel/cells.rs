//! The cells of a sheet, read one after the other into rows.
//!
//! Memory follows the cells that hold something, not the area they span: a sheet whose only cells
//! are its first and its last one is small.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use calamine::{Data, DataRef, Dimensions, Reader as _, Sheets};
use casare_engine::NodeError;
use casare_workflow::Value;

use super::{
    address::{Area, CellAddress},
    dates,
    workbook::{self, Workbook},
};

/// So many cells are held at most, those between others included.
pub(super) const MOST_CELLS: usize = 60_000_000;
/// Texts up to this length, in bytes, stand inside a value; longer ones have memory of their own.
const SHORT_TEXT: usize = 22;

/// What happens to a cell that shows an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorCell {
    Fail,
    None,
    Text,
}

/// Which cells are read, and how.
pub(super) struct Wanted<'w> {
    pub(super) path: &'w Path,
    pub(super) sheet: &'w str,
    /// All of them if not set.
    pub(super) area: Option<Area>,
    pub(super) errors: ErrorCell,
    /// Whether each of merged cells has the value shown across them.
    pub(super) fill_merged: bool,
}

/// The cells of a row that hold something, and those between them.
#[derive(Debug)]
pub(super) struct CellRow {
    pub(super) row: u32,
    pub(super) first: u32,
    pub(super) cells: Vec<Value>,
}

/// The rows of a sheet in order; rows without a cell are left out.
#[derive(Debug, Default)]
pub(super) struct CellRows {
    rows: Vec<CellRow>,
    held: usize,
    /// The last row and the last column of the sheet with something in it, read or not.
    pub(super) end: Option<CellAddress>,
}

impl Wanted<'_> {
    /// Reads the cells.
    pub(super) fn read(&self, workbook: &mut Workbook) -> Result<CellRows, NodeError> {
        let merged = if self.fill_merged {
            merged_areas(workbook, self.sheet)
        } else {
            Vec::new()
        };
        let starts: HashSet<(u32, u32)> = merged.iter().map(|area| area.start).collect();
        let mut outside = HashMap::new();
        let mut rows = CellRows::default();
        let shares = matches!(workbook, Sheets::Xlsx(_) | Sheets::Xlsb(_));
        let mut texts = HashMap::new();
        self.each(workbook, |at, cell| {
            if !matches!(cell, DataRef::Empty) {
                rows.reach(at);
            }
            let wanted = self.area.is_none_or(|area| area.contains(at));
            if !wanted && !starts.contains(&(at.row, at.column)) {
                return Ok(());
            }
            let value = match cell {
                // A few bytes of a file can say that millions of cells hold the same long text.
                DataRef::SharedString(text) if shares && text.len() > SHORT_TEXT => texts
                    .entry(text.as_ptr())
                    .or_insert_with(|| Value::from(*text))
                    .clone(),
                cell => self.value(cell, at)?,
            };
            if value.is_none() {
                return Ok(());
            }
            if wanted {
                rows.put(at, value).map_err(|()| self.too_many())
            } else {
                outside.insert((at.row, at.column), value);
                Ok(())
            }
        })?;
        self.fill(&mut rows, &merged, &outside)?;
        Ok(rows)
    }

    fn each(
        &self,
        workbook: &mut Workbook,
        mut visit: impl FnMut(CellAddress, &DataRef<'_>) -> Result<(), NodeError>,
    ) -> Result<(), NodeError> {
        let damaged = |error: &dyn std::fmt::Display| {
            workbook::damaged_sheet(self.path, self.sheet, &error.to_string())
        };
        let address = |(row, column)| CellAddress { row, column };
        match workbook {
            Sheets::Xlsx(book) => {
                let mut cells = book
                    .worksheet_cells_reader(self.sheet)
                    .map_err(|error| damaged(&error))?;
                while let Some(cell) = cells.next_cell().map_err(|error| damaged(&error))? {
                    visit(address(cell.get_position()), cell.get_value())?;
                }
            }
            Sheets::Xlsb(book) => {
                let mut cells = book
                    .worksheet_cells_reader(self.sheet)
                    .map_err(|error| damaged(&error))?;
                while let Some(cell) = cells.next_cell().map_err(|error| damaged(&error))? {
                    visit(address(cell.get_position()), cell.get_value())?;
                }
            }
            other => {
                let range = other
                    .worksheet_range(self.sheet)
                    .map_err(|error| damaged(&error))?;
                let start = range.start().unwrap_or_default();
                for (row, column, cell) in range.used_cells() {
                    let at = address((start.0 + row as u32, start.1 + column as u32));
                    visit(at, &borrowed(cell))?;
                }
            }
        }
        Ok(())
    }

    fn value(&self, cell: &DataRef<'_>, at: CellAddress) -> Result<Value, NodeError> {
        let error = match cell {
            DataRef::Error(error) => error,
            other => return Ok(value(other)),
        };
        match self.errors {
            ErrorCell::None => Ok(Value::from(())),
            ErrorCell::Text => Ok(Value::from(error.to_string())),
            ErrorCell::Fail => Err(NodeError::invalid(format!(
                "{}, sheet `{}`, cell {at}: the cell shows the error {error}",
                self.path.display(),
                self.sheet
            ))
            .with_help(
                "correct the formula there, or set `errors` to `none` or `text` to read on",
            )),
        }
    }

    fn fill(
        &self,
        rows: &mut CellRows,
        areas: &[Dimensions],
        outside: &HashMap<(u32, u32), Value>,
    ) -> Result<(), NodeError> {
        let Some(used) = rows.area() else {
            return Ok(());
        };
        for area in areas {
            let start = CellAddress {
                row: area.start.0,
                column: area.start.1,
            };
            let value = rows.get(start).or_else(|| outside.get(&area.start));
            let Some(value) = value.cloned() else {
                continue;
            };
            // A title merged further than the data must not add columns.
            for row in area.start.0.max(used.first.row)..=area.end.0.min(used.last.row) {
                let columns =
                    area.start.1.max(used.first.column)..=area.end.1.min(used.last.column);
                for column in columns {
                    rows.put(CellAddress { row, column }, value.clone())
                        .map_err(|()| self.too_many())?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn too_many(&self) -> NodeError {
        NodeError::invalid(format!(
            "sheet `{}` of {} spans more than {MOST_CELLS} cells",
            self.sheet,
            self.path.display()
        ))
        .with_help("read a part of it with `range`")
    }
}

impl CellRows {
    /// Puts a value into its place.
    fn put(&mut self, at: CellAddress, value: Value) -> Result<(), ()> {
        let index = match self.rows.last() {
            Some(last) if last.row == at.row => self.rows.len() - 1,
            Some(last) if last.row > at.row => {
                match self.rows.binary_search_by_key(&at.row, |row| row.row) {
                    Ok(index) => index,
                    Err(index) => {
                        self.rows.insert(index, CellRow::at(at));
                        index
                    }
                }
            }
            _ => {
                // Rows tend to be as long as the one before.
                let width = self.rows.last().map_or(0, |row| row.cells.len());
                let mut row = CellRow::at(at);
                row.cells.reserve_exact(width);
                self.rows.push(row);
                self.rows.len() - 1
            }
        };
        let row = &mut self.rows[index];
        let before = row.cells.len();
        row.put(at.column, value);
        self.held += row.cells.len() - before;
        if self.held > MOST_CELLS {
            return Err(());
        }
        Ok(())
    }

    fn reach(&mut self, at: CellAddress) {
        let end = self.end.get_or_insert(at);
        end.row = end.row.max(at.row);
        end.column = end.column.max(at.column);
    }

    /// The value of a cell, if it holds something.
    pub(super) fn get(&self, at: CellAddress) -> Option<&Value> {
        let index = self
            .rows
            .binary_search_by_key(&at.row, |row| row.row)
            .ok()?;
        let row = &self.rows[index];
        let value = row.cells.get(at.column.checked_sub(row.first)? as usize)?;
        (!value.is_none()).then_some(value)
    }

    /// The area that holds all cells; `None` when there are none.
    pub(super) fn area(&self) -> Option<Area> {
        let (first, last) = (self.rows.first()?, self.rows.last()?);
        let columns = self.rows.iter().fold((u32::MAX, 0), |(least, most), row| {
            let end = row.first + row.cells.len() as u32;
            (least.min(row.first), most.max(end.saturating_sub(1)))
        });
        Some(Area {
            first: CellAddress {
                row: first.row,
                column: columns.0,
            },
            last: CellAddress {
                row: last.row,
                column: columns.1,
            },
        })
    }

    /// The rows.
    pub(super) fn into_rows(self) -> std::vec::IntoIter<CellRow> {
        self.rows.into_iter()
    }
}

impl CellRow {
    fn at(at: CellAddress) -> Self {
        Self {
            row: at.row,
            first: at.column,
            cells: Vec::new(),
        }
    }

    fn put(&mut self, column: u32, value: Value) {
        if column < self.first {
            let missing = (self.first - column) as usize;
            self.cells
                .splice(..0, std::iter::repeat_n(Value::from(()), missing));
            self.first = column;
        }
        let index = (column - self.first) as usize;
        if index >= self.cells.len() {
            self.cells.resize(index, Value::from(()));
            self.cells.push(value);
        } else {
            self.cells[index] = value;
        }
    }

    /// The cells of the columns `first..=last`.
    pub(super) fn columns(mut self, first: u32, last: u32) -> Vec<Value> {
        let width = (last + 1).saturating_sub(first) as usize;
        if self.first > first {
            let missing = (self.first - first) as usize;
            self.cells
                .reserve_exact(width.saturating_sub(self.cells.len()));
            self.cells
                .splice(..0, std::iter::repeat_n(Value::from(()), missing));
        } else if self.first < first {
            let surplus = ((first - self.first) as usize).min(self.cells.len());
            self.cells.drain(..surplus);
        }
        self.cells.resize(width, Value::from(()));
        self.cells.shrink_to_fit();
        self.cells
    }
}

/// What a cell holds, as steps see it.
fn value(cell: &DataRef<'_>) -> Value {
    match cell {
        // A formula that shows nothing is an empty text.
        DataRef::Empty | DataRef::Error(_) | DataRef::SharedString("") => Value::from(()),
        DataRef::Int(number) => Value::from(*number),
        DataRef::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
            Value::from(*number as i64)
        }
        DataRef::Float(number) => Value::from(*number),
        DataRef::String(text) if text.is_empty() => Value::from(()),
        DataRef::String(text) | DataRef::DateTimeIso(text) => Value::from(text.as_str()),
        DataRef::SharedString(text) => Value::from(*text),
        DataRef::Bool(flag) => Value::from(*flag),
        DataRef::DateTime(moment) => Value::from(dates::iso(moment)),
        DataRef::DurationIso(text) => Value::from(dates::iso_duration(text)),
    }
}

fn borrowed(cell: &Data) -> DataRef<'_> {
    match cell {
        Data::Int(number) => DataRef::Int(*number),
        Data::Float(number) => DataRef::Float(*number),
        Data::String(text) => DataRef::SharedString(text),
        Data::Bool(flag) => DataRef::Bool(*flag),
        Data::DateTime(moment) => DataRef::DateTime(*moment),
        Data::DateTimeIso(text) => DataRef::DateTimeIso(text.clone()),
        Data::DurationIso(text) => DataRef::DurationIso(text.clone()),
        Data::Error(error) => DataRef::Error(error.clone()),
        Data::Empty => DataRef::Empty,
    }
}

/// A sheet whose file says nothing sensible of merged cells is read as if it had none.
fn merged_areas(workbook: &mut Workbook, sheet: &str) -> Vec<Dimensions> {
    match workbook {
        Sheets::Xlsx(workbook) => workbook
            .merge_cells_by_sheet_name(sheet)
            .unwrap_or_default(),
        Sheets::Xls(workbook) => workbook
            .merge_cells_by_sheet_name(sheet)
            .unwrap_or_default(),
        Sheets::Xlsb(_) | Sheets::Ods(_) => Vec::new(),
    }
}

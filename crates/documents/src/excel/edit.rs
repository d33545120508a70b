//! New cells into a sheet, as a stream: what is not overwritten is copied as it was.

use std::{
    collections::{BTreeMap, HashMap},
    io::{BufRead, Write},
};

use casare_engine::NodeError;
use casare_workflow::Value;
use quick_xml::{
    Reader, Writer,
    events::{BytesEnd, BytesStart, Event},
};

use super::{
    address::{Area, COLUMNS, CellAddress, ROWS},
    cell::{self, Content, Taking},
    existing::{OldCell, old_cells},
    scan::{Position, style_of},
    styles::Styles,
    tables::Table,
};
use crate::ooxml::xml::{EditError, attribute, local, prefixed, with_attributes, without_prefix};

/// What must not be overwritten.
#[derive(Debug, Default)]
pub(super) struct Guard {
    pub(super) merged: Vec<Area>,
    pub(super) arrays: Vec<Area>,
    pub(super) tables: Vec<Table>,
}

impl Guard {
    pub(super) fn holds_title(&self, at: CellAddress) -> bool {
        self.tables.iter().any(|table| table.has_title_at(at))
    }

    pub(super) fn check(&self, at: CellAddress, value: &Value) -> Result<(), NodeError> {
        let merged = self
            .merged
            .iter()
            .find(|area| area.contains(at) && area.first != at);
        let is_something = !value.is_none() && !value.is_undefined();
        if let Some(area) = merged.filter(|_| is_something) {
            return Err(NodeError::conflict(format!(
                "cell {at} lies inside the merged cells {area}: what is written there is not shown"
            ))
            .permanent()
            .with_help(format!(
                "write to {}, or undo the merging in Excel",
                area.first
            )));
        }
        if let Some(area) = self.arrays.iter().find(|area| area.contains(at)) {
            return Err(NodeError::conflict(format!(
                "cell {at} belongs to the formula that fills {area}, which can't be changed in part"
            ))
            .permanent()
            .with_help("write to another place, or remove the formula in Excel"));
        }
        self.tables
            .iter()
            .try_for_each(|table| table.check_title(at, value.as_str()))
    }
}

/// Rows on their way into a sheet.
pub(super) struct SheetEdit<I> {
    pub(super) rows: I,
    pub(super) first: CellAddress,
    /// Whether all other cells are emptied.
    pub(super) empty_others: bool,
    pub(super) taking: Taking,
    pub(super) guard: Guard,
    pub(super) styles: Styles,
    /// Formats of new cells, by column: those of the row above what is appended.
    pub(super) style_hints: BTreeMap<u32, u32>,
}

/// What was written, and what it needs of other parts of the workbook.
#[derive(Debug)]
pub(super) struct Edited<I> {
    /// The rows, of which none is left.
    pub(super) rows: I,
    /// How many there were.
    pub(super) row_count: u32,
    /// The column after the last one that was written.
    pub(super) end_column: u32,
    pub(super) styles: Styles,
    pub(super) tables: Vec<Table>,
}

struct Run<I> {
    edit: SheetEdit<I>,
    pending: Option<Vec<Value>>,
    next_row: u32,
    column_styles: Vec<(u32, u32, u32)>,
    /// Shared formulas whose first cell was overwritten: their text and where it stood.
    broken: HashMap<String, (String, CellAddress)>,
    prefix: String,
    row_count: u32,
    end_column: u32,
}

impl<I> SheetEdit<I>
where
    I: Iterator<Item = Result<Vec<Value>, NodeError>>,
{
    /// Copies the sheet `xml` to `out` with the new cells in it.
    pub(super) fn run(self, xml: impl BufRead, out: impl Write) -> Result<Edited<I>, EditError> {
        let mut reader = Reader::from_reader(xml);
        let mut writer = Writer::new(out);
        let mut run = Run {
            next_row: self.first.row,
            edit: self,
            pending: None,
            column_styles: Vec::new(),
            broken: HashMap::new(),
            prefix: String::new(),
            row_count: 0,
            end_column: 0,
        };
        let mut buffer = Vec::new();
        let mut found = false;
        loop {
            buffer.clear();
            let event = reader.read_event_into(&mut buffer)?;
            match &event {
                Event::Eof => break,
                // It would say the extent the sheet had; it may be left out.
                Event::Empty(tag) if local(tag) == "dimension" => continue,
                Event::Start(tag) | Event::Empty(tag) if local(tag) == "col" => {
                    run.remember_column(tag);
                }
                Event::Start(tag) | Event::Empty(tag) if local(tag) == "sheetData" => {
                    found = true;
                    run.prefix = prefixed(tag.name().0, "");
                    writer.write_event(Event::Start(tag.to_owned()))?;
                    if matches!(event, Event::Start(_)) {
                        run.sheet_data(&mut reader, &mut writer)?;
                    } else {
                        run.new_rows_above(u32::MAX, &mut writer)?;
                    }
                    writer.write_event(Event::End(BytesEnd::new(prefixed(
                        &run.prefix,
                        "sheetData",
                    ))))?;
                    continue;
                }
                _ => {}
            }
            writer.write_event(event)?;
        }
        if !found {
            return Err(EditError::Damaged(
                "the sheet has no `sheetData`".to_owned(),
            ));
        }
        Ok(Edited {
            rows: run.edit.rows,
            row_count: run.row_count,
            end_column: run.end_column,
            styles: run.edit.styles,
            tables: run.edit.guard.tables,
        })
    }
}

impl<I> Run<I>
where
    I: Iterator<Item = Result<Vec<Value>, NodeError>>,
{
    fn remember_column(&mut self, tag: &BytesStart<'_>) {
        let number = |name| attribute(tag, name).and_then(|number| number.parse::<u32>().ok());
        if let (Some(first), Some(last), Some(style)) =
            (number("min"), number("max"), number("style"))
        {
            self.column_styles
                .push((first.saturating_sub(1), last.saturating_sub(1), style));
        }
    }

    fn sheet_data(
        &mut self,
        reader: &mut Reader<impl BufRead>,
        writer: &mut Writer<impl Write>,
    ) -> Result<(), EditError> {
        let mut buffer = Vec::new();
        let mut rows = Position::default();
        loop {
            buffer.clear();
            match reader.read_event_into(&mut buffer)? {
                Event::End(tag) if without_prefix(tag.name().0) == "sheetData" => {
                    return self.new_rows_above(u32::MAX, writer);
                }
                Event::Start(tag) if local(&tag) == "row" => {
                    let row = rows.row(&tag);
                    let tag = tag.into_owned();
                    self.new_rows_above(row, writer)?;
                    self.old_row(row, tag, reader, writer)?;
                }
                Event::Empty(tag) if local(&tag) == "row" => {
                    let row = rows.row(&tag);
                    let tag = tag.into_owned();
                    self.new_rows_above(row, writer)?;
                    match self.take_row(row)? {
                        Some(values) => {
                            self.merged_row(row, &tag, Vec::new(), Some(values), &[], writer)?;
                        }
                        None => writer.write_event(Event::Empty(numbered(&tag, row)))?,
                    }
                }
                Event::Eof => return Err(EditError::Damaged("the sheet is cut off".to_owned())),
                other => writer.write_event(other)?,
            }
        }
    }

    /// The values for `row`, if it is the next one.
    fn take_row(&mut self, row: u32) -> Result<Option<Vec<Value>>, EditError> {
        self.load()?;
        if self.next_row != row {
            return Ok(None);
        }
        let values = self.pending.take();
        if values.is_some() {
            self.next_row += 1;
        }
        Ok(values)
    }

    fn load(&mut self) -> Result<(), EditError> {
        if self.pending.is_none() {
            self.pending = self.edit.rows.next().transpose()?;
            if self.pending.is_some() && self.next_row >= ROWS {
                return Err(NodeError::invalid(format!(
                    "a sheet has no more than {ROWS} rows, and there are more to write"
                ))
                .with_help("write several sheets, or a CSV file with csv.write")
                .into());
            }
        }
        Ok(())
    }

    fn new_rows_above(
        &mut self,
        limit: u32,
        writer: &mut Writer<impl Write>,
    ) -> Result<(), EditError> {
        loop {
            self.load()?;
            if self.pending.is_none() || self.next_row >= limit {
                return Ok(());
            }
            let row = self.next_row;
            let values = self.take_row(row)?;
            let tag = BytesStart::new(prefixed(&self.prefix, "row"));
            self.merged_row(row, &tag, Vec::new(), values, &[], writer)?;
        }
    }

    fn old_row(
        &mut self,
        row: u32,
        tag: BytesStart<'static>,
        reader: &mut Reader<impl BufRead>,
        writer: &mut Writer<impl Write>,
    ) -> Result<(), EditError> {
        let values = self.take_row(row)?;
        if values.is_none() && !self.edit.empty_others && self.broken.is_empty() {
            writer.write_event(Event::Start(numbered(&tag, row)))?;
            return copy_to_end(&tag, reader, writer);
        }
        let (cells, rest) = old_cells(row, &tag, reader)?;
        self.merged_row(row, &tag, cells, values, &rest, writer)
    }

    /// Writes a row of old cells and new ones, the new ones taking the place of the old.
    fn merged_row(
        &mut self,
        row: u32,
        tag: &BytesStart<'_>,
        old: Vec<OldCell>,
        values: Option<Vec<Value>>,
        rest: &[u8],
        writer: &mut Writer<impl Write>,
    ) -> Result<(), EditError> {
        let row_style = attribute(tag, "customFormat")
            .and_then(|_| style_of(tag, "s"))
            .unwrap_or(0);
        let number = (row + 1).to_string();
        // `spans` would say which columns the row had.
        let tag = with_attributes(tag, &[("r", Some(&number)), ("spans", None)]);
        writer.write_event(Event::Start(tag.borrow()))?;
        let mut old = old.into_iter().peekable();
        if let Some(values) = values {
            self.row_count += 1;
            for (column, value) in (self.edit.first.column..).zip(&values) {
                while let Some(cell) = old.next_if(|cell| cell.column < column) {
                    self.old_cell(row, &cell, writer)?;
                }
                let replaced = old.next_if(|cell| cell.column == column);
                let at = CellAddress { row, column };
                let xml = self.new_cell(at, value, replaced.as_ref(), row_style)?;
                writer.get_mut().write_all(xml.as_bytes())?;
            }
            let end = self.edit.first.column + values.len() as u32;
            self.end_column = self.end_column.max(end);
        }
        for cell in old {
            self.old_cell(row, &cell, writer)?;
        }
        writer.get_mut().write_all(rest)?;
        writer.write_event(Event::End(tag.to_end()))?;
        Ok(())
    }

    fn old_cell(
        &self,
        row: u32,
        cell: &OldCell,
        writer: &mut Writer<impl Write>,
    ) -> Result<(), EditError> {
        let at = CellAddress {
            row,
            column: cell.column,
        };
        let broken = cell
            .shared
            .as_ref()
            .and_then(|shared| self.broken.get(&shared.index));
        let content = match broken {
            // A table without its titles would count as damaged.
            _ if self.edit.empty_others && !self.edit.guard.holds_title(at) => Content::Empty,
            None => return Ok(writer.get_mut().write_all(&cell.xml)?),
            // The cell that had the text of the formula is gone: each other one gets its own.
            Some((text, from)) => {
                let own = calamine::expand_shared_formula(
                    text,
                    (from.row, from.column),
                    (row, cell.column),
                );
                Content::Formula(own.map_err(|error| {
                    NodeError::conflict(format!(
                        "the formula of cell {from} can't be overwritten: {at} shares it ({error})"
                    ))
                    .permanent()
                })?)
            }
        };
        let xml = cell::xml(&content, at, cell.style, &self.prefix);
        Ok(writer.get_mut().write_all(xml.as_bytes())?)
    }

    fn new_cell(
        &mut self,
        at: CellAddress,
        value: &Value,
        replaced: Option<&OldCell>,
        row_style: u32,
    ) -> Result<String, EditError> {
        if at.column >= COLUMNS {
            return Err(NodeError::invalid(format!(
                "a sheet has no more than {COLUMNS} columns, and a row has more"
            ))
            .into());
        }
        self.edit.guard.check(at, value)?;
        let shared = replaced.and_then(|cell| cell.shared.as_ref());
        if let Some(shared) = shared.filter(|shared| !shared.text.is_empty()) {
            self.broken
                .insert(shared.index.clone(), (shared.text.clone(), at));
        }
        let content = self.edit.taking.content(value, at)?;
        let mut style = match replaced {
            Some(cell) => cell.style,
            None => self.style_of_new(at, row_style),
        };
        if let Content::Date(_, kind) = content {
            style = self.edit.styles.for_date(style, kind);
        }
        Ok(cell::xml(&content, at, style, &self.prefix))
    }

    fn style_of_new(&self, at: CellAddress, row_style: u32) -> u32 {
        if let Some(style) = self.edit.style_hints.get(&at.column) {
            return *style;
        }
        if row_style > 0 {
            return row_style;
        }
        self.column_styles
            .iter()
            .find(|(first, last, _)| (first..=last).contains(&&at.column))
            .map_or(0, |(_, _, style)| *style)
    }
}

/// A row's tag with its number, which files may leave out.
fn numbered<'t>(tag: &BytesStart<'t>, row: u32) -> BytesStart<'t> {
    match attribute(tag, "r") {
        Some(_) => tag.clone(),
        None => with_attributes(tag, &[("r", Some(&(row + 1).to_string()))]),
    }
}

fn copy_to_end(
    tag: &BytesStart<'_>,
    reader: &mut Reader<impl BufRead>,
    writer: &mut Writer<impl Write>,
) -> Result<(), EditError> {
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer)?;
        let ended = match &event {
            // Rows are not put into rows.
            Event::End(end) => end.name() == tag.name(),
            Event::Eof => return Err(EditError::Damaged("the sheet is cut off".to_owned())),
            _ => false,
        };
        writer.write_event(event)?;
        if ended {
            return Ok(());
        }
    }
}

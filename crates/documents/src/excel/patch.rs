//! Single cells and areas of a sheet, changed where they stand; all else is copied as it was.

use std::{
    collections::{BTreeMap, HashMap},
    io::{BufRead, Write},
};

use casare_engine::NodeError;
use quick_xml::{
    Reader, Writer,
    events::{BytesEnd, BytesStart, Event},
};

use super::{
    address::{Area, COLUMNS, CellAddress},
    cell::{self, Content},
    existing::{OldCell, old_cells},
    scan::{Position, style_of},
};
use crate::ooxml::xml::{EditError, attribute, local, prefixed, with_attributes, without_prefix};

/// What becomes of a cell.
#[derive(Debug, PartialEq)]
pub(super) enum NewCell {
    /// It stays.
    Keep,
    /// It has another format.
    Style(u32),
    /// It holds something else.
    Content(Content, u32),
}

/// A cell that is asked about.
pub(super) struct Asked<'c> {
    pub(super) at: CellAddress,
    pub(super) old: Option<&'c OldCell>,
    /// The format that it has, or would have: that of its row or column.
    pub(super) style: u32,
}

type Visit<'p> = dyn FnMut(&Asked<'_>) -> Result<NewCell, NodeError> + 'p;

/// What changes in a sheet.
pub(super) struct Patch<'p> {
    /// The cells that are asked about, whether they are there or not: first and last columns by row.
    pub(super) cells: BTreeMap<u32, Vec<(u32, u32)>>,
    /// Areas whose cells are asked about only if they are there.
    pub(super) existing: Vec<Area>,
    /// Says what becomes of each.
    pub(super) visit: Box<Visit<'p>>,
    /// Heights of rows, in points.
    pub(super) heights: BTreeMap<u32, f64>,
    /// Columns that get a width (in characters) or a format.
    pub(super) columns: Vec<ColumnChange>,
    /// Cells that are merged into one.
    pub(super) merge: Vec<Area>,
}

/// What changes in columns, from 0, the last one included.
#[derive(Debug, Clone, Copy)]
pub(super) struct ColumnChange {
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) width: Option<f64>,
    pub(super) style: Option<u32>,
}

impl<'p> Patch<'p> {
    pub(super) fn new(visit: impl FnMut(&Asked<'_>) -> Result<NewCell, NodeError> + 'p) -> Self {
        Self {
            cells: BTreeMap::new(),
            existing: Vec::new(),
            visit: Box::new(visit),
            heights: BTreeMap::new(),
            columns: Vec::new(),
            merge: Vec::new(),
        }
    }

    /// Asks about one cell.
    pub(super) fn cell(&mut self, at: CellAddress) {
        self.cells
            .entry(at.row)
            .or_default()
            .push((at.column, at.column));
    }

    /// Asks about all cells of an area.
    pub(super) fn area(&mut self, area: Area) {
        for row in area.first.row..=area.last.row {
            let span = (area.first.column, area.last.column);
            self.cells.entry(row).or_default().push(span);
        }
    }
}

/// The elements that stand between a sheet's cells and its merged cells.
const BEFORE_MERGED: [&str; 8] = [
    "sheetCalcPr",
    "sheetProtection",
    "protectedRanges",
    "scenarios",
    "autoFilter",
    "sortState",
    "dataConsolidate",
    "customSheetViews",
];

struct Run<'p, W> {
    patch: Patch<'p>,
    writer: Writer<W>,
    prefix: String,
    column_styles: Vec<(u32, u32, u32)>,
    broken: HashMap<String, (String, CellAddress)>,
}

/// Copies the sheet `xml` to `out` with what `patch` changes.
pub(super) fn run(patch: Patch<'_>, xml: impl BufRead, out: impl Write) -> Result<(), EditError> {
    let mut reader = Reader::from_reader(xml);
    let mut run = Run {
        patch,
        writer: Writer::new(out),
        prefix: String::new(),
        column_styles: Vec::new(),
        broken: HashMap::new(),
    };
    let mut buffer = Vec::new();
    let (mut depth, mut after_data, mut found) = (0, false, false);
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer)?;
        match &event {
            Event::Eof => break,
            Event::Empty(tag) if local(tag) == "dimension" => continue,
            Event::Start(tag) if depth == 1 && local(tag) == "cols" => {
                let name = tag.name().0.to_owned();
                run.old_columns(&name, &mut reader)?;
                continue;
            }
            Event::Start(tag) | Event::Empty(tag) if depth == 1 && local(tag) == "sheetData" => {
                (found, after_data) = (true, true);
                run.prefix = prefixed(tag.name().0, "");
                run.new_columns()?;
                run.writer.write_event(Event::Start(tag.to_owned()))?;
                if matches!(event, Event::Start(_)) {
                    run.sheet_data(&mut reader)?;
                }
                run.new_rows_above(u32::MAX)?;
                let end = prefixed(&run.prefix, "sheetData");
                run.writer.write_event(Event::End(BytesEnd::new(end)))?;
                continue;
            }
            Event::Start(tag) if depth == 1 && local(tag) == "mergeCells" => {
                let merged = std::mem::take(&mut run.patch.merge);
                let tag = with_attributes(tag, &[("count", None)]);
                run.writer.write_event(Event::Start(tag))?;
                run.merged(&merged)?;
                depth += 1;
                continue;
            }
            Event::Start(tag) | Event::Empty(tag)
                if depth == 1 && after_data && !BEFORE_MERGED.contains(&local(tag)) =>
            {
                run.new_merged()?;
            }
            Event::End(_) if depth == 1 => run.new_merged()?,
            _ => {}
        }
        match &event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            _ => {}
        }
        run.writer.write_event(event)?;
    }
    if !found {
        return Err(EditError::Damaged(
            "the sheet has no `sheetData`".to_owned(),
        ));
    }
    Ok(())
}

impl<W: Write> Run<'_, W> {
    fn merged(&mut self, areas: &[Area]) -> Result<(), EditError> {
        let p = self.prefix.clone();
        for area in areas {
            write!(self.writer.get_mut(), "<{p}mergeCell ref=\"{area}\"/>")?;
        }
        Ok(())
    }

    fn new_merged(&mut self) -> Result<(), EditError> {
        let merged = std::mem::take(&mut self.patch.merge);
        if merged.is_empty() {
            return Ok(());
        }
        let p = self.prefix.clone();
        write!(self.writer.get_mut(), "<{p}mergeCells>")?;
        self.merged(&merged)?;
        write!(self.writer.get_mut(), "</{p}mergeCells>")?;
        Ok(())
    }

    /// The columns that the sheet describes, those that change cut out of them.
    fn old_columns(
        &mut self,
        name: &str,
        reader: &mut Reader<impl BufRead>,
    ) -> Result<(), EditError> {
        let mut columns: Vec<(u32, u32, BytesStart<'static>)> = Vec::new();
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            match reader.read_event_into(&mut buffer)? {
                Event::Start(tag) | Event::Empty(tag) if local(&tag) == "col" => {
                    let number =
                        |name| attribute(&tag, name).and_then(|number| number.parse::<u32>().ok());
                    if let (Some(first @ 1..=COLUMNS), Some(last)) = (number("min"), number("max"))
                    {
                        let last = last.clamp(first, COLUMNS);
                        columns.push((first - 1, last - 1, tag.into_owned()));
                    }
                }
                Event::End(tag) if without_prefix(tag.name().0) == "cols" => break,
                Event::Eof => return Err(EditError::Damaged("the sheet is cut off".to_owned())),
                _ => {}
            }
        }
        let changes = std::mem::take(&mut self.patch.columns);
        for change in changes {
            columns = changed_columns(columns, change, &prefixed(name, "col"));
        }
        self.write_columns(name, columns)
    }

    fn new_columns(&mut self) -> Result<(), EditError> {
        let changes = std::mem::take(&mut self.patch.columns);
        let mut columns = Vec::new();
        for change in changes {
            columns = changed_columns(columns, change, &prefixed(&self.prefix, "col"));
        }
        if columns.is_empty() {
            return Ok(());
        }
        self.write_columns(&prefixed(&self.prefix, "cols"), columns)
    }

    fn write_columns(
        &mut self,
        name: &str,
        mut columns: Vec<(u32, u32, BytesStart<'static>)>,
    ) -> Result<(), EditError> {
        columns.sort_by_key(|(first, ..)| *first);
        self.writer
            .write_event(Event::Start(BytesStart::new(name)))?;
        for (first, last, tag) in columns {
            if let Some(style) = style_of(&tag, "style") {
                self.column_styles.push((first, last, style));
            }
            let (min, max) = ((first + 1).to_string(), (last + 1).to_string());
            let tag = with_attributes(&tag, &[("min", Some(&min)), ("max", Some(&max))]);
            self.writer.write_event(Event::Empty(tag))?;
        }
        self.writer.write_event(Event::End(BytesEnd::new(name)))?;
        Ok(())
    }

    fn sheet_data(&mut self, reader: &mut Reader<impl BufRead>) -> Result<(), EditError> {
        let mut buffer = Vec::new();
        let mut rows = Position::default();
        loop {
            buffer.clear();
            let event = reader.read_event_into(&mut buffer)?;
            match event {
                Event::End(tag) if without_prefix(tag.name().0) == "sheetData" => return Ok(()),
                Event::Start(ref tag) | Event::Empty(ref tag) if local(tag) == "row" => {
                    let row = rows.row(tag);
                    let is_empty = matches!(event, Event::Empty(_));
                    let tag = tag.clone().into_owned();
                    self.new_rows_above(row)?;
                    let (old, rest) = if is_empty {
                        (Vec::new(), Vec::new())
                    } else {
                        old_cells(row, &tag, reader)?
                    };
                    self.row(row, &tag, &old, &rest)?;
                }
                Event::Eof => return Err(EditError::Damaged("the sheet is cut off".to_owned())),
                other => self.writer.write_event(other)?,
            }
        }
    }

    fn new_rows_above(&mut self, limit: u32) -> Result<(), EditError> {
        loop {
            let cells = self.patch.cells.first_key_value().map(|(row, _)| *row);
            let heights = self.patch.heights.first_key_value().map(|(row, _)| *row);
            let next = [cells, heights].into_iter().flatten().min();
            let Some(row) = next.filter(|row| *row < limit) else {
                return Ok(());
            };
            let tag = BytesStart::new(prefixed(&self.prefix, "row"));
            self.row(row, &tag, &[], &[])?;
        }
    }

    fn row(
        &mut self,
        row: u32,
        tag: &BytesStart<'_>,
        old: &[OldCell],
        rest: &[u8],
    ) -> Result<(), EditError> {
        let spans = self.patch.cells.remove(&row).unwrap_or_default();
        let height = self.patch.heights.remove(&row);
        let row_style = attribute(tag, "customFormat")
            .and_then(|_| style_of(tag, "s"))
            .unwrap_or(0);
        let mut columns: Vec<u32> = spans
            .iter()
            .flat_map(|(first, last)| *first..=*last)
            .collect();
        columns.extend(old.iter().map(|cell| cell.column).filter(|column| {
            let at = CellAddress {
                row,
                column: *column,
            };
            self.patch.existing.iter().any(|area| area.contains(at))
        }));
        columns.sort_unstable();
        columns.dedup();
        let number = (row + 1).to_string();
        let height = height.map(|height| height.to_string());
        let mut changes = vec![("r", Some(number.as_str())), ("spans", None)];
        if let Some(height) = &height {
            changes.push(("ht", Some(height)));
            changes.push(("customHeight", Some("1")));
        }
        let tag = with_attributes(tag, &changes);
        self.writer.write_event(Event::Start(tag.borrow()))?;
        let mut old = old.iter().peekable();
        for column in columns {
            while let Some(cell) = old.next_if(|cell| cell.column < column) {
                self.keep(row, cell)?;
            }
            let replaced = old.next_if(|cell| cell.column == column);
            self.ask(CellAddress { row, column }, replaced, row_style)?;
        }
        for cell in old {
            self.keep(row, cell)?;
        }
        self.writer.get_mut().write_all(rest)?;
        self.writer.write_event(Event::End(tag.to_end()))?;
        Ok(())
    }

    fn ask(
        &mut self,
        at: CellAddress,
        old: Option<&OldCell>,
        row_style: u32,
    ) -> Result<(), EditError> {
        let style = match old {
            Some(cell) => cell.style,
            None if row_style > 0 => row_style,
            None => self
                .column_styles
                .iter()
                .find(|(first, last, _)| (first..=last).contains(&&at.column))
                .map_or(0, |(_, _, style)| *style),
        };
        let xml = match ((self.patch.visit)(&Asked { at, old, style })?, old) {
            (NewCell::Keep, None) => return Ok(()),
            (NewCell::Keep, Some(cell)) => return self.keep(at.row, cell),
            (NewCell::Style(style), None) => cell::xml(&Content::Empty, at, style, &self.prefix),
            (NewCell::Style(style), Some(cell)) => {
                let written = String::from_utf8_lossy(&cell.xml);
                let style = style.to_string();
                crate::ooxml::xml::change_elements(
                    &written,
                    |tag, depth| match depth {
                        0 => crate::ooxml::xml::Change::Replace(with_attributes(
                            tag,
                            &[("s", Some(&style))],
                        )),
                        _ => crate::ooxml::xml::Change::Keep,
                    },
                    |_, _| None,
                )?
            }
            (NewCell::Content(content, style), old) => {
                let shared = old.and_then(|cell| cell.shared.as_ref());
                if let Some(shared) = shared.filter(|shared| !shared.text.is_empty()) {
                    self.broken
                        .insert(shared.index.clone(), (shared.text.clone(), at));
                }
                cell::xml(&content, at, style, &self.prefix)
            }
        };
        Ok(self.writer.get_mut().write_all(xml.as_bytes())?)
    }

    fn keep(&mut self, row: u32, cell: &OldCell) -> Result<(), EditError> {
        let shared = cell.shared.as_ref();
        let Some((text, from)) = shared.and_then(|shared| self.broken.get(&shared.index)) else {
            return Ok(self.writer.get_mut().write_all(&cell.xml)?);
        };
        let own =
            calamine::expand_shared_formula(text, (from.row, from.column), (row, cell.column))
                .map_err(|error| EditError::Damaged(format!("formula of {from}: {error}")))?;
        let at = CellAddress {
            row,
            column: cell.column,
        };
        let xml = cell::xml(&Content::Formula(own), at, cell.style, &self.prefix);
        Ok(self.writer.get_mut().write_all(xml.as_bytes())?)
    }
}

/// `columns` with a change to some of them.
fn changed_columns(
    columns: Vec<(u32, u32, BytesStart<'static>)>,
    change: ColumnChange,
    name: &str,
) -> Vec<(u32, u32, BytesStart<'static>)> {
    let width = change.width.map(|width| width.to_string());
    let style = change.style.map(|style| style.to_string());
    let with = |tag: &BytesStart<'_>| {
        let mut changes = Vec::new();
        if let Some(width) = &width {
            changes.push(("width", Some(width.as_str())));
            changes.push(("customWidth", Some("1")));
        }
        if let Some(style) = &style {
            changes.push(("style", Some(style.as_str())));
        }
        with_attributes(tag, &changes)
    };
    let mut all = Vec::new();
    let mut next = change.first;
    let mut covered = Vec::new();
    for (first, last, tag) in columns {
        let (from, to) = (first.max(change.first), last.min(change.last));
        if from > to {
            all.push((first, last, tag));
            continue;
        }
        if first < from {
            all.push((first, from - 1, tag.clone()));
        }
        all.push((from, to, with(&tag)));
        covered.push((from, to));
        if last > to {
            all.push((to + 1, last, tag));
        }
    }
    covered.sort_unstable();
    // A column needs a width if it says anything.
    let blank = BytesStart::new(name.to_owned()).with_attributes([("width", "9.140625")]);
    for (from, to) in covered {
        if next < from {
            all.push((next, from - 1, with(&blank)));
        }
        next = to + 1;
    }
    if next <= change.last {
        all.push((next, change.last, with(&blank)));
    }
    all
}

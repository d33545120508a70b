//! What of a sheet must not be overwritten, and where it ends.

use std::{collections::BTreeMap, io::BufRead};

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

use super::{
    address::{Area, CellAddress},
    sheet_parts::attribute_of_relation,
};
use crate::ooxml::xml::{EditError, attribute, local, without_prefix};

/// What was found in a sheet.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Merged cells.
    pub(super) merged: Vec<Area>,
    /// Areas that one formula fills.
    pub(super) arrays: Vec<Area>,
    /// The relations of the sheet's tables.
    pub(super) tables: Vec<String>,
    /// The last row with something in it.
    pub(super) last_row: Option<u32>,
    /// The formats of its cells.
    pub(super) last_row_styles: BTreeMap<u32, u32>,
}

/// Counts rows or columns, whose numbers files may leave out.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Position {
    next: u32,
}

impl Position {
    /// The row of this `<row>`, from 0.
    pub(super) fn row(&mut self, tag: &BytesStart<'_>) -> u32 {
        let written = attribute(tag, "r").and_then(|row| row.parse::<u32>().ok());
        self.at(written.and_then(|row| row.checked_sub(1)))
    }

    /// The column of this `<c>`, from 0.
    pub(super) fn column(&mut self, tag: &BytesStart<'_>) -> u32 {
        let written = attribute(tag, "r").and_then(|cell| CellAddress::parse(&cell));
        self.at(written.map(|cell| cell.column))
    }

    fn at(&mut self, written: Option<u32>) -> u32 {
        let position = written.unwrap_or(self.next);
        self.next = position + 1;
        position
    }
}

/// The format of a tag, such as a `<c>` or a `<row>`.
pub(super) fn style_of(tag: &BytesStart<'_>, name: &str) -> Option<u32> {
    attribute(tag, name).and_then(|style| style.parse().ok())
}

/// Reads a whole sheet.
pub(super) fn scan(xml: impl BufRead) -> Result<Scan, EditError> {
    let mut reader = Reader::from_reader(xml);
    let mut buffer = Vec::new();
    let mut scan = Scan::default();
    let (mut rows, mut columns) = (Position::default(), Position::default());
    let mut row = 0;
    let mut styles = BTreeMap::new();
    let mut in_data = false;
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer)? {
            Event::Start(tag) | Event::Empty(tag) => match local(&tag) {
                "sheetData" => in_data = true,
                "row" if in_data => {
                    row = rows.row(&tag);
                    columns = Position::default();
                    styles.clear();
                }
                "c" if in_data => {
                    let column = columns.column(&tag);
                    if let Some(style) = style_of(&tag, "s") {
                        styles.insert(column, style);
                    }
                }
                name @ ("v" | "f" | "is") if in_data => {
                    scan.last_row = Some(row);
                    if name == "f" && attribute(&tag, "t").is_some_and(|kind| kind != "shared") {
                        let area = attribute(&tag, "ref").and_then(|area| Area::parse(&area));
                        scan.arrays.extend(area.filter(|area| !area.is_one_cell()));
                    }
                }
                "mergeCell" => {
                    let area = attribute(&tag, "ref").and_then(|area| Area::parse(&area));
                    scan.merged.extend(area);
                }
                "tablePart" => scan.tables.extend(attribute_of_relation(&tag)),
                _ => {}
            },
            Event::End(tag) => match without_prefix(tag.name().0) {
                "sheetData" => in_data = false,
                "row" if in_data && scan.last_row == Some(row) => {
                    scan.last_row_styles.clone_from(&styles);
                }
                _ => {}
            },
            Event::Eof => return Ok(scan),
            _ => {}
        }
    }
}

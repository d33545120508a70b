//! Whether an OpenDocument sheet can be read with the memory there is.
//!
//! The library reads all sheets of such a file at once, writes cells that are said to repeat as often
//! as they say, and waits for ever for the end of a table that is cut off. So the file is looked
//! through first.

use std::{fs::File, io::BufReader, path::Path};

use casare_engine::NodeError;
use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};
use zip::ZipArchive;

use super::{
    address::{COLUMNS, ROWS},
    workbook::unreadable,
};
use crate::ooxml::xml::{EditError, attribute, local, without_prefix};

/// So many cells all sheets together may have, those that repeat and those between others included.
const MOST_CELLS: u64 = 30_000_000;
/// So much text they may hold, in bytes, texts that repeat included.
const MOST_TEXT: u64 = 1 << 30;
/// Elements are not nested deeper than this.
const DEEPEST: usize = 256;

/// Refuses a file that would take all memory, and one that is cut off.
pub(super) fn check(file: &mut File, path: &Path) -> Result<(), NodeError> {
    let damaged = |error: &dyn std::fmt::Display| unreadable(path, &error.to_string());
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| damaged(&error))?;
    let content = archive
        .by_name("content.xml")
        .map_err(|_| damaged(&"it has no `content.xml`"))?;
    let reader = Reader::from_reader(BufReader::with_capacity(64 * 1024, content));
    match Extent::default().read(reader) {
        Ok(()) => Ok(()),
        Err(EditError::Node(_)) => Err(NodeError::invalid(format!(
            "the sheets of {} span more than {MOST_CELLS} cells or {} MiB of text, with those that \
             repeat",
            path.display(),
            MOST_TEXT >> 20
        ))
        .with_help("it is no ordinary workbook; open it, and save the sheet you need as .xlsx")),
        Err(error) => Err(damaged(&error)),
    }
}

/// How much there is in the sheets read so far.
#[derive(Debug, Default)]
struct Extent {
    cells: u64,
    text: u64,
    in_table: bool,
    sheet: Sheet,
    /// The cell that is open: how often it is there, and its depth.
    cell: Option<(u64, usize)>,
}

/// How far a sheet reaches.
#[derive(Debug, Default)]
struct Sheet {
    rows: u64,
    empty_rows: u64,
    width: u64,
    /// How often the open row is there.
    row_repeats: u64,
    row_width: u64,
    empty_cells: u64,
}

impl Extent {
    fn read(mut self, mut reader: Reader<impl std::io::BufRead>) -> Result<(), EditError> {
        let mut buffer = Vec::new();
        let mut depth = 0_usize;
        loop {
            buffer.clear();
            match reader.read_event_into(&mut buffer)? {
                Event::Eof if depth == 0 => return Ok(()),
                Event::Eof => return Err(EditError::Damaged("it is cut off".to_owned())),
                Event::Start(tag) => {
                    depth += 1;
                    if depth > DEEPEST {
                        return Err(EditError::Damaged("it is nested too deep".to_owned()));
                    }
                    self.open(&tag, depth)?;
                }
                Event::Empty(tag) => {
                    self.open(&tag, depth + 1)?;
                    self.close(local(&tag), depth + 1);
                }
                Event::End(tag) => {
                    self.close(without_prefix(tag.name().0), depth);
                    depth = depth.saturating_sub(1);
                }
                Event::Text(text) => self.add_text(text.len() as u64),
                _ => {}
            }
            if self.cells + self.sheet.rows.saturating_mul(self.sheet.width) > MOST_CELLS
                || self.text > MOST_TEXT
            {
                return Err(NodeError::invalid("too much").into());
            }
        }
    }

    fn open(&mut self, tag: &BytesStart<'_>, depth: usize) -> Result<(), EditError> {
        match local(tag) {
            "table" if self.in_table => {
                return Err(EditError::Damaged(
                    "one of its tables stands inside another".to_owned(),
                ));
            }
            "table" => self.in_table = true,
            "table-row" => {
                self.sheet.row_repeats = repeats(tag, "number-rows-repeated", ROWS);
                self.sheet.row_width = 0;
                self.sheet.empty_cells = 0;
            }
            "table-cell" | "covered-table-cell" => {
                let repeats = repeats(tag, "number-columns-repeated", COLUMNS);
                if self.cell.is_none() {
                    self.cell = Some((repeats * self.sheet.row_repeats.max(1), depth));
                }
                let mut holds_something = false;
                for attribute in tag.attributes().with_checks(false).flatten() {
                    let name = attribute.key.0;
                    holds_something |= name.starts_with("office:")
                        || name.starts_with("calcext:")
                        || name == "table:formula";
                    if let "office:string-value"
                    | "office:date-value"
                    | "office:time-value"
                    | "table:formula" = name
                    {
                        self.add_text(attribute.value.len() as u64);
                    }
                }
                if holds_something {
                    let width = self.sheet.row_width + self.sheet.empty_cells + repeats;
                    self.sheet.row_width = width.min(COLUMNS.into());
                    self.sheet.empty_cells = 0;
                } else {
                    self.sheet.empty_cells += repeats;
                }
            }
            // So many spaces.
            "s" => {
                let count = attribute(tag, "c").and_then(|count| count.parse().ok());
                self.add_text(count.unwrap_or(1));
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, name: &str, depth: usize) {
        match name {
            "table" => {
                self.in_table = false;
                let sheet = std::mem::take(&mut self.sheet);
                self.cells += sheet.rows.saturating_mul(sheet.width);
            }
            "table-row" => {
                let sheet = &mut self.sheet;
                // The row itself, before it is repeated.
                self.cells += sheet.row_width;
                if sheet.row_width == 0 {
                    sheet.empty_rows += sheet.row_repeats;
                } else {
                    sheet.rows += sheet.empty_rows + sheet.row_repeats;
                    sheet.empty_rows = 0;
                    sheet.width = sheet.width.max(sheet.row_width);
                }
                sheet.rows = sheet.rows.min(ROWS.into());
            }
            "table-cell" | "covered-table-cell"
                if self.cell.is_some_and(|(_, opened)| opened == depth) =>
            {
                self.cell = None;
            }
            _ => {}
        }
    }

    /// Counts text that stands in the open cell, as often as that is there.
    fn add_text(&mut self, bytes: u64) {
        let times = self.cell.map_or(0, |(times, _)| times);
        self.text = self.text.saturating_add(bytes.saturating_mul(times));
    }
}

/// How often a row or cell is there; no more often than a sheet has room for.
fn repeats(tag: &BytesStart<'_>, name: &str, most: u32) -> u64 {
    let written = attribute(tag, name).and_then(|count| count.parse::<u64>().ok());
    written.unwrap_or(1).min(most.into())
}

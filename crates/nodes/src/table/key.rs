//! Which rows belong together: what their key columns hold.

use std::{
    collections::{HashMap, HashSet},
    io::Write as _,
};

use casare_files::rows::{Cell, Row, cell_text};
use casare_workflow::Value;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::data::order::folded;

/// Rows or groups by their keys. The hash is quick, and seeded so that no table can be made to collide.
pub(super) type ByKey<T> = HashMap<Box<[u8]>, T, foldhash::fast::RandomState>;

/// Keys that occurred.
pub(super) type Keys = HashSet<Box<[u8]>, foldhash::fast::RandomState>;

/// Ends a cell in a key; no text has this byte.
const END: u8 = 0xff;

/// One name or several.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Names {
    /// One column.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Default for Names {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl Names {
    pub(super) fn as_slice(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

/// The cells that make up a key.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) positions: Vec<usize>,
    pub(super) ignore_case: bool,
}

impl Key {
    /// Puts the key of `row` into `buffer`; whether any of its cells holds something.
    ///
    /// A number is the text that is written like it: rows of a workbook and of a CSV file meet.
    pub(super) fn write(&self, row: &Row, buffer: &mut Vec<u8>) -> bool {
        buffer.clear();
        let mut filled = false;
        for position in &self.positions {
            let before = buffer.len();
            write_cell(row.look(*position), self.ignore_case, buffer);
            filled |= buffer.len() > before;
            buffer.push(END);
        }
        filled
    }

    /// The cells of the key.
    pub(super) fn cells(&self, row: &Row) -> Vec<Value> {
        self.positions.iter().map(|at| row.cell(*at)).collect()
    }

    /// The key for people.
    pub(super) fn shown(&self, row: &Row) -> String {
        let cells: Vec<String> = self.cells(row).iter().map(cell_text).collect();
        cells.join(", ")
    }
}

/// Puts what identifies a cell at the end of `buffer`: nothing for none.
pub(super) fn write_cell(cell: Cell<'_>, ignore_case: bool, buffer: &mut Vec<u8>) {
    let text = match cell {
        Cell::Nothing => return,
        Cell::Text(text) => text,
        Cell::Value(value) => {
            if let Some(text) = value.as_str() {
                text
            } else {
                if let Some(whole) = value.as_i64().filter(|_| value.is_integer()) {
                    // Writing into a vector does not fail.
                    let _ = write!(buffer, "{whole}");
                } else {
                    buffer.extend_from_slice(cell_text(value).as_bytes());
                }
                return;
            }
        }
    };
    if ignore_case {
        buffer.extend_from_slice(folded(text.trim()).as_bytes());
    } else {
        buffer.extend_from_slice(text.as_bytes());
    }
}

//! Workbooks.
//!
//! Reading goes through calamine. Writing edits the one sheet inside the file and copies every
//! other part of it byte by byte: formulas, styles, charts, pictures, pivot tables and macros
//! survive because nothing ever takes them apart.
//!
//! | module | what it holds |
//! |---|---|
//! | [`address`] | `B4`, `A1:D20` |
//! | [`dates`] | a spreadsheet's day numbers and ISO texts |
//! | [`workbook`] | opening any kind of workbook for reading |
//! | [`sheets`] | finding and adding sheets |
//! | [`scan`] | what of a sheet must not be overwritten, and where it ends |
//! | [`edit`] | new cells into a sheet, as a stream |
//! | [`existing`] | the cells that a row has already |
//! | [`cell`] | a value as the XML of a cell |
//! | [`styles`] | formats that show a date as one |
//! | [`tables`] | tables that grow with what is appended |

use casare_engine::Node;

mod address;
mod cell;
mod cells;
mod dates;
mod edit;
mod existing;
mod read;
mod scan;
mod sheets;
mod styles;
mod tables;
mod target;
mod workbook;
mod write;

pub(crate) fn nodes() -> Vec<Node> {
    vec![read::node(), write::node()]
}

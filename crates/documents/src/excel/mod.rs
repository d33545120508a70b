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
//! | [`ods`], [`xls`] | whether such a file can be read with the memory there is |
//! | [`sheet_parts`] | finding and adding sheets |
//! | [`scan`] | what of a sheet must not be overwritten, and where it ends |
//! | [`edit`] | new cells into a sheet, as a stream |
//! | [`existing`] | the cells that a row has already |
//! | [`cell`] | a value as the XML of a cell |
//! | [`styles`] | formats that show a date as one |
//! | [`tables`] | tables that grow with what is appended |

use casare_engine::Node;

mod address;
mod append;
mod book;
mod cell;
mod cells;
mod clear;
mod create;
mod dates;
mod edit;
mod existing;
mod find;
mod follow;
mod formats;
mod formulas;
mod ods;
mod patch;
mod read;
mod read_cell;
mod read_range;
mod references;
mod rows;
mod scan;
mod sheet_changes;
mod sheet_parts;
mod sheets;
mod style;
mod styles;
mod tables;
mod target;
mod workbook;
mod write;
mod write_cells;
mod xls;

pub(crate) fn nodes() -> Vec<Node> {
    vec![
        append::node(),
        clear::node(),
        create::node(),
        find::node(),
        read::node(),
        read_cell::node(),
        read_range::node(),
        rows::node(),
        sheets::node(),
        style::node(),
        write::node(),
        write_cells::node(),
    ]
}

//! Documents of Word.
//!
//! Reading and changing work on the parts of a `.docx` file themselves: what is not changed stays
//! byte by byte.

use casare_engine::Node;

mod carried;
mod content;
mod create;
mod document;
mod fill_table;
mod joined;
mod joined_lists;
mod joined_styles;
mod merge;
mod read;
mod replace;
mod to_pdf;

pub(crate) fn nodes() -> Vec<Node> {
    vec![
        create::node(),
        fill_table::node(),
        merge::node(),
        read::node(),
        replace::node(),
        to_pdf::node(),
    ]
}

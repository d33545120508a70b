//! XML: read, written, asked by XPath, and as data. Entities and document types are refused.

use casare_engine::Node;

mod document;
mod format;
mod parse;
mod query;
mod read;
mod write;

pub(crate) fn nodes() -> Vec<Node> {
    vec![
        format::node(),
        parse::node(),
        query::node(),
        read::node(),
        write::node(),
    ]
}

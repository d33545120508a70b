//! Data as JSON text and in files, and questions to it.

use casare_engine::Node;

mod format;
mod parse;
mod query;
mod read;
mod transform;
mod write;

pub(crate) fn nodes() -> Vec<Node> {
    vec![
        format::node(),
        parse::node(),
        query::node(),
        read::node(),
        transform::node(),
        write::node(),
    ]
}

//! Data as YAML text and in files.

use casare_engine::Node;

mod document;
mod format;
mod parse;
mod read;
mod write;

pub(crate) fn nodes() -> Vec<Node> {
    vec![format::node(), parse::node(), read::node(), write::node()]
}

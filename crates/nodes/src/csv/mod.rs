//! Tables as text, cells separated by a character.

use casare_engine::Node;

mod ahead;
mod dialect;
mod format;
mod parse;
mod read;
mod records;
mod text;
mod write;

pub(crate) fn nodes() -> Vec<Node> {
    vec![format::node(), parse::node(), read::node(), write::node()]
}

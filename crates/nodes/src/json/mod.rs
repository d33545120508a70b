//! Data as JSON text, and questions to it.

use casare_engine::Node;

mod format;
mod parse;
mod query;

pub(crate) fn nodes() -> Vec<Node> {
    vec![format::node(), parse::node(), query::node()]
}

//! HTML that is at hand as text: what is in it, by CSS selectors. Live pages are `browser.*`.

use casare_engine::Node;

mod links;
mod page;
mod parse;
mod select;
mod table;

pub(crate) fn nodes() -> Vec<Node> {
    vec![links::node(), parse::node(), select::node(), table::node()]
}

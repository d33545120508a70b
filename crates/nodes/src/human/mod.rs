//! Questions to people.

use casare_engine::Node;

mod approve;
mod input;

pub(crate) fn nodes() -> Vec<Node> {
    vec![approve::node(), input::node()]
}

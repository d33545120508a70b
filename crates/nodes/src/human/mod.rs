//! Questions to people.

use casare_engine::Node;

mod input;

pub(crate) fn nodes() -> Vec<Node> {
    vec![input::node()]
}

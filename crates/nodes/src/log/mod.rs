//! The run's log.

use casare_engine::Node;

mod write;

pub(crate) fn nodes() -> Vec<Node> {
    vec![write::node()]
}

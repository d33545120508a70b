//! Files that a run keeps.

use casare_engine::Node;

mod media_type;
mod save;

pub(crate) fn nodes() -> Vec<Node> {
    vec![save::node()]
}

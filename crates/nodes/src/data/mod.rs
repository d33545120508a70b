//! Values and variables. `data.set` and `data.increment` are the engine's own.

use casare_engine::Node;

mod rules;
mod validate;

pub(crate) fn nodes() -> Vec<Node> {
    vec![validate::node()]
}

//! Values and variables. `data.set` and `data.increment` are the engine's own.

use casare_engine::Node;

pub(crate) mod number;
pub(crate) mod order;
pub(crate) mod path;
pub(crate) mod rules;
pub(crate) mod written;
mod validate;

pub(crate) fn nodes() -> Vec<Node> {
    vec![validate::node()]
}

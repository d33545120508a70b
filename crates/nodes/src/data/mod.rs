//! Values and variables. `data.set` and `data.increment` are the engine's own.

use casare_engine::Node;

mod compare;
mod convert;
mod difference;
pub(crate) mod number;
pub(crate) mod order;
pub(crate) mod path;
mod placeholders;
pub(crate) mod rules;
mod schema;
mod target;
mod template;
mod transform;
mod validate;
pub(crate) mod written;

pub(crate) fn nodes() -> Vec<Node> {
    vec![
        compare::node(),
        convert::node(),
        template::node(),
        transform::node(),
        validate::node(),
    ]
}

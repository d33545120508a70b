//! Numbers. What money needs is exact: 0.1 and 0.2 are 0.3.

use casare_engine::Node;

mod aggregate;
mod calculate;
mod round;
pub(crate) mod statistics;

pub(crate) fn nodes() -> Vec<Node> {
    vec![aggregate::node(), calculate::node(), round::node()]
}

//! Text. What an expression says as well (`{{ name | upper }}`) needs no node; these are for
//! those who look for one, and for what takes more than a filter.

use casare_engine::Node;

mod change_case;
mod find;
mod join;
mod pad;
mod replace;
pub(crate) mod search;
mod split;
mod trim;

pub(crate) fn nodes() -> Vec<Node> {
    vec![
        change_case::node(),
        find::node(),
        join::node(),
        pad::node(),
        replace::node(),
        split::node(),
        trim::node(),
    ]
}

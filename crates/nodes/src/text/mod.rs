//! Text. What an expression says as well (`{{ name | upper }}`) needs no node; these are for
//! those who look for one, and for what takes more than a filter.

use casare_engine::Node;

mod change_case;
mod coding;
mod count;
mod decode;
mod encode;
mod extract;
mod find;
mod fuzzy;
mod join;
mod lines;
mod normalize;
mod pad;
mod replace;
mod reverse;
pub(crate) mod search;
mod slice;
mod split;
mod trim;

pub(crate) fn nodes() -> Vec<Node> {
    vec![
        change_case::node(),
        count::node(),
        decode::node(),
        encode::node(),
        extract::node(),
        find::node(),
        fuzzy::node(),
        join::node(),
        lines::node(),
        normalize::node(),
        pad::node(),
        replace::node(),
        reverse::node(),
        slice::node(),
        split::node(),
        trim::node(),
    ]
}

//! Lists: made, changed, filtered, sorted, folded. A stream stays a stream where that is possible.

use casare_engine::Node;

mod add;
pub(crate) mod chooser;
mod chunk;
mod combine;
pub(crate) mod condition;
mod contains;
mod count;
mod create;
mod filter;
mod flatten;
pub(crate) mod formula;
mod get;
mod group;
pub(crate) mod identity;
pub(crate) mod items;
mod join;
mod map;
mod reduce;
mod remove;
mod reverse;
mod slice;
mod sort;
mod unique;
mod zip;

pub(crate) fn nodes() -> Vec<Node> {
    vec![
        add::node(),
        chunk::node(),
        combine::node(),
        contains::node(),
        count::node(),
        create::node(),
        filter::node(),
        flatten::node(),
        get::node(),
        group::node(),
        join::node(),
        map::node(),
        reduce::node(),
        remove::node(),
        reverse::node(),
        slice::node(),
        sort::node(),
        unique::node(),
        zip::node(),
    ]
}

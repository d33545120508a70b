//! Tables: rows of a file, a workbook or a database, chosen, sorted, grouped and joined.
//!
//! A table is a list of rows, or a stream of them: filter, select, compute, join and others answer
//! a stream for a stream, so that a file of any size goes through in little memory. Rows share
//! their header, and what a step adds or picks is a view on the rows below it, not a copy.

use casare_engine::Node;

mod aggregate;
mod compare;
mod compute;
mod concat;
mod dedupe;
mod fill;
mod filter;
mod group;
mod groups;
mod join;
mod key;
mod measure;
mod number;
mod pivot;
mod sample;
mod select;
mod sort;
mod source;
mod unpivot;

pub(crate) fn nodes() -> Vec<Node> {
    vec![
        aggregate::node(),
        compare::node(),
        compute::node(),
        concat::node(),
        dedupe::node(),
        fill::node(),
        filter::node(),
        group::node(),
        join::node(),
        pivot::node(),
        sample::node(),
        select::node(),
        sort::node(),
        unpivot::node(),
    ]
}

//! Dates and times. In and out they are texts in ISO form, as in expressions: `2026-11-23`,
//! `2026-11-23T14:30:00`, `2026-11-23T14:30:00+01:00`; in, also as people write them.

use casare_engine::Node;

mod add;
mod business_days;
mod calendar;
mod compare;
mod difference;
mod format;
pub(crate) mod human;
pub(crate) mod moment;
mod names;
mod now;
mod numeric;
mod parse;
mod parts;
mod pattern;
mod relative;
mod round;
mod working;

pub(crate) fn nodes() -> Vec<Node> {
    vec![
        add::node(),
        business_days::node(),
        calendar::node(),
        compare::node(),
        difference::node(),
        format::node(),
        now::node(),
        parse::node(),
        round::node(),
    ]
}

//! Integration tests of the crate, one module a topic.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod check;
mod diff;
mod expression;
mod format;
mod merge;
mod schema;

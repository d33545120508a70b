//! Integration tests of the crate, one module a topic.

mod check;
mod expression;
mod format;

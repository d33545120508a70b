//! Integration tests of the crate, one module a topic.

mod expression;

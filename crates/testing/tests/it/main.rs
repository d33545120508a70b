//! Tests of tests: what a `*.test.yaml` can say and what comes of it.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs is there or the test fails"
)]

mod bench;
mod cases;
mod mistakes;
mod recordings;

//! The engine as its users see it: workflows in, events, outcomes and files out.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs is there or the test fails"
)]

mod attended;
mod control;
mod failure;
mod from;
mod harness;
mod resume;
mod scale;

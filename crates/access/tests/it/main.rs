//! What holds of access, on both databases.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs is there or the test fails"
)]

mod people;
mod statements;
mod vault;

//! The server as its callers see it, over HTTP, on both databases.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs is there or the test fails"
)]

mod designer;
mod document;
mod life;
mod live;
mod office;
mod promises;
mod schedules;
mod triggers;
mod walls;
mod watching;

//! The debugger as its users see it: an editor's protocol, and a terminal's lines.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs is there or the test fails"
)]

mod client;
mod dap;
mod host;
mod terminal;

//! Workflows of other tools, imported, checked and run to their end.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod bad_input;
mod dialects;
mod flow;
mod others;
mod projects;
mod runs;
mod sketch;
mod values;

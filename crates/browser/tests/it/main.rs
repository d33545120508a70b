//! The crate against a real Chromium.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod acting;
mod finding;
mod living;
mod reading;
mod site;

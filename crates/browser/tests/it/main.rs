//! The crate against a real Chromium.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod acting;
mod emulating;
mod finding;
mod healing;
mod hostile;
mod living;
mod pointing;
mod reading;
mod recording;
mod sighting;
mod site;
mod traffic;
mod understanding;

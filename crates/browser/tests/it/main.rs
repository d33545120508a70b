//! The crate against a real Chromium.

mod acting;
mod finding;
mod living;
mod reading;
mod site;

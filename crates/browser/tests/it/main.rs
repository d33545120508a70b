//! The crate against a real Chromium.

mod acting;
mod finding;
mod site;

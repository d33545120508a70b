//! The standard nodes as workflows use them, a module a category.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs is there or the test fails"
)]

mod artifact;
mod browser;
mod catalogue;
mod csv;
mod data;
mod excel;
mod file;
mod harness;
mod http;
mod json;
mod postgres;
mod script;
mod sql;
mod text;

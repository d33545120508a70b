//! The standard nodes as workflows use them, a module a category.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs is there or the test fails"
)]

use casare_engine::Node;
use casare_node_testing::Office;

mod artifact;
mod browser;
mod catalogue;
mod csv;
mod custom;
mod data;
mod file;
mod json;
mod script;
mod text;

/// Every node that a workflow of these tests may use.
fn all() -> Vec<Node> {
    casare_nodes::standard()
}

fn office() -> Office {
    Office::with(all())
}

//! Connections as workflows use them, against real servers, a module a category.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs is there or the test fails"
)]

use casare_engine::Node;
use casare_node_testing::Office;

mod catalogue;
mod http;
mod sql;

/// Every node that a workflow of these tests may use.
fn all() -> Vec<Node> {
    [casare_connectors::standard(), casare_nodes::standard()].concat()
}

fn office() -> Office {
    Office::with(all())
}

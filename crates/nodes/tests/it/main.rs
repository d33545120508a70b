//! The standard nodes as workflows use them, a module a category.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs is there or the test fails"
)]

use casare_engine::Node;
use casare_node_testing::Office;

mod artifact;
mod browser;
mod browser_network;
mod browser_pages;
mod catalogue;
mod crypto;
mod csv;
mod custom;
mod data;
mod date;
mod file;
mod human;
mod json;
mod list;
mod map;
mod math;
mod random;
mod script;
mod system;
mod table;
mod text;

/// Every node that a workflow of these tests may use.
fn all() -> Vec<Node> {
    casare_nodes::standard()
}

fn office() -> Office {
    Office::with(all())
}

/// The outputs of one node with these settings, for tests that try many.
fn outcome_of(node: &str, settings: serde_json::Value) -> serde_json::Value {
    // JSON is YAML.
    let steps = serde_json::json!([{ "id": "it", "use": node, "with": settings }]);
    let workflow = format!("steps: {steps}\noutputs: {{ it: \"{{{{ steps.it }}}}\" }}\n");
    tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(office().outputs(&workflow))["it"]
        .take()
}

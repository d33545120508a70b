//! Documents as workflows use them, a module a category.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs is there or the test fails"
)]

use casare_engine::Node;
use casare_node_testing::Office;

mod catalogue;
mod excel;
mod excel_edit;
mod pdf;
mod pictures;
mod word;
mod workbook_kinds;

/// Every node that a workflow of these tests may use.
fn all() -> Vec<Node> {
    [casare_documents::standard(), casare_nodes::standard()].concat()
}

fn office() -> Office {
    Office::with(all())
}

/// An office with the files that examples of nodes read.
fn office_with_fixtures() -> Office {
    Office::with_fixtures(all())
}

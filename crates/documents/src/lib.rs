//! Workbooks, documents and pictures.
//!
//! One folder a category, as in `casare-nodes`; these are the categories whose libraries are heavy.

use casare_engine::Node;

mod excel;
mod ooxml;

/// Every node of these categories.
pub fn standard() -> Vec<Node> {
    [excel::nodes()].into_iter().flatten().collect()
}

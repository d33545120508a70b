//! The standard node library, one folder a category.
//!
//! A node is one small file: its settings, its outputs, one async function, and a `node()` that
//! describes it. Each category's `mod.rs` lists its nodes; this file lists the categories.

use casare_engine::Node;

mod artifact;
mod browser;
mod csv;
mod data;
mod excel;
mod file;
mod http;
mod json;
mod log;
mod script;
mod sql;
mod table;
mod text;

/// Every node of the library.
pub fn standard() -> Vec<Node> {
    [
        artifact::nodes(),
        browser::nodes(),
        csv::nodes(),
        data::nodes(),
        excel::nodes(),
        file::nodes(),
        http::nodes(),
        json::nodes(),
        log::nodes(),
        script::nodes(),
        sql::nodes(),
        text::nodes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

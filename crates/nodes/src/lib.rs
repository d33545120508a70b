//! The standard node library, one folder a category.
//!
//! A node is one small file: its settings, its outputs, one async function, and a `node()` that
//! describes it. Each category's `mod.rs` lists its nodes; this file lists the categories.

use casare_engine::Node;

mod artifact;
mod browser;
mod crypto;
mod csv;
pub mod custom;
mod data;
mod date;
mod file;
mod html;
mod human;
mod json;
mod list;
mod log;
mod map;
mod math;
mod random;
mod script;
mod system;
mod table;
mod text;
mod xml;
mod yaml;

pub use browser::healing;

/// Every node of the library.
pub fn standard() -> Vec<Node> {
    [
        artifact::nodes(),
        browser::nodes(),
        crypto::nodes(),
        csv::nodes(),
        data::nodes(),
        date::nodes(),
        file::nodes(),
        human::nodes(),
        html::nodes(),
        json::nodes(),
        list::nodes(),
        log::nodes(),
        map::nodes(),
        math::nodes(),
        random::nodes(),
        script::nodes(),
        system::nodes(),
        table::nodes(),
        text::nodes(),
        xml::nodes(),
        yaml::nodes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

//! Text → workflow → text.

use casare_workflow::format;

mod canonical;
mod edits;
mod mistakes;
mod properties;
mod reading;

/// `text` as `casare fmt` writes it.
fn fmt(text: &str) -> String {
    format::canonical("a.workflow.yaml", text).unwrap()
}

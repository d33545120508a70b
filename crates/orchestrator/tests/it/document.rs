//! The document that describes the API.

use std::path::Path;

use casare_store::Clock;
use casare_store_testing::{Database, on_both};

/// Write it anew with `cargo run -p casare-orchestrator --example openapi > docs/openapi.json`.
#[test]
fn the_document_that_is_checked_in_is_the_one_that_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let kept: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let served = serde_json::to_value(casare_orchestrator::document()).unwrap();

    assert!(kept == served, "write docs/openapi.json anew");
}

on_both! {
    async fn every_statement_can_be_prepared(database: Database) {
        let store = database.open(Clock::System).await;
        let statements = casare_orchestrator::all_statements();
        let wrong = casare_store_testing::not_understood(&store, &statements).await;

        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

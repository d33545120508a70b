//! Every SQL text is understood by the database that it is written for.

use casare_access::all_statements;
use casare_store::Clock;
use casare_store_testing::{Database, on_both};

on_both! {
    async fn every_statement_can_be_prepared(database: Database) {
        let store = database.open(Clock::System).await;
        let wrong = casare_store_testing::not_understood(&store, &all_statements()).await;

        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

//! Every SQL text is understood by the database that it is written for.

use casare_queue::all_statements;
use casare_store::{Clock, Link, Store};
use casare_store_testing::{Database, on_both};
use sqlx::{Executor, SqlSafeStr};

on_both! {
    async fn every_statement_can_be_prepared(database: Database) {
        let store = database.open(Clock::System).await;
        let mut reader = store.reader().await.unwrap();
        let mut wrong = Vec::new();
        for sql in all_statements() {
            let text = match store {
                Store::Sqlite(_) => sql.sqlite,
                Store::Postgres(_) => sql.postgres,
            };
            if text.is_empty() {
                continue;
            }
            let prepared = match reader.link() {
                Link::Sqlite(link) => link.prepare(text.into_sql_str()).await.map(|_| ()),
                Link::Postgres(link) => link.prepare(text.into_sql_str()).await.map(|_| ()),
            };
            if let Err(error) = prepared {
                wrong.push(format!("{}: {error}", sql.name));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

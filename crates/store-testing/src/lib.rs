//! Databases for tests: the same body runs on SQLite and on PostgreSQL.
//!
//! PostgreSQL is the system's own. One server is started for all tests that run at the same time,
//! in whatever processes, and stops soon after the last of them; each test has a database of its
//! own, which belongs to a user without special rights. A test that ends servers starts its own.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs is there or the test fails"
)]

mod server;
mod shared;

use casare_store::{Clock, Link, Sql, Store};
use sqlx::{Executor, SqlSafeStr};
use tempfile::TempDir;

pub use server::{Durable, PostgresServer};

/// A database of a test, gone with it.
#[derive(Debug)]
pub struct Database {
    pub address: String,
    folder: Option<TempDir>,
}

impl Database {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            address: format!("sqlite:{}", folder.path().join("casare.db").display()),
            folder: Some(folder),
        }
    }

    /// On the server that tests share.
    pub async fn postgres() -> Self {
        let server = tokio::task::spawn_blocking(shared::server).await.unwrap();
        Self {
            address: server.create_database().await,
            folder: None,
        }
    }

    pub async fn open(&self, clock: Clock) -> Store {
        Store::open(&self.address, clock).await.unwrap()
    }

    /// Where the file of SQLite lies.
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.folder.as_ref().map(TempDir::path)
    }
}

/// Runs `body(Database)` on both databases, as two tests in a module of its name.
#[macro_export]
macro_rules! on_both {
    ($($(#[$doc:meta])* async fn $name:ident($database:ident: $kind:ident) $body:block)*) => {$(
        $(#[$doc])*
        mod $name {
            #[allow(unused_imports, reason = "whatever the body needs")]
            use super::*;

            async fn body($database: $kind) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                body($crate::Database::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                body($crate::Database::postgres().await).await;
            }
        }
    )*};
}

/// Which of these texts the database does not understand, and why.
pub async fn not_understood(store: &Store, statements: &[Sql]) -> Vec<String> {
    let mut reader = store.reader().await.unwrap();
    let mut wrong = Vec::new();
    for sql in statements {
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
    wrong
}

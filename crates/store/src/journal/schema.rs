//! The versions of the journal's file.
//!
//! `PRAGMA user_version` counts the migrations that a file has seen. Looking at it is one short
//! read where sqlx's migrator would take a lock and three statements at every start.

use std::path::Path;

use sqlx::{Connection, Row, SqliteConnection};

use super::statements;
use crate::StoreError;

/// Each ends by setting `user_version` to its place in this list, counted from one. What has been
/// released is never changed: a new version is a new file.
const MIGRATIONS: [&str; 2] = [
    include_str!("../../migrations/journal/0001_runs.sql"),
    include_str!("../../migrations/journal/0002_healed.sql"),
];

/// "Casr", as the first migration sets it.
const APPLICATION: i64 = 0x4361_7372;

/// Whether this program can use the file as it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Current,
    /// Seen this many of the migrations.
    Behind(usize),
}

/// Reads what version the file at `path` has.
///
/// # Errors
///
/// `NewerVersion` and `NotAJournal`.
pub(super) async fn standing(
    connection: &mut SqliteConnection,
    path: &Path,
) -> Result<Standing, StoreError> {
    let failed = |error| StoreError::from_database(path, "reading its version", error);
    let row = sqlx::query(statements::VERSION)
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    let found: i64 = row.try_get(0).map_err(failed)?;
    let application: i64 = row.try_get(1).map_err(failed)?;
    let holds_something: bool = row.try_get(2).map_err(failed)?;

    let known = MIGRATIONS.len() as i64;
    let path = path.to_owned();
    match (application, found) {
        (APPLICATION, found) if found > known => {
            Err(StoreError::NewerVersion { path, found, known })
        }
        (APPLICATION, found) if found == known => Ok(Standing::Current),
        (APPLICATION, 1..) => Ok(Standing::Behind(found as usize)),
        // A file just created, by us or by a process that was killed before it went on.
        (0, 0) if !holds_something => Ok(Standing::Behind(0)),
        _ => Err(StoreError::NotAJournal { path }),
    }
}

/// Brings the file up to date. The caller holds the setup lock.
pub(super) async fn migrate(
    connection: &mut SqliteConnection,
    path: &Path,
    seen: usize,
) -> Result<(), StoreError> {
    let failed = |error| StoreError::from_database(path, "creating its tables", error);
    if seen == 0 {
        // Only outside of a transaction, and it stays with the file.
        sqlx::query("PRAGMA journal_mode = WAL")
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    for migration in MIGRATIONS.iter().skip(seen) {
        let mut transaction = connection
            .begin_with(statements::BEGIN)
            .await
            .map_err(failed)?;
        sqlx::raw_sql(*migration)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
    }
    Ok(())
}

//! The migrations of the server's database: numbered, forward only, one chain for each database.
//!
//! One process at a time brings the database up to date. What a database has seen is written down
//! with a checksum of its text, so that a database that somebody else changed is left alone.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use sqlx::{PgPool, SqlitePool};

use super::DatabaseError;
use crate::Moment;

struct Migration {
    name: &'static str,
    text: &'static str,
}

macro_rules! chain {
    ($database:literal: $($name:literal)*) => {
        &[$(Migration {
            name: $name,
            text: include_str!(concat!("../../migrations/", $database, "/", $name, ".sql")),
        }),*]
    };
}

/// What has been released is never changed: a new version is a new file.
const SQLITE: &[Migration] = chain!("sqlite": "0001_tenants" "0002_queue" "0003_queue_items" "0004_runs_and_triggers" "0005_access" "0006_drafts" "0007_watching");
const POSTGRES: &[Migration] = chain!("postgres": "0001_tenants" "0002_queue" "0003_queue_items" "0004_runs_and_triggers" "0005_access" "0006_drafts" "0007_watching");

const CREATE_LIST: &str = "CREATE TABLE IF NOT EXISTS casare_migrations (
    version bigint PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at bigint NOT NULL)";
const SEEN: &str = "SELECT version, name, checksum FROM casare_migrations ORDER BY version";
const REMEMBER: &str = "INSERT INTO casare_migrations (version, name, checksum, applied_at)
    VALUES ($1, $2, $3, $4)";

/// "casare", read as a number.
const LOCK: i64 = 0x6361_7361_7265;

impl Migration {
    fn checksum(&self) -> String {
        Sha256::digest(self.text.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

/// Compares what a database has seen with the chain, and answers how many are behind it.
fn compare(chain: &[Migration], seen: &[(i64, String, String)]) -> Result<usize, DatabaseError> {
    for (index, (version, name, checksum)) in seen.iter().enumerate() {
        let Some(migration) = chain.get(index) else {
            return Err(DatabaseError::Newer {
                found: *version,
                known: chain.len() as i64,
            });
        };
        let drifted = *version != index as i64 + 1
            || name != migration.name
            || *checksum != migration.checksum();
        if drifted {
            return Err(DatabaseError::Drift {
                version: *version,
                name: name.clone(),
            });
        }
    }
    Ok(seen.len())
}

fn failed(version: i64, name: &'static str) -> impl Fn(sqlx::Error) -> DatabaseError {
    move |error| DatabaseError::Migration {
        version,
        name,
        source: Arc::new(error),
    }
}

pub(super) async fn sqlite(writer: &SqlitePool, now: Moment) -> Result<(), DatabaseError> {
    let listing = failed(0, "the list of migrations");
    // Its write lock is the lock.
    let mut work = writer
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(|error| DatabaseError::from_sqlx("BEGIN", error))?;
    sqlx::query(CREATE_LIST)
        .execute(&mut *work)
        .await
        .map_err(|error| DatabaseError::from_sqlx("CREATE", error))?;
    let seen = sqlx::query_as(SEEN)
        .fetch_all(&mut *work)
        .await
        .map_err(&listing)?;
    let start = compare(SQLITE, &seen)?;
    for (index, migration) in SQLITE.iter().enumerate().skip(start) {
        let version = index as i64 + 1;
        let failing = failed(version, migration.name);
        sqlx::raw_sql(migration.text)
            .execute(&mut *work)
            .await
            .map_err(&failing)?;
        sqlx::query(REMEMBER)
            .bind(version)
            .bind(migration.name)
            .bind(migration.checksum())
            .bind(now)
            .execute(&mut *work)
            .await
            .map_err(&failing)?;
    }
    work.commit().await.map_err(&listing)
}

pub(super) async fn postgres(pool: &PgPool, now: Moment) -> Result<(), DatabaseError> {
    let listing = failed(0, "the list of migrations");
    let mut work = pool.begin().await.map_err(&listing)?;
    // Until the end of the transaction; all of PostgreSQL's DDL is transactional.
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *work)
        .await
        .map_err(&listing)?;
    sqlx::query(CREATE_LIST)
        .execute(&mut *work)
        .await
        .map_err(&listing)?;
    let seen = sqlx::query_as(SEEN)
        .fetch_all(&mut *work)
        .await
        .map_err(&listing)?;
    let start = compare(POSTGRES, &seen)?;
    for (index, migration) in POSTGRES.iter().enumerate().skip(start) {
        let version = index as i64 + 1;
        let failing = failed(version, migration.name);
        sqlx::raw_sql(migration.text)
            .execute(&mut *work)
            .await
            .map_err(&failing)?;
        sqlx::query(REMEMBER)
            .bind(version)
            .bind(migration.name)
            .bind(migration.checksum())
            .bind(now)
            .execute(&mut *work)
            .await
            .map_err(&failing)?;
    }
    work.commit().await.map_err(&listing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(count: usize) -> Vec<(i64, String, String)> {
        POSTGRES[..count]
            .iter()
            .enumerate()
            .map(|(index, one)| (index as i64 + 1, one.name.to_owned(), one.checksum()))
            .collect()
    }

    #[test]
    fn a_database_that_is_behind_gets_what_it_lacks() {
        assert_eq!(compare(POSTGRES, &seen(2)).unwrap(), 2);
    }

    #[test]
    fn a_database_of_a_newer_version_is_left_alone() {
        let mut seen = seen(POSTGRES.len());
        seen.push((POSTGRES.len() as i64 + 1, "later".into(), String::new()));

        let error = compare(POSTGRES, &seen).unwrap_err();

        assert!(matches!(error, DatabaseError::Newer { .. }));
    }

    #[test]
    fn a_migration_that_was_changed_is_refused_by_name() {
        let mut seen = seen(2);
        seen[1].2 = "0000".into();

        let error = compare(POSTGRES, &seen).unwrap_err();

        assert_eq!(
            error.to_string(),
            "migration 2 (`0002_queue`) of the database is not the one that this Casare holds"
        );
    }
}

//! Every statement of the journal: constant text, so that a test can prepare them all.
//!
//! A statement that stands alone is a transaction of its own, and SQLite takes the write lock for
//! it as `BEGIN IMMEDIATE` would; only what needs several statements begins one.

/// Begins a transaction that will write. With the lock taken at once, waiting for it is possible:
/// a transaction that starts reading and finds the file changed can only fail.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";

/// What kind of file this is, of which version, and whether there is anything in it.
pub(super) const VERSION: &str =
    "SELECT user_version, application_id, EXISTS (SELECT 1 FROM sqlite_schema)
     FROM pragma_user_version, pragma_application_id";

/// Commits are in the hands of the system, and survive the end of this process.
pub(super) const SYNC_NORMAL: &str = "PRAGMA synchronous = NORMAL";

/// Every commit syncs the write-ahead log, and with it all commits before.
pub(super) const SYNC_FULL: &str = "PRAGMA synchronous = FULL";

pub(super) const INSERT_RUN: &str =
    "INSERT INTO runs (id, state, started_at, workflow, file, hash, folder, options, inputs,
                       text_length, text)
     VALUES ($1, 'running', $2, $3, $4, $5, $6, $7, $8, $9, $10)";

pub(super) const REOPEN_RUN: &str = "UPDATE runs
     SET state = 'running', attempt = attempt + 1, ended_at = NULL, error = NULL, outputs = NULL
     WHERE id = $1
     RETURNING id, state, attempt, started_at, ended_at, steps, duration_ms, workflow, file, hash,
               folder, options, inputs, error, outputs, text_length, text,
               (SELECT times FROM healed WHERE run = runs.key) AS healed";

pub(super) const FINISH_RUN: &str = "UPDATE runs
     SET state = $2, ended_at = $3, steps = $4, duration_ms = $5, error = $6, outputs = $7
     WHERE id = $1";

/// Only for runs that healed something.
pub(super) const SET_HEALED: &str = "INSERT INTO healed (run, times)
     SELECT key, $2 FROM runs WHERE id = $1
     ON CONFLICT (run) DO UPDATE SET times = excluded.times";

/// Changes nothing: a commit is needed to sync those before it.
pub(super) const TOUCH_RUN: &str = "UPDATE runs SET attempt = attempt WHERE id = $1";

/// The segments go with it.
pub(super) const DELETE_RUN: &str = "DELETE FROM runs WHERE id = $1";

/// The runs with ids from $1 to $2, a few of them if there are many.
pub(super) const FIND_RUNS: &str =
    "SELECT id, state, attempt, started_at, ended_at, steps, duration_ms, workflow, file, hash,
            folder, options, inputs, error, outputs, text_length, text,
            (SELECT times FROM healed WHERE run = runs.key) AS healed
     FROM runs WHERE id BETWEEN $1 AND $2 ORDER BY id LIMIT 5";

pub(super) const LIST_RUNS: &str =
    "SELECT id, state, attempt, started_at, ended_at, steps, duration_ms, workflow, file, hash,
            folder, options, inputs, error, outputs, NULL AS text_length, x'' AS text,
            (SELECT times FROM healed WHERE run = runs.key) AS healed
     FROM runs
     WHERE ($1 IS NULL OR state = $1) AND ($2 IS NULL OR workflow = $2) AND ($3 IS NULL OR id < $3)
     ORDER BY id DESC LIMIT $4";

/// Appends a segment; no row is changed when there is no such run.
pub(super) const INSERT_SEGMENT: &str = "INSERT INTO segments (run, seq, length, bytes)
     SELECT key, (SELECT coalesce(max(seq), 0) + 1 FROM segments WHERE run = key), $2, $3
     FROM runs WHERE id = $1";

/// The segments of a run after number $2, a few at a time: no read stays open for long, which
/// would keep the write-ahead log from being reused.
pub(super) const SELECT_SEGMENTS: &str = "SELECT seq, length, bytes FROM segments
     WHERE run = (SELECT key FROM runs WHERE id = $1) AND seq > $2 ORDER BY seq LIMIT 8";

#[cfg(test)]
pub(super) const ALL: [&str; 14] = [
    BEGIN,
    VERSION,
    SYNC_NORMAL,
    SYNC_FULL,
    INSERT_RUN,
    REOPEN_RUN,
    FINISH_RUN,
    SET_HEALED,
    TOUCH_RUN,
    DELETE_RUN,
    FIND_RUNS,
    LIST_RUNS,
    INSERT_SEGMENT,
    SELECT_SEGMENTS,
];

#[cfg(test)]
mod tests {
    use sqlx::{Executor, SqlSafeStr};

    use crate::{Durability, Journal};

    #[tokio::test]
    async fn every_statement_is_one_that_the_file_understands() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).await.unwrap();
        let mut writing = journal.file.write(Durability::Power).await.unwrap();

        for statement in super::ALL {
            let prepared = (&mut writing.connection)
                .prepare(statement.into_sql_str())
                .await;

            assert!(prepared.is_ok(), "{statement}: {prepared:?}");
        }
    }
}

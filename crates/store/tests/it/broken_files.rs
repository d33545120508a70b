//! Files that are not what they should be.

use std::{fs, path::Path};

use casare_store::{Journal, RunFilter, StoreError};
use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use uuid::Uuid;

use crate::{new_run, open};

async fn raw(folder: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(folder.join("runs.db"))
        .create_if_missing(true)
        .connect()
        .await
        .unwrap()
}

async fn execute(folder: &Path, statement: &'static str) {
    sqlx::raw_sql(statement)
        .execute(&mut raw(folder).await)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).await);
    execute(folder.path(), "PRAGMA user_version = 99").await;

    let error = Journal::open(folder.path()).await.unwrap_err();

    assert!(matches!(
        error,
        StoreError::NewerVersion {
            found: 99,
            known: 2,
            ..
        }
    ));
    assert!(
        error
            .to_string()
            .contains("runs.db was written by a newer Casare (format 99")
    );
    assert!(error.help().starts_with("update this Casare"));
}

#[tokio::test]
async fn a_file_of_another_program_is_left_alone() {
    let foreign = tempfile::tempdir().unwrap();
    execute(foreign.path(), "CREATE TABLE theirs (name TEXT)").await;
    let text = tempfile::tempdir().unwrap();
    fs::write(
        text.path().join("runs.db"),
        "no database at all, ".repeat(500),
    )
    .unwrap();

    for folder in [&foreign, &text] {
        let before = fs::read(folder.path().join("runs.db")).unwrap();
        let error = Journal::open(folder.path()).await.unwrap_err();

        assert!(matches!(error, StoreError::NotAJournal { .. }), "{error:?}");
        assert_eq!(fs::read(folder.path().join("runs.db")).unwrap(), before);
    }
}

#[tokio::test]
async fn a_file_that_lost_its_end_is_named_as_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path()).await;
    for _ in 0..50 {
        drop(journal.begin(&new_run(Uuid::now_v7())).await.unwrap());
    }
    execute(folder.path(), "PRAGMA wal_checkpoint(TRUNCATE)").await;
    let file = fs::OpenOptions::new()
        .write(true)
        .open(folder.path().join("runs.db"))
        .unwrap();
    file.set_len(4096 + 100).unwrap();

    let outcome = match Journal::open(folder.path()).await {
        Ok(journal) => journal.list(RunFilter::default()).await.map(drop),
        Err(error) => Err(error),
    };

    assert!(
        matches!(outcome, Err(StoreError::Corrupt { .. })),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_damaged_segment_stops_the_reading_there() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path()).await;
    let new = new_run(Uuid::now_v7());
    let _lock = journal.begin(&new).await.unwrap();
    let writer = journal.writer(new.id);
    writer.append(|buffer| buffer.extend_from_slice(&b"many times the same ".repeat(500)));
    writer.close().await.unwrap();
    execute(
        folder.path(),
        "UPDATE segments SET bytes = substr(bytes, 1, 40)",
    )
    .await;

    let mut read = 0;
    let outcome = journal
        .segments(new.id, |segment| read += segment.len())
        .await;

    assert!(matches!(outcome, Err(StoreError::DamagedRun { run, .. }) if run == new.id));
    assert_eq!(read, 0);
}

#[tokio::test]
async fn a_file_that_was_created_but_never_set_up_is_set_up() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("runs.db"), "").unwrap();

    let journal = open(folder.path()).await;

    assert!(journal.list(RunFilter::default()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_folder_that_cannot_be_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();

    let error = Journal::open(&folder.path().join("file/data"))
        .await
        .unwrap_err();

    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert!(
        error
            .to_string()
            .ends_with("file/data cannot be used: creating the folder failed")
    );
}

#[cfg(unix)]
#[tokio::test]
async fn the_journal_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("share/casare");
    let journal = open(&data).await;
    let new = new_run(Uuid::now_v7());
    let _lock = journal.begin(&new).await.unwrap();

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let lock = format!("locks/{}.lock", new.id);
    assert_eq!((mode(&data), mode(&data.join("locks"))), (0o700, 0o700));
    for file in ["runs.db", "runs.db-wal", "runs.db-shm", &lock] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
}

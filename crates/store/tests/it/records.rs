//! The records of a run: appended, flushed, read back.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use casare_store::{Durability, JournalWriter, StoreError};
use proptest::{collection::vec, prelude::*};
use uuid::Uuid;

use crate::{journaled, new_run, numbered, open};

fn append(writer: &JournalWriter, bytes: &[u8]) {
    writer.append(|buffer| buffer.extend_from_slice(bytes));
}

/// Mostly small, some of more than a page, a few that fill a segment alone.
fn record() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => vec(any::<u8>(), 0..200),
        3 => vec(0..4_u8, 1_000..9_000),
        1 => (any::<u8>(), 250_000..700_000_usize).prop_map(|(byte, length)| vec![byte; length]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_was_appended_is_read_back_in_order_and_unsplit(
        records in vec((record(), 0..4_u8), 0..30),
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let journal = open(folder.path()).await;
            let new = new_run(Uuid::now_v7());
            let _lock = journal.begin(&new).await.unwrap();
            let writer = journal.writer(new.id);

            for (record, then) in &records {
                append(&writer, record);
                match then {
                    0 => writer.flush(Durability::Power).await.unwrap(),
                    1 => writer.flush(Durability::Process).await.unwrap(),
                    _ => {}
                }
            }
            writer.close().await.unwrap();

            let expected: Vec<u8> = records.iter().flat_map(|(record, _)| record.clone()).collect();
            let mut boundaries = vec![0];
            for (record, _) in &records {
                boundaries.push(boundaries[boundaries.len() - 1] + record.len());
            }
            let mut read = Vec::new();
            journal
                .segments(new.id, |segment| {
                    read.extend_from_slice(segment);
                    assert!(boundaries.contains(&read.len()), "a record is split");
                })
                .await
                .unwrap();
            assert!(read == expected, "{} bytes read of {}", read.len(), expected.len());
        });
    }
}

#[tokio::test]
async fn records_that_nobody_waits_for_are_written_soon() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path()).await;
    let new = new_run(Uuid::now_v7());
    let _lock = journal.begin(&new).await.unwrap();

    // Dropped without `close`, as by a step that panics.
    append(&journal.writer(new.id), b"a record");

    let written = async {
        while journaled(&journal, new.id).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), written)
        .await
        .unwrap();
    assert_eq!(journaled(&journal, new.id).await, b"a record");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_flush_at_once_share_commits_and_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path()).await;
    let new = new_run(Uuid::now_v7());
    let _lock = journal.begin(&new).await.unwrap();
    let writer = journal.writer(new.id);

    let branches = (0..64).map(|branch| {
        let writer = writer.clone();
        tokio::spawn(async move {
            for number in 0..20 {
                append(&writer, format!("{branch}:{number}\n").as_bytes());
                writer.flush(Durability::Power).await.unwrap();
            }
        })
    });
    for branch in branches.collect::<Vec<_>>() {
        branch.await.unwrap();
    }

    let (mut commits, mut bytes) = (0, Vec::new());
    let each = |segment: &[u8]| {
        commits += 1;
        bytes.extend_from_slice(segment);
    };
    journal.segments(new.id, each).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    for branch in 0..64 {
        let prefix = format!("{branch}:");
        let numbers: Vec<u32> = text
            .lines()
            .filter_map(|line| line.strip_prefix(&prefix)?.parse().ok())
            .collect();
        assert_eq!(numbers, (0..20).collect::<Vec<_>>());
    }
    assert!(commits < 64 * 20 / 2, "{commits} commits");
}

#[tokio::test]
async fn a_record_whose_writing_panics_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path()).await;
    let new = new_run(Uuid::now_v7());
    let _lock = journal.begin(&new).await.unwrap();
    let writer = journal.writer(new.id);

    append(&writer, b"whole");
    let broken = catch_unwind(AssertUnwindSafe(|| {
        writer.append(|buffer| {
            buffer.extend_from_slice(b"ha");
            panic!("a value that cannot be written");
        });
    }));
    append(&writer, b", whole");
    writer.flush(Durability::Process).await.unwrap();

    assert!(broken.is_err());
    assert_eq!(journaled(&journal, new.id).await, b"whole, whole");
}

#[tokio::test]
async fn nothing_is_acknowledged_after_the_writer_was_closed() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path()).await;
    let new = new_run(Uuid::now_v7());
    let _lock = journal.begin(&new).await.unwrap();
    let writer = journal.writer(new.id);
    let late = writer.clone();
    append(&writer, b"in time");
    writer.close().await.unwrap();

    // What is committed stays so, but it can be synced no more.
    assert!(late.flush(Durability::Process).await.is_ok());
    assert!(matches!(
        late.flush(Durability::Power).await,
        Err(StoreError::Closed { .. })
    ));
    append(&late, b"too late");
    assert!(matches!(
        late.flush(Durability::Process).await,
        Err(StoreError::Closed { .. })
    ));
    assert_eq!(journaled(&journal, new.id).await, b"in time");
}

#[tokio::test]
async fn records_of_a_run_that_was_never_begun_are_refused_and_so_is_all_after() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path()).await;
    let writer = journal.writer(Uuid::now_v7());

    append(&writer, b"a record");
    let first = writer.flush(Durability::Process).await;
    append(&writer, b"another");
    let second = writer.flush(Durability::Power).await;

    assert!(matches!(first, Err(StoreError::NoSuchRun { .. })));
    assert!(matches!(second, Err(StoreError::NoSuchRun { .. })));
    assert!(matches!(
        writer.failed(),
        Some(StoreError::NoSuchRun { .. })
    ));
}

#[tokio::test]
async fn a_writer_goes_on_where_the_one_before_ended() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path()).await;
    let new = new_run(Uuid::now_v7());
    let _lock = journal.begin(&new).await.unwrap();

    for numbers in [0..500, 500..1000] {
        let writer = journal.writer(new.id);
        for number in numbers {
            append(&writer, format!("{number}\n").as_bytes());
        }
        writer.close().await.unwrap();
    }

    assert_eq!(journaled(&journal, new.id).await, numbered(1000));
}

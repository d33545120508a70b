//! Beginning, finding, listing, reopening and forgetting runs.

use casare_store::{Journal, RunFilter, RunState, StoreError};
use uuid::Uuid;

use crate::{end, journaled, new_run, open};

#[tokio::test]
async fn a_run_is_found_as_it_began_and_as_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path()).await;
    let new = new_run(Uuid::now_v7());

    let lock = journal.begin(&new).await.unwrap();
    let begun = journal.find(&new.id.to_string()).await.unwrap();
    journal
        .finish(new.id, end(RunState::Succeeded))
        .await
        .unwrap();
    drop(lock);
    let ended = open(folder.path())
        .await
        .find(&new.id.to_string())
        .await
        .unwrap();

    assert_eq!(
        (begun.state, begun.attempt, begun.interrupted),
        (RunState::Running, 1, false)
    );
    assert_eq!(
        (&begun.text, &begun.inputs, &begun.options),
        (&new.text, &new.inputs, &new.options)
    );
    assert_eq!(
        (&begun.hash, &begun.file, &begun.folder),
        (&new.hash, &new.file, &new.folder)
    );
    assert_eq!((begun.started_at, begun.ended_at), (new.started_at, None));
    let expected = end(RunState::Succeeded);
    assert_eq!(
        (ended.state, ended.interrupted),
        (RunState::Succeeded, false)
    );
    assert_eq!((ended.outputs, ended.error), (expected.outputs, None));
    assert_eq!((ended.steps, ended.duration_ms), (12, 340));
    assert_eq!(ended.ended_at, Some(expected.ended_at));
}

#[tokio::test]
async fn a_run_whose_process_went_without_ending_it_is_interrupted_and_can_be_reopened() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path()).await;
    let new = new_run(Uuid::now_v7());
    drop(journal.begin(&new).await.unwrap());

    let left = journal.list(RunFilter::default()).await.unwrap();
    let (reopened, lock) = journal.reopen(new.id).await.unwrap();
    let under_way = journal.find(&new.id.to_string()).await.unwrap();
    let again = journal.reopen(new.id).await.unwrap_err();

    assert!(left[0].interrupted);
    assert_eq!((reopened.attempt, reopened.state), (2, RunState::Running));
    assert_eq!(reopened.text, new.text);
    assert!(!under_way.interrupted);
    assert_eq!(
        again.to_string(),
        format!(
            "run {} is being executed by process {}",
            new.id,
            std::process::id()
        )
    );
    drop(lock);
    assert!(
        journal
            .reopen(new.id)
            .await
            .is_ok_and(|(run, _)| run.attempt == 3)
    );
}

#[tokio::test]
async fn reopening_a_failed_run_takes_back_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path()).await;
    let new = new_run(Uuid::now_v7());
    let lock = journal.begin(&new).await.unwrap();
    journal
        .finish(new.id, end(RunState::NeedsDecision))
        .await
        .unwrap();
    drop(lock);

    let (run, _lock) = journal.reopen(new.id).await.unwrap();

    assert_eq!(
        (run.state, run.ended_at, run.outputs),
        (RunState::Running, None, None)
    );
}

#[tokio::test]
async fn a_prefix_finds_a_run_unless_several_begin_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path()).await;
    let first: Uuid = "01993d00-0000-7000-8000-00000000000a".parse().unwrap();
    let second: Uuid = "01993d00-0000-7000-8000-00000000000b".parse().unwrap();
    let other: Uuid = "01993dff-0000-7000-8000-000000000000".parse().unwrap();
    for id in [first, second, other] {
        drop(journal.begin(&new_run(id)).await.unwrap());
    }
    let find = async |prefix: &str| journal.find(prefix).await.map(|run| run.id);

    assert_eq!(find("01993DF").await.unwrap(), other);
    assert_eq!(
        find("01993d00-0000-7000-8000-00000000000b").await.unwrap(),
        second
    );
    assert!(matches!(
        find("01993d00-").await.unwrap_err(),
        StoreError::AmbiguousRun { runs, .. } if runs == [first, second]
    ));
    assert!(matches!(find("02").await, Err(StoreError::NoSuchRun { run }) if run == "02"));
    for nonsense in ["", "-", "last", "0199%", &"0".repeat(33)] {
        assert!(
            matches!(find(nonsense).await, Err(StoreError::NotAnId { .. })),
            "{nonsense}"
        );
    }
}

#[tokio::test]
async fn runs_are_listed_newest_first_and_page_by_page() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path()).await;
    let mut ids = Vec::new();
    for number in 0..5 {
        let mut new = new_run(Uuid::now_v7());
        new.workflow = if number % 2 == 0 { "even" } else { "odd" }.to_owned();
        drop(journal.begin(&new).await.unwrap());
        ids.insert(0, new.id);
    }
    journal.finish(ids[0], end(RunState::Failed)).await.unwrap();
    let list = async |filter| -> Vec<Uuid> {
        let runs = journal.list(filter).await.unwrap();
        assert!(runs.iter().all(|run| run.text.is_empty()));
        runs.iter().map(|run| run.id).collect()
    };

    let page = RunFilter {
        limit: Some(2),
        before: Some(ids[1]),
        ..RunFilter::default()
    };
    let odd = RunFilter {
        workflow: Some("odd".to_owned()),
        ..RunFilter::default()
    };
    let failed = RunFilter {
        state: Some(RunState::Failed),
        ..RunFilter::default()
    };
    assert_eq!(list(RunFilter::default()).await, ids);
    assert_eq!(list(page).await, ids[2..4]);
    assert_eq!(list(odd).await, [ids[1], ids[3]]);
    assert_eq!(list(failed).await, [ids[0]]);
}

#[tokio::test]
async fn a_deleted_run_takes_its_records_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path()).await;
    let new = new_run(Uuid::now_v7());
    let lock = journal.begin(&new).await.unwrap();
    let writer = journal.writer(new.id);
    writer.append(|buffer| buffer.extend_from_slice(b"a record"));
    writer.close().await.unwrap();

    let while_it_runs = journal.delete(new.id).await;
    drop(lock);
    journal.delete(new.id).await.unwrap();

    assert!(matches!(while_it_runs, Err(StoreError::RunInUse { .. })));
    assert!(matches!(
        journal.delete(new.id).await,
        Err(StoreError::NoSuchRun { .. })
    ));
    assert!(matches!(
        journal.reopen(new.id).await,
        Err(StoreError::NoSuchRun { .. })
    ));
    drop(journal.begin(&new).await.unwrap());
    assert_eq!(journaled(&journal, new.id).await, b"");
}

#[tokio::test]
async fn an_id_is_begun_once() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path()).await;
    let new = new_run(Uuid::now_v7());

    let lock = journal.begin(&new).await.unwrap();
    assert!(matches!(
        journal.begin(&new).await,
        Err(StoreError::RunInUse { .. })
    ));
    drop(lock);
    assert!(matches!(
        journal.begin(&new).await,
        Err(StoreError::RunExists { .. })
    ));
}

#[test]
fn what_the_journal_promises_can_be_awaited_on_any_thread() {
    fn can_move<T: Send>(_: T) {}
    fn of(journal: &Journal) {
        can_move(journal.begin(&new_run(Uuid::nil())));
        can_move(journal.reopen(Uuid::nil()));
        can_move(journal.finish(Uuid::nil(), end(RunState::Failed)));
        can_move(journal.find(""));
        can_move(journal.list(RunFilter::default()));
        can_move(journal.segments(Uuid::nil(), |_| ()));
        can_move(journal.writer(Uuid::nil()).close());
    }
    let _ = of;
}

//! Killed processes, several processes, full disks.

use casare_store::{RunState, StoreError};
use uuid::Uuid;

use crate::{journaled, new_run, numbered, open, second_process::SecondProcess};

const PLAIN: &str = r#"exec "$@""#;

#[tokio::test]
async fn a_killed_process_loses_nothing_that_was_acknowledged() {
    for moment in 0..8 {
        let folder = tempfile::tempdir().unwrap();
        let run = Uuid::now_v7();
        let mut writing = SecondProcess::start("write", folder.path(), run, PLAIN);

        for _ in 0..=moment * 23 {
            assert!(writing.next("flushed").is_some());
        }
        writing.kill();
        let mut acknowledged = 0;
        while let Some(count) = writing.next("flushed") {
            acknowledged = count.parse().unwrap();
        }

        let journal = open(folder.path()).await;
        let found = journal.find(&run.to_string()).await.unwrap();
        let bytes = journaled(&journal, run).await;
        let records = bytes.split(|&byte| byte == b'\n').count() - 1;
        assert!(found.interrupted);
        assert!(records >= acknowledged, "{records} of {acknowledged}");
        assert_eq!(bytes, numbered(records), "a record is missing or broken");
        assert_eq!(journal.reopen(run).await.unwrap().0.attempt, 2);
    }
}

#[tokio::test]
async fn several_processes_create_and_write_one_journal_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let runs: Vec<Uuid> = (0..4).map(|_| Uuid::now_v7()).collect();

    let processes: Vec<SecondProcess> = runs
        .iter()
        .map(|&run| SecondProcess::start("share", &folder.path().join("new"), run, PLAIN))
        .collect();
    for process in processes {
        let (succeeded, said) = process.ends();
        assert!(succeeded, "{said}");
    }

    let journal = open(&folder.path().join("new")).await;
    for run in runs {
        let found = journal.find(&run.to_string()).await.unwrap();
        assert_eq!(found.state, RunState::Succeeded);
        assert_eq!(journaled(&journal, run).await, numbered(2_000));
    }
}

#[tokio::test]
async fn a_run_that_another_process_executes_is_left_to_it_until_it_dies() {
    let folder = tempfile::tempdir().unwrap();
    let run = Uuid::now_v7();
    let mut holder = SecondProcess::start("hold", folder.path(), run, PLAIN);
    assert!(holder.next("holding").is_some());
    let journal = open(folder.path()).await;

    let refused = journal.reopen(run).await.unwrap_err();
    let alive = journal.find(&run.to_string()).await.unwrap();
    holder.kill();
    let dead = journal.find(&run.to_string()).await.unwrap();

    assert!(matches!(refused, StoreError::RunInUse { pid, .. } if pid == Some(holder.id())));
    assert_eq!((alive.interrupted, dead.interrupted), (false, true));
    assert!(journal.reopen(run).await.is_ok());
}

#[tokio::test]
async fn a_commit_that_finds_no_room_is_reported_and_loses_nothing_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let run = Uuid::now_v7();
    // Files of this process end at 300 KiB, as if the disk were full.
    let limited = r#"trap '' XFSZ; ulimit -f 600; exec "$@""#;
    let mut filling = SecondProcess::start("fill", folder.path(), run, limited);

    let acknowledged: usize = filling.next("flushed").unwrap().parse().unwrap();
    let (succeeded, said) = filling.ends();

    assert!(succeeded, "{said}");
    assert!(acknowledged > 500, "{said}");
    let journal = open(folder.path()).await;
    assert!(
        journaled(&journal, run)
            .await
            .starts_with(&numbered(acknowledged))
    );
    assert!(journal.reopen(run).await.is_ok());
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_named_and_the_run_goes_on_once_there_is_room() {
    let Some(mount) = in_own_mounts("dd if=/dev/zero of=$F/ballast bs=1k count=400 status=none")
    else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();

    let filling = SecondProcess::start("fill and recover", folder.path(), Uuid::now_v7(), &mount);

    let (succeeded, said) = filling.ends();
    assert!(succeeded, "{said}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_read_only_disk_is_named() {
    for before in ["true", "cp -r $F.full/* $F"] {
        let Some(mount) = in_own_mounts(&format!("{before} && mount -o remount,ro $F")) else {
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let full = folder.path().join("data.full");
        drop(runtime.block_on(async {
            open(&full)
                .await
                .begin(&new_run(Uuid::now_v7()))
                .await
                .unwrap()
        }));
        // SQLite closes behind our back, and takes its log away last: nothing is copied before that.
        runtime.block_on(async {
            while full.join("runs.db-wal").exists() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        });

        let opening = SecondProcess::start("open read-only", &data, Uuid::nil(), &mount);

        let (succeeded, said) = opening.ends();
        assert!(succeeded && said.contains("is read-only"), "{said}");
    }
}

/// A shell text that runs `"$@"` with a disk of 1 MiB of its own on the test's folder, `$F`, after
/// `prepare`. `None`, with a word about it, where the system does not allow that.
#[cfg(target_os = "linux")]
fn in_own_mounts(prepare: &str) -> Option<String> {
    let unshare = "unshare --user --map-root-user --mount";
    let allowed = std::process::Command::new("sh")
        .args(["-c", &format!("{unshare} true")])
        .output()
        .is_ok_and(|output| output.status.success());
    if !allowed {
        eprintln!("skipped: this system allows no mounts of one's own");
        return None;
    }
    let inner = format!(
        "F=$CASARE_TEST_FOLDER; mount -t tmpfs -o size=1m none $F && {prepare} && exec \"$@\""
    );
    Some(format!("exec {unshare} sh -c '{inner}' sh \"$@\""))
}

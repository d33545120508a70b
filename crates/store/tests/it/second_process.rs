//! The test binary again, as a second process that uses the journal.

use std::{
    io::{BufRead, BufReader, Lines},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Stdio},
};

use casare_store::{Durability, Journal, RunState, StoreError};
use uuid::Uuid;

use crate::{end, journaled, new_run, numbered, open};

/// A second process, killed when it is dropped.
pub(crate) struct SecondProcess {
    child: Child,
    said: Lines<BufReader<ChildStderr>>,
}

impl SecondProcess {
    /// Starts this binary as `role`. `shell` may prepare for it, and runs it as `"$@"`.
    pub(crate) fn start(role: &str, folder: &Path, run: Uuid, shell: &str) -> Self {
        let mut child = Command::new("sh")
            .args(["-c", shell, "sh"])
            .arg(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "second_process::plays_its_role",
                "--ignored",
                "--nocapture",
            ])
            .env("CASARE_TEST_ROLE", role)
            .env("CASARE_TEST_FOLDER", folder)
            .env("CASARE_TEST_RUN", run.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, said }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line it says that begins with `word`, without the word.
    pub(crate) fn next(&mut self, word: &str) -> Option<String> {
        self.said
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| Some(line.strip_prefix(word)?.trim().to_owned()))
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// All that it still says, and whether it succeeded.
    pub(crate) fn ends(mut self) -> (bool, String) {
        drop(self.child.stdin.take());
        let said: Vec<String> = self.said.by_ref().map_while(Result::ok).collect();
        (self.child.wait().unwrap().success(), said.join("\n"))
    }
}

impl Drop for SecondProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
#[ignore = "started by other tests as a second process"]
async fn plays_its_role() {
    let variable = |name| std::env::var_os(name).map(|value| value.into_string().unwrap());
    let Some(role) = variable("CASARE_TEST_ROLE") else {
        return;
    };
    let folder = PathBuf::from(variable("CASARE_TEST_FOLDER").unwrap());
    let run = variable("CASARE_TEST_RUN").unwrap().parse().unwrap();
    match role.as_str() {
        "write" => write(&folder, run).await,
        "share" => share(&folder, run).await,
        "hold" => hold(&folder, run).await,
        "fill" => fill(&folder, run).await,
        "fill and recover" => {
            fill(&folder, run).await;
            recover(&folder, run).await;
        }
        "open read-only" => {
            let error = Journal::open(&folder).await.unwrap_err();
            assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
            eprintln!("refused {error}");
        }
        _ => panic!("no role {role}"),
    }
}

/// Writes numbered records for ever, and says how many were acknowledged.
async fn write(folder: &Path, run: Uuid) {
    let journal = open(folder).await;
    let _lock = journal.begin(&new_run(run)).await.unwrap();
    let writer = journal.writer(run);
    for number in 0.. {
        writer.append(|buffer| buffer.extend_from_slice(format!("{number}\n").as_bytes()));
        if number % 3 == 0 {
            writer.flush(Durability::Process).await.unwrap();
            eprintln!("flushed {}", number + 1);
        }
    }
}

/// A whole run, beside those of other processes.
async fn share(folder: &Path, run: Uuid) {
    let journal = open(folder).await;
    let lock = journal.begin(&new_run(run)).await.unwrap();
    let writer = journal.writer(run);
    for number in 0..2_000 {
        writer.append(|buffer| buffer.extend_from_slice(format!("{number}\n").as_bytes()));
        if number % 10 == 0 {
            writer.flush(Durability::Power).await.unwrap();
        }
    }
    writer.close().await.unwrap();
    journal.finish(run, end(RunState::Succeeded)).await.unwrap();
    drop(lock);
}

/// Holds a run until its input ends, or it is killed.
async fn hold(folder: &Path, run: Uuid) {
    let journal = open(folder).await;
    let _lock = journal.begin(&new_run(run)).await.unwrap();
    eprintln!("holding {run}");
    let _ = std::io::stdin().lines().count();
}

/// Writes numbered records that do not compress until there is no room, and says how many were
/// acknowledged.
async fn fill(folder: &Path, run: Uuid) {
    let journal = open(folder).await;
    let _lock = journal.begin(&new_run(run)).await.unwrap();
    let writer = journal.writer(run);
    let mut flushed = 0;
    let error = loop {
        for number in flushed..flushed + 500 {
            writer.append(|buffer| buffer.extend_from_slice(format!("{number}\n").as_bytes()));
        }
        match writer.flush(Durability::Process).await {
            Ok(()) => flushed += 500,
            Err(error) => break error,
        }
    };
    eprintln!("flushed {flushed}");
    eprintln!("failed {error:?}");
    assert_eq!(writer.failed().unwrap().to_string(), error.to_string());
    assert!(writer.flush(Durability::Process).await.is_err());
    if cfg!(target_os = "linux") && folder.join("ballast").exists() {
        assert!(matches!(error, StoreError::DiskFull { .. }), "{error:?}");
    }
    assert!(
        journaled(&journal, run)
            .await
            .starts_with(&numbered(flushed))
    );
}

/// Goes on with the run that filled the disk, once there is room.
async fn recover(folder: &Path, run: Uuid) {
    std::fs::remove_file(folder.join("ballast")).unwrap();
    let journal = open(folder).await;
    let (stored, lock) = journal.reopen(run).await.unwrap();
    assert_eq!((stored.attempt, stored.state), (2, RunState::Running));
    let writer = journal.writer(run);
    writer.append(|buffer| buffer.extend_from_slice(b"after all"));
    writer.close().await.unwrap();
    journal.finish(run, end(RunState::Succeeded)).await.unwrap();
    drop(lock);
    assert!(journaled(&journal, run).await.ends_with(b"after all"));
}

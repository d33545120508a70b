//! What a killed `casare` must not leave behind.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

const WORKFLOW: &str = r"
casare: 1
name: slow
steps:
  - use: script.shell
    with:
      script: |
        echo $$ > pid.part && mv pid.part pid
        read never < fifo
        echo done > done
";

/// Otherwise a person looks, sees that the step did not happen, says `repeat`, and it happens twice.
#[test]
fn a_script_ends_with_the_casare_that_started_it() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("slow.workflow.yaml"), WORKFLOW).unwrap();
    let made = Command::new("mkfifo").arg(path("fifo")).status().unwrap();
    assert!(made.success());
    let mut casare = Command::new(env!("CARGO_BIN_EXE_casare"))
        .args(["run", "slow.workflow.yaml"])
        .env("CASARE_HOME", path("home"))
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("the script has begun", || path("pid").exists());
    let script = fs::read_to_string(path("pid")).unwrap().trim().to_owned();

    casare.kill().unwrap();
    casare.wait().unwrap();

    until("the script has ended", || !is_alive(&script));
    assert!(!path("done").exists());
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "waited for: {what}"
        );
        thread::yield_now();
    }
}

/// Whether a process lives; one that only waits to be reaped does not.
fn is_alive(process: &str) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(process).join("stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z"))
}

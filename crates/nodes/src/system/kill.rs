use std::time::Duration;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::process::{LOOK, OneProcess, Which};

/// Ends processes: asks them first, and insists when their time is up.
///
/// Where there is no such process nothing is to be done: `count` is 0 then.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Kill {
    /// The process: its number, or a name that may mean several.
    process: Which,
    /// How long they may take to end by themselves (5s); `0s` does not ask.
    grace: Option<Span>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Killed {
    /// The processes that were ended.
    processes: Vec<OneProcess>,
    /// How many they are.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("system.kill", kill)
        .pure()
        .icon("octagon-x")
        .fails(ErrorKind::Denied, "The process belongs to somebody else.")
        .fails(
            ErrorKind::Unavailable,
            "The process does not end although it was forced to.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: system.kill
  with: { process: no-such-program.exe, grace: 2s }
";

async fn kill(cx: &StepContext, settings: Kill) -> Result<Killed, NodeError> {
    let find = || {
        let which = settings.process.clone();
        cx.blocking(move || which.find())
    };
    let processes = find().await?;
    let grace = settings.grace.map_or(Duration::from_secs(5), Into::into);
    let until = Instant::now() + grace;
    if !grace.is_zero() {
        for process in &processes {
            signal(process, false)?;
        }
    }
    let mut insisted = false;
    // A process that ignores even this hangs in the kernel; nobody can end it.
    let give_up = until + Duration::from_secs(5);
    loop {
        let left: Vec<OneProcess> = find()
            .await?
            .into_iter()
            .filter(|now| processes.iter().any(|then| then.pid == now.pid))
            .collect();
        if left.is_empty() {
            return Ok(Killed {
                count: processes.len(),
                processes,
            });
        }
        if Instant::now() >= give_up {
            return Err(NodeError::unavailable(format!(
                "{} can't be ended",
                settings.process
            )));
        }
        if Instant::now() >= until && !insisted {
            insisted = true;
            for process in &left {
                signal(process, true)?;
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

#[cfg(unix)]
fn signal(process: &OneProcess, insist: bool) -> Result<(), NodeError> {
    let signal = if insist { libc::SIGKILL } else { libc::SIGTERM };
    // SAFETY: a plain system call.
    let sent = unsafe { libc::kill(process.pid as libc::pid_t, signal) };
    let error = std::io::Error::last_os_error();
    // One that has ended meanwhile needs no signal.
    if sent == 0 || error.raw_os_error() == Some(libc::ESRCH) {
        return Ok(());
    }
    Err(NodeError::io(
        format_args!(
            "process {} (`{}`) can't be ended",
            process.pid, process.name
        ),
        &error,
    ))
}

#[cfg(not(unix))]
fn signal(process: &OneProcess, _insist: bool) -> Result<(), NodeError> {
    let mut system = sysinfo::System::new().map_err(|error| super::process::unknown(&error))?;
    let pid = sysinfo::Pid::from_u32(process.pid);
    system.refresh_processes(sysinfo::ProcessesToUpdate::Some(&[pid]), true);
    match system.process(pid).map(sysinfo::Process::kill) {
        None | Some(true) => Ok(()),
        Some(false) => Err(NodeError::denied(format!(
            "process {} (`{}`) can't be ended",
            process.pid, process.name
        ))),
    }
}

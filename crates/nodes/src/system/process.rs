//! Processes of this machine, as several nodes see them.

use std::{ffi::OsString, path::Path, time::Duration};

use casare_engine::{NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

/// How often it is looked whether a process has gone.
pub(super) const LOOK: Duration = Duration::from_millis(100);

/// A process: its number, or its name.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Which {
    /// The number.
    Pid(u32),
    /// The name, without a path.
    Name(String),
}

/// A process.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct OneProcess {
    /// Its number.
    pub(super) pid: u32,
    /// The number of the process that started it.
    parent: Option<u32>,
    /// Its name.
    pub(super) name: String,
    /// The program and its arguments.
    command: Vec<String>,
    /// Memory it uses, in bytes.
    memory: u64,
    /// When it began, in seconds since 1970.
    started: u64,
}

/// All processes that `fits` takes, by number; never this one.
pub(super) fn list(fits: impl Fn(&OneProcess) -> bool) -> Result<Vec<OneProcess>, NodeError> {
    let mut system = System::new().map_err(|error| unknown(&error))?;
    let wanted = ProcessRefreshKind::nothing()
        .with_memory()
        .with_cmd(UpdateKind::Always);
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, wanted);
    let own = std::process::id();
    let mut found: Vec<OneProcess> = system
        .processes()
        .values()
        // Threads have numbers too on Linux.
        .filter(|process| process.thread_kind().is_none() && process.pid().as_u32() != own)
        .map(|process| OneProcess {
            pid: process.pid().as_u32(),
            parent: process.parent().map(Pid::as_u32),
            name: process.name().to_string_lossy().into_owned(),
            command: process
                .cmd()
                .iter()
                .map(|part| part.to_string_lossy().into_owned())
                .collect(),
            memory: process.memory(),
            started: process.start_time(),
        })
        .filter(fits)
        .collect();
    found.sort_by_key(|process| process.pid);
    Ok(found)
}

impl OneProcess {
    pub(super) fn command_line(&self) -> String {
        self.command.join(" ")
    }
}

impl Which {
    /// The processes it means; the name may be written with `.exe`.
    pub(super) fn find(&self) -> Result<Vec<OneProcess>, NodeError> {
        list(|process| match self {
            Self::Pid(pid) => process.pid == *pid,
            Self::Name(name) => {
                let plain = |name: &str| name.to_lowercase().trim_end_matches(".exe").to_owned();
                plain(&process.name) == plain(name)
            }
        })
    }
}

impl std::fmt::Display for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pid(pid) => write!(f, "process {pid}"),
            Self::Name(name) => write!(f, "process `{name}`"),
        }
    }
}

pub(super) fn unknown(error: &sysinfo::Error) -> NodeError {
    NodeError::unavailable(format!("this system does not tell about itself: {error}")).permanent()
}

/// A program as the system starts it: one written with a `/` is relative to the workflow.
pub(super) fn resolved(cx: &StepContext, program: &str) -> OsString {
    if Path::new(program).components().count() > 1 {
        cx.file(program).into_os_string()
    } else {
        program.into()
    }
}

//! Runs a program and measures what it took: time, processor time, memory.

use std::{
    io::Read,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use super::Scratch;
use crate::{command, failure::Failure, paths};

/// What one process took from start to exit.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) wall: Duration,
    /// User and system time of all its threads.
    pub(super) cpu: Duration,
    /// The largest resident set it ever had, in bytes.
    pub(super) peak: u64,
    pub(super) stdout: String,
    pub(super) success: bool,
}

impl Measured {
    pub(super) fn wall_ms(&self) -> f64 {
        self.wall.as_secs_f64() * 1_000.0
    }

    pub(super) fn peak_mib(&self) -> f64 {
        self.peak as f64 / f64::from(1 << 20)
    }
}

/// A run of a workflow by the release binary.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) measured: Measured,
    /// Steps executed, as the run itself counted them.
    pub(super) steps: f64,
    /// From the first step to the last, by the run's own clock.
    pub(super) duration_ms: f64,
}

/// Runs `casare run FILE --json ARGUMENTS` with its data in `scratch`; the run must succeed.
pub(super) fn casare(scratch: &Scratch, file: &Path, arguments: &[&str]) -> Result<Run, Failure> {
    let mut casare = Command::new(paths::release_binary("casare"));
    casare
        .current_dir(paths::root())
        .arg("run")
        .arg(file)
        .arg("--json")
        .args(arguments)
        .env("XDG_DATA_HOME", &scratch.0);
    let measured = program(&mut casare)?;
    let closing: Value = serde_json::from_str(measured.stdout.trim()).unwrap_or_default();
    let number = |key: &str| closing.get(key).and_then(Value::as_f64);
    match (measured.success, number("steps"), number("duration_ms")) {
        (true, Some(steps), Some(duration_ms)) => Ok(Run {
            measured,
            steps,
            duration_ms,
        }),
        _ => Err(Failure::Unexpected(format!(
            "`{}` did not succeed, so there is nothing to measure; it printed: {}",
            command::text(&casare),
            measured.stdout.trim()
        ))),
    }
}

/// Runs a program to its end. Its stdout is kept, its stderr is not shown. The peak is that of the largest of it and
/// its children.
pub(super) fn program(command: &mut Command) -> Result<Measured, Failure> {
    measured(command, |_| None)
}

/// As [`program`], but the peak is of the process alone, without the browsers that it starts: as the system told
/// it last, shortly before the end.
pub(super) fn program_alone(command: &mut Command) -> Result<Measured, Failure> {
    measured(command, |id| {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
        Some(kib * 1024)
    })
}

#[cfg(unix)]
fn measured(command: &mut Command, own_peak: fn(u32) -> Option<u64>) -> Result<Measured, Failure> {
    let began = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|source| command::not_started(command, source))?;
    let mut stdout = Vec::new();
    let mut peak = None;
    if let Some(mut pipe) = child.stdout.take() {
        let mut part = vec![0; 64 * 1024];
        loop {
            let read = pipe
                .read(&mut part)
                .map_err(Failure::io("read what the program printed"))?;
            if read == 0 {
                break;
            }
            stdout.extend_from_slice(&part[..read]);
            peak = own_peak(child.id()).or(peak);
        }
    }
    let stdout = String::from_utf8_lossy(&stdout).into_owned();
    let (status, usage) = wait(child.id())?;
    let wall = began.elapsed();

    let time = |value: libc::timeval| {
        Duration::from_secs(value.tv_sec as u64) + Duration::from_micros(value.tv_usec as u64)
    };
    // Linux counts the resident set in KiB, macOS in bytes.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    Ok(Measured {
        wall,
        cpu: time(usage.ru_utime) + time(usage.ru_stime),
        peak: peak.unwrap_or(usage.ru_maxrss as u64 * unit),
        stdout,
        success: libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0,
    })
}

#[cfg(not(unix))]
fn measured(_: &mut Command, _: fn(u32) -> Option<u64>) -> Result<Measured, Failure> {
    Err(Failure::Missing {
        what: "a way to measure a process's memory on this system".to_owned(),
        how: "run the benchmarks on Linux or macOS".to_owned(),
    })
}

/// Waits for a child of ours that nobody else waits for.
#[cfg(unix)]
fn wait(child: u32) -> Result<(i32, libc::rusage), Failure> {
    let mut status = 0;
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers are to live values of the types that wait4 fills, and an all-zero
    // rusage is a valid one.
    let (waited, usage) = unsafe {
        let waited = libc::wait4(child.cast_signed(), &raw mut status, 0, usage.as_mut_ptr());
        (waited, usage.assume_init())
    };
    if waited == child.cast_signed() {
        Ok((status, usage))
    } else {
        Err(Failure::io("wait for the program")(
            std::io::Error::last_os_error(),
        ))
    }
}

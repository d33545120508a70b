//! How fast the journal is: `cargo run --release -p casare-store --example journal_speed [FOLDER]`.
//!
//! Prints the time to open, begin and finish as `casare run` does, the cost of a flush, and the
//! records per second with the processor time of the whole process.

use std::{
    error::Error,
    fs,
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use casare_store::{Durability, Journal, NewRun, RunEnd, RunState};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

type Outcome<T> = Result<T, Box<dyn Error>>;

const RECORDS: u32 = 1_000_000;
/// The engine flushes above this backlog.
const BACKLOG: usize = 8 * 1024 * 1024;

#[tokio::main]
async fn main() -> Outcome<()> {
    let folder = std::env::args_os().nth(1).map_or_else(
        || std::env::temp_dir().join("casare-journal-speed"),
        PathBuf::from,
    );
    let mut out = std::io::stdout();

    let start = Instant::now();
    drop(Journal::open(&folder).await?);
    writeln!(out, "first open              {:>10.2?}", start.elapsed())?;
    for _ in 0..5 {
        start_up(&folder, &mut out).await?;
    }
    for pace in [None, Some(120_000)] {
        throughput(&folder, pace, &mut out).await?;
    }
    fs::remove_dir_all(&folder)?;
    Ok(())
}

async fn start_up(folder: &Path, out: &mut impl Write) -> Outcome<()> {
    let start = Instant::now();
    let journal = Journal::open(folder).await?;
    let opened = start.elapsed();
    let run = new_run();
    let lock = journal.begin(&run).await?;
    let begun = start.elapsed();
    let writer = journal.writer(run.id);
    for step in 0..2 {
        writer.append(|buffer| record(buffer, step));
    }
    writer.close().await?;
    let written = start.elapsed();
    journal.finish(run.id, end()).await?;
    drop(lock);
    let finished = start.elapsed();
    drop(journal);
    writeln!(
        out,
        "open {opened:.2?}, begin {:.2?}, two records {:.2?}, finish {:.2?}: {finished:.2?}",
        begun.saturating_sub(opened),
        written.saturating_sub(begun),
        finished.saturating_sub(written),
    )?;
    Ok(())
}

async fn throughput(folder: &Path, pace: Option<u32>, out: &mut impl Write) -> Outcome<()> {
    let journal = Journal::open(folder).await?;
    let run = new_run();
    let _lock = journal.begin(&run).await?;
    let writer = journal.writer(run.id);

    for durability in [Durability::Process, Durability::Power] {
        let start = Instant::now();
        for step in 0..200 {
            writer.append(|buffer| record(buffer, step));
            writer.flush(durability).await?;
        }
        writeln!(
            out,
            "append and flush {durability:?}: {:.2?}",
            start.elapsed() / 200
        )?;
    }

    let (start, cpu) = (Instant::now(), cpu_time());
    for step in 0..RECORDS {
        writer.append(|buffer| record(buffer, step));
        if step % 128 == 0 {
            if writer.backlog() > BACKLOG {
                writer.flush(Durability::Process).await?;
            }
            if let Some(pace) = pace {
                let due = Duration::from_secs_f64(f64::from(step) / f64::from(pace));
                tokio::time::sleep(due.saturating_sub(start.elapsed())).await;
            }
        }
    }
    writer.flush(Durability::Process).await?;
    let (wall, cpu) = (start.elapsed(), cpu_time().saturating_sub(cpu));
    writeln!(
        out,
        "{:.0} records/s; {:.2} s of processor in {:.2} s: {:.0} % of a core; {} MiB at most",
        f64::from(RECORDS) / wall.as_secs_f64(),
        cpu.as_secs_f64(),
        wall.as_secs_f64(),
        100.0 * cpu.as_secs_f64() / wall.as_secs_f64(),
        peak_memory(),
    )?;
    writer.close().await?;

    let start = Instant::now();
    let mut bytes = 0;
    journal
        .segments(run.id, |segment| bytes += segment.len())
        .await?;
    writeln!(
        out,
        "read {} MB in {:.2?}",
        bytes / 1_000_000,
        start.elapsed()
    )?;
    journal.finish(run.id, end()).await?;
    let file = fs::metadata(folder.join("runs.db"))?.len();
    writeln!(out, "the file has {} MB", file / 1_000_000)?;
    Ok(())
}

/// About 120 bytes, as a finished step leaves them.
fn record(buffer: &mut Vec<u8>, step: u32) {
    let value = u64::from(step).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    // Writing to memory does not fail.
    let _ = writeln!(
        buffer,
        r#"{{"e":"finished","path":"1.do[{step}].0","attempt":1,"us":{},"outputs":{{"name":"total","value":{value}}},"at":{}}}"#,
        value % 90,
        1_790_000_000_000_000_u64 + u64::from(step) * 9,
    );
}

fn new_run() -> NewRun {
    NewRun {
        id: Uuid::now_v7(),
        workflow: "speed".to_owned(),
        file: Some("speed.workflow.yaml".to_owned()),
        hash: "0".repeat(64),
        text: "casare: 1\n".repeat(300),
        inputs: json!({}),
        started_at: Timestamp::now(),
        folder: ".".to_owned(),
        options: json!({}),
    }
}

fn end() -> RunEnd {
    RunEnd {
        healed: 0,
        state: RunState::Succeeded,
        outputs: Some(json!({ "sent": 10 })),
        error: None,
        steps: 2,
        duration_ms: 5,
        ended_at: Timestamp::now(),
    }
}

/// User and system time of this process, in ticks of 10 ms. Zero where there is no `/proc`.
fn cpu_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks: u64 = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok())
        .map_or(0, |kib| kib / 1024)
}

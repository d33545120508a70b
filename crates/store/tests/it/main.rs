//! The store as the engine and the command line use it.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "what tests share may panic as tests do, and a second process speaks through stderr"
)]

mod broken_files;
mod crashes;
mod records;
mod runs;
mod second_process;
mod server;

use std::path::Path;

use casare_store::{Journal, NewRun, RunEnd, RunState};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

async fn open(folder: &Path) -> Journal {
    Journal::open(folder).await.unwrap()
}

fn new_run(id: Uuid) -> NewRun {
    NewRun {
        id,
        workflow: "invoices".to_owned(),
        file: Some("invoices.workflow.yaml".to_owned()),
        hash: "5f0c".to_owned(),
        text: "casare: 1\nname: invoices\n".repeat(100),
        inputs: json!({ "folder": "in", "limit": 3 }),
        started_at: "2026-03-01T08:00:00.123456Z".parse().unwrap(),
        folder: "/srv/invoices".to_owned(),
        options: json!({ "headed": false }),
    }
}

fn end(state: RunState) -> RunEnd {
    RunEnd {
        healed: 0,
        state,
        outputs: Some(json!({ "sent": 3 })),
        error: None,
        steps: 12,
        duration_ms: 340,
        ended_at: "2026-03-01T08:00:01Z".parse::<Timestamp>().unwrap(),
    }
}

/// All that was journaled of the run.
async fn journaled(journal: &Journal, run: Uuid) -> Vec<u8> {
    let mut bytes = Vec::new();
    journal
        .segments(run, |segment| bytes.extend_from_slice(segment))
        .await
        .unwrap();
    bytes
}

/// The records `0\n`, `1\n`, … up to but without `count`.
fn numbered(count: usize) -> Vec<u8> {
    (0..count)
        .flat_map(|number| format!("{number}\n").into_bytes())
        .collect()
}

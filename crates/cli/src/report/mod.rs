//! A run as one HTML file that needs nothing else: no network, no script.
//!
//! | module | what it does |
//! |---|---|
//! | [`collect`] | listens to a run and keeps what the report will tell, within bounds |
//! | [`record`], [`recent`] | what it keeps, for good or until it is known whether it was among the last |
//! | [`preview`] | values as text of bounded length |
//! | [`tree`] | what was kept, as the tree that the workflow is |
//! | [`page`], [`steps`], [`details`], [`picture`] | the HTML |
//!
//! The same collector reads a run while it goes on and, later, its journal.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
};

use casare_engine::RunEvent;
use casare_store::{Journal, StoreError};
use casare_workflow::Workflow;
use uuid::Uuid;

mod collect;
mod details;
mod page;
mod picture;
mod preview;
mod recent;
mod record;
mod steps;
mod tree;

pub(crate) use collect::{Collected, Collector};
pub(crate) use record::StepState;

/// The report's name among the files of its run.
pub(crate) const FILE: &str = "report.html";

/// What the journal tells of a run; `None` when it tells nothing.
pub(crate) async fn from_journal(
    journal: &Journal,
    run: Uuid,
) -> Result<Option<Collected>, StoreError> {
    let mut collected = Collected::default();
    let mut any = false;
    journal
        .segments(run, |segment| {
            for line in segment
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty())
            {
                // A record of a newer Casare that this one can't read leaves a gap, no more.
                if let Ok(event) = serde_json::from_slice::<RunEvent>(line) {
                    any = true;
                    collected.take(&event);
                }
            }
        })
        .await?;
    collected.settle();
    Ok(any.then_some(collected))
}

/// Writes the report to `path`; what was there before is replaced when the new one is whole.
pub(crate) fn write(path: &Path, collected: Collected, workflow: &Workflow) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let part = path.with_extension("html.part");
    let written = File::create(&part)
        .and_then(|file| {
            let mut out = BufWriter::with_capacity(64 * 1024, file);
            page::write(&mut out, &collected, workflow, folder)?;
            out.flush()
        })
        .and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // Half a report helps nobody; the first error is the one to tell.
        let _ = fs::remove_file(&part);
    }
    written
}

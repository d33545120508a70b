//! The smallest workflow, from start to exit: what everyone pays before any work is done.

use std::{fs, process::Command};

use super::{
    Scratch,
    measure::{self, Run},
    table::{Table, median},
};
use crate::{failure::Failure, paths};

const REPEATS: usize = 30;

pub(super) fn bench(scratch: &Scratch) -> Result<Table, Failure> {
    let mut table = Table::new(format!(
        "startup: a workflow of two steps, median of {REPEATS}"
    ));
    let workflow = paths::root().join("examples/bench/two-steps.workflow.yaml");

    // The first run finds a cold page cache and makes the journal's file.
    measure::casare(scratch, &workflow, &[])?;
    let mut floors = Vec::new();
    let mut plain = Vec::new();
    let mut journaled = Vec::new();
    for _ in 0..REPEATS {
        floors.push(measure::program(&mut Command::new("true"))?.wall_ms());
        plain.push(measure::casare(scratch, &workflow, &["--no-journal"])?);
        journaled.push(measure::casare(scratch, &workflow, &[])?);
    }
    let floor = median(floors);
    for (case, runs) in [("journal off", &plain), ("journal on", &journaled)] {
        let median = |figure: fn(&Run) -> f64| median(runs.iter().map(figure));
        table.compare(
            &format!("start to exit, {case}"),
            median(|run| run.measured.wall_ms()),
            ("`true`", floor),
            "ms",
            "≤ 20 ms",
        );
        let memory = median(|run| run.measured.peak_mib());
        table.plain(&format!("peak memory, {case}"), memory, "MiB", "≤ 30 MiB");
    }
    let binary = paths::release_binary("casare");
    let size = fs::metadata(&binary)
        .map_err(Failure::io(format!("look at {}", binary.display())))?
        .len();
    table.plain(
        "size of the binary",
        size as f64 / f64::from(1 << 20),
        "MiB",
        "≤ 60 MiB",
    );
    Ok(table)
}

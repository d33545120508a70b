//! The loop: what a step costs, with and without journal, and how much memory a million take.

use std::process::Command;

use super::{
    Scratch,
    measure::{self, Run},
    table::{Table, median},
};
use crate::{failure::Failure, paths};

const REPEATS: usize = 3;

pub(super) fn bench(scratch: &Scratch, passes: u64) -> Result<Table, Failure> {
    let mut table = Table::new(format!(
        "engine: a loop of {passes} passes, median of {REPEATS}"
    ));
    let workflow = paths::root().join("examples/bench/loop.workflow.yaml");
    let input = format!("passes={passes}");
    let journal = scratch.0.join("floor.journal");
    let journal = journal.to_string_lossy();

    let cases = [
        (
            "journal off",
            &["-i", &input, "--no-journal"][..],
            &["loop"][..],
            "1,000,000/s",
        ),
        (
            "journal on",
            &["-i", &input][..],
            &["journal", &journal][..],
            "100,000/s",
        ),
    ];
    for (case, arguments, floor_arguments, wanted) in cases {
        let mut runs = Vec::new();
        let mut floors = Vec::new();
        for _ in 0..REPEATS {
            runs.push(measure::casare(scratch, &workflow, arguments)?);
            floors.push(floor(floor_arguments, passes)?);
        }
        let median = |figure: fn(&Run) -> f64| median(runs.iter().map(figure));
        table.compare(
            &format!("passes per second, {case}"),
            passes as f64 / median(|run| run.duration_ms) * 1_000.0,
            ("by hand", passes as f64 / median_ms(&floors) * 1_000.0),
            "/s",
            wanted,
        );
        table.plain(
            &format!("steps counted, {case}"),
            median(|run| run.steps),
            "steps",
            "",
        );
        table.plain(
            &format!("processor time, {case}"),
            median(|run| run.measured.cpu.as_secs_f64() * 1_000.0),
            "ms",
            "",
        );
        table.plain(
            &format!("peak memory, {case}"),
            median(|run| run.measured.peak_mib()),
            "MiB",
            "≤ 64 MiB",
        );
    }
    Ok(table)
}

fn median_ms(floors: &[f64]) -> f64 {
    median(floors.iter().copied())
}

/// Milliseconds that the floor took by its own clock.
fn floor(arguments: &[&str], passes: u64) -> Result<f64, Failure> {
    let mut xtask = Command::new(paths::release_binary("xtask"));
    xtask
        .arg("floor")
        .args(arguments)
        .args(["--passes", &passes.to_string()]);
    let measured = measure::program(&mut xtask)?;
    measured.stdout.trim().parse().map_err(|_| {
        Failure::Unexpected(format!(
            "the floor {arguments:?} printed no time: {}",
            measured.stdout
        ))
    })
}

//! Forms, clicks, reads and a table on one page, by casare and by a Playwright script in the same Chromium, in turns.

use std::{collections::HashMap, path::Path, process::Command};

use serde_json::Value;

use super::{
    Scratch,
    browser::{PLAYWRIGHT, install_playwright, version},
    measure,
    table::{Table, median},
};
use crate::{chromium, failure::Failure, paths};

const FORMS: u32 = 200;
const CLICKS: u32 = 1_000;
const READS: u32 = 1_000;

/// What is compared: a name for both sides, what it is called in the table, the ratio that is wanted.
const PARTS: [(&str, &str, &str); 4] = [
    (
        "forms",
        "200 forms of 7 shuffled fields, submitted",
        "≤ 0.5",
    ),
    ("clicks", "1,000 clicks", "≤ 0.8"),
    ("reads", "1,000 texts read", "≤ 0.5"),
    ("table", "a table of 1,000 rows read", "≤ 0.5"),
];

/// One side: milliseconds of each part, and MiB of its own process, of every round.
#[derive(Debug, Default)]
struct Side {
    times: HashMap<String, Vec<f64>>,
    peaks: Vec<f64>,
}

impl Side {
    fn add(&mut self, name: &str, milliseconds: f64) {
        self.times
            .entry(name.to_owned())
            .or_default()
            .push(milliseconds);
    }

    fn median(&self, name: &str) -> f64 {
        median(self.times.get(name).into_iter().flatten().copied())
    }
}

pub(super) fn bench(scratch: &Scratch, rounds: usize) -> Result<Table, Failure> {
    let chromium = chromium::ensure()?;
    let modules = install_playwright()?;
    let page = paths::root().join("benches/actions/actions.html");
    let url = format!("file://{}", page.display());
    let start = scratch.write("start.workflow.yaml", START)?;

    let (mut casare, mut playwright) = (Side::default(), Side::default());
    for _ in 0..rounds.max(1) {
        run_casare(scratch, &url, &mut casare)?;
        run_playwright(&modules, &chromium, &url, &mut playwright)?;
        let opened = measure::casare(scratch, &start, &[])?;
        casare.add("start", opened.measured.wall_ms());
        let opened = measure::program(&mut script(&modules, &chromium, "about:blank", [0; 3]))?;
        playwright.add("start", opened.wall_ms());
    }

    let mut table = Table::new(format!(
        "actions: one page, median of {rounds}, in turns; {PLAYWRIGHT}, {}",
        version(&chromium)
    ));
    for (name, what, wanted) in PARTS {
        let theirs = ("Playwright", playwright.median(name));
        table.compare(what, casare.median(name), theirs, "ms", wanted);
    }
    let by_script = ("one script", playwright.median("table_by_script"));
    table.compare(
        "the same table",
        casare.median("table"),
        by_script,
        "ms",
        "",
    );
    let theirs = ("Playwright", playwright.median("start"));
    let ours = casare.median("start");
    table.compare(
        "a browser opened and closed, in all",
        ours,
        theirs,
        "ms",
        "",
    );
    let (ours, theirs) = (median(casare.peaks), median(playwright.peaks));
    let theirs = ("Playwright", theirs);
    table.compare(
        "peak memory of the driving process",
        ours,
        theirs,
        "MiB",
        "≤ 0.15",
    );
    Ok(table)
}

const START: &str = "casare: 1
name: start
steps:
  - use: browser.session
    with: { url: \"about:blank\", headless: true }
    do: []
";

fn run_casare(scratch: &Scratch, url: &str, side: &mut Side) -> Result<(), Failure> {
    let mut casare = Command::new(paths::release_binary("casare"));
    casare
        .current_dir(paths::root())
        .args([
            "run",
            "benches/actions/actions.workflow.yaml",
            "--events",
            "-i",
        ])
        .arg(format!("url={url}"))
        .env("XDG_DATA_HOME", &scratch.0);
    let run = measure::program_alone(&mut casare)?;
    let mut outputs = Value::Null;
    for line in run.stdout.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_default();
        match event["event"].as_str() {
            Some("step_finished") => {
                if let (Some(id), Some(took)) =
                    (event["step"]["id"].as_str(), event["took"].as_f64())
                    && PARTS.iter().any(|(name, ..)| *name == id)
                {
                    side.add(id, took / 1_000.0);
                }
            }
            Some("run_finished") => outputs = event["outputs"].clone(),
            _ => {}
        }
    }
    let number = |name: &str| outputs[name].as_str().and_then(|text| text.parse().ok());
    check("casare", number("right"), number("clicked"), number("last"))?;
    side.peaks.push(run.peak_mib());
    Ok(())
}

fn run_playwright(
    modules: &Path,
    chromium: &Path,
    url: &str,
    side: &mut Side,
) -> Result<(), Failure> {
    let run = measure::program(&mut script(modules, chromium, url, [FORMS, CLICKS, READS]))?;
    let told: Value = serde_json::from_str(run.stdout.trim()).unwrap_or_default();
    let last = told["last"].as_str().and_then(|text| text.parse().ok());
    check(
        "Playwright",
        told["right"].as_f64(),
        told["clicked"].as_f64(),
        last,
    )?;
    for (name, took) in told["took"].as_object().into_iter().flatten() {
        side.add(name, took.as_f64().unwrap_or(f64::NAN));
    }
    side.peaks.push(told["peak"].as_f64().unwrap_or(f64::NAN));
    Ok(())
}

fn script(modules: &Path, chromium: &Path, url: &str, counts: [u32; 3]) -> Command {
    let mut node = Command::new("node");
    node.arg(paths::root().join("benches/actions/actions.mjs"))
        .args([modules, chromium])
        .arg(url)
        .args(counts.map(|count| count.to_string()));
    node
}

/// Times say nothing where the work was not done.
fn check(
    who: &str,
    right: Option<f64>,
    clicked: Option<f64>,
    last: Option<f64>,
) -> Result<(), Failure> {
    let wanted = (f64::from(FORMS * 7), f64::from(CLICKS), 1_248.75);
    match (right, clicked, last) {
        (Some(right), Some(clicked), Some(last)) if (right, clicked, last) == wanted => Ok(()),
        found => Err(Failure::Unexpected(format!(
            "{who} did not do what it should: fields right, clicks, last amount are {found:?}, not {wanted:?}"
        ))),
    }
}

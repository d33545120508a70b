//! The form challenge, by casare and by a Playwright script in the same Chromium, in turns.

use std::{fs, path::Path, path::PathBuf, process::Command};

use super::{
    Scratch,
    measure::{self, Measured},
    table::{Table, median},
};
use crate::{
    challenge::{ChallengePage, Score},
    chromium, command,
    failure::Failure,
    paths,
    steps::timed,
};

/// The version of playwright-core that is measured against.
pub(super) const PLAYWRIGHT: &str = "playwright-core@1.65.1";

/// One way through the challenge, each time of every round kept in milliseconds.
#[derive(Debug, Default)]
struct Times {
    /// From the start of the process to its exit.
    in_all: Vec<f64>,
    /// From Start to the tenth Submit, by the page's clock.
    on_page: Vec<f64>,
}

pub(super) fn bench(scratch: &Scratch, rounds: usize) -> Result<Table, Failure> {
    let chromium = chromium::ensure()?;
    let modules = install_playwright()?;
    let page = ChallengePage::serve(0)?;
    let workflow = paths::root().join("examples/rpa-challenge/rpa-challenge.workflow.yaml");
    let url = format!("url={}", page.url());

    let mut casare = Times::default();
    let mut playwright = Times::default();
    let mut floor = Times::default();
    for _ in 0..rounds.max(1) {
        let run = measure::casare(scratch, &workflow, &["-i", &url])?;
        casare.add(&run.measured, page.take_score())?;
        let run = script("fill", &modules, &chromium, page.url())?;
        playwright.add(&run, page.take_score())?;
        let run = script("inject", &modules, &chromium, page.url())?;
        floor.add(&run, page.take_score())?;
    }

    let mut table = Table::new(format!(
        "browser: ten forms of seven fields, median of {rounds}, in turns; {PLAYWRIGHT}, {}",
        version(&chromium)
    ));
    let rows = [
        (
            "in all, beside Playwright",
            &casare.in_all,
            ("Playwright", &playwright.in_all),
            "≤ 0.5",
        ),
        (
            "on the page, beside Playwright",
            &casare.on_page,
            ("Playwright", &playwright.on_page),
            "",
        ),
        (
            "in all, beside one injected script",
            &casare.in_all,
            ("injected", &floor.in_all),
            "",
        ),
    ];
    for (what, ours, (name, theirs), wanted) in rows {
        let median = |times: &[f64]| median(times.iter().copied());
        table.compare(what, median(ours), (name, median(theirs)), "ms", wanted);
    }
    Ok(table)
}

impl Times {
    fn add(&mut self, run: &Measured, score: Option<Score>) -> Result<(), Failure> {
        match score {
            Some(score) if run.success && score.percent == 100 => {
                self.in_all.push(run.wall_ms());
                self.on_page.push(score.milliseconds as f64);
                Ok(())
            }
            _ => Err(Failure::Unexpected(format!(
                "one side did not fill all fields rightly, so times say nothing; it printed: {}",
                run.stdout.trim()
            ))),
        }
    }
}

/// Runs the Playwright script; `mode` is `fill` (as a person would) or `inject` (one script call).
fn script(mode: &str, modules: &Path, chromium: &Path, url: &str) -> Result<Measured, Failure> {
    let mut node = Command::new("node");
    node.arg(paths::root().join("benches/playwright-challenge/challenge.mjs"))
        .arg(mode)
        .args([modules, chromium])
        .arg(url)
        .arg(paths::root().join("examples/rpa-challenge/challenge.html"));
    measure::program(&mut node)
}

/// Installs playwright-core, without a browser of its own, into the cache; answers the folder.
pub(super) fn install_playwright() -> Result<PathBuf, Failure> {
    let folder = paths::cache().join(PLAYWRIGHT.replace('@', "-"));
    if !folder
        .join("node_modules/playwright-core/package.json")
        .is_file()
    {
        timed(
            &format!("Installing {PLAYWRIGHT} into {}", folder.display()),
            || {
                fs::create_dir_all(&folder)
                    .map_err(Failure::io(format!("create {}", folder.display())))?;
                command::run(
                    Command::new("npm")
                        .args(["install", "--no-audit", "--no-fund", "--prefix"])
                        .arg(&folder)
                        .arg(PLAYWRIGHT),
                )
            },
        )?;
    }
    Ok(folder)
}

pub(super) fn version(chromium: &Path) -> String {
    command::output(Command::new(chromium).arg("--version")).map_or_else(
        |_| "Chromium of unknown version".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

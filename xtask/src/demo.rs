//! From nothing to ten filled forms: installs, builds, serves, runs, and says how it went.

use std::process::{Command, Stdio};

use clap::Args;
use serde_json::Value;

use crate::{
    challenge::{ChallengePage, Score},
    chromium,
    command::{self, cargo},
    failure::Failure,
    paths,
    steps::{bold, timed},
};

/// Run the bundled challenge: a real browser fills ten forms from a workbook
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Show the browser's window
    #[arg(long)]
    headed: bool,
}

impl Demo {
    pub(crate) fn exec(self) -> Result<(), Failure> {
        chromium::ensure()?;
        timed(
            "Building casare (release profile; the first time takes minutes)",
            || {
                command::run(&mut cargo(&[
                    "build",
                    "--release",
                    "--package",
                    "casare-cli",
                ]))
            },
        )?;

        let page = ChallengePage::serve(0)?;
        let outcome = timed(&format!("Running the challenge on {}", page.url()), || {
            run_casare(page.url(), self.headed)
        })?;
        report(&outcome, page.take_score())
    }
}

/// Runs the workflow, its progress on our stderr, and answers the closing JSON.
fn run_casare(url: &str, headed: bool) -> Result<Value, Failure> {
    let mut casare = Command::new(paths::release_binary("casare"));
    casare
        .current_dir(paths::root())
        .args(["run", "examples/rpa-challenge/rpa-challenge.workflow.yaml"])
        .args(["-i", &format!("url={url}"), "--json"])
        .stderr(Stdio::inherit());
    if headed {
        casare.arg("--headed");
    }
    let output = command::output(&mut casare)?;
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(text.trim()).map_err(|_| {
        Failure::Unexpected(format!(
            "`casare run` ended with {} and without its closing JSON object; it printed: {text}",
            output.status
        ))
    })
}

/// Prints the score, the time and the report; fails unless every field was right.
fn report(outcome: &Value, score: Option<Score>) -> Result<(), Failure> {
    let text = |key: &str| {
        outcome
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or("unknown")
    };
    let state = text("state");
    println!();
    if let Some(score) = &score {
        println!("{} {} %", bold("Score "), score.percent);
        println!(
            "{} {} ms for the ten rounds, by the page's clock",
            bold("Time  "),
            score.milliseconds
        );
    }
    if let Some(total) = outcome.get("duration_ms").and_then(Value::as_f64) {
        println!(
            "{} {total:.0} ms in all, browser start included",
            bold("Run   ")
        );
    }
    println!("{} {}", bold("Report"), text("report"));

    if let Some(message) = outcome.pointer("/error/message").and_then(Value::as_str) {
        return Err(Failure::Unexpected(format!("the run {state}: {message}")));
    }
    match score {
        Some(score) if score.percent == 100 && state == "succeeded" => Ok(()),
        Some(score) => Err(Failure::Unexpected(format!(
            "the run {state} with {} % of the fields right; the report shows each step",
            score.percent
        ))),
        None => Err(Failure::Unexpected(format!(
            "the run {state}, but the page reported no score; the report shows where it stopped"
        ))),
    }
}

//! Steps of a task: each is announced, timed, and listed at the end.

use std::{
    io::{IsTerminal, stderr},
    time::{Duration, Instant},
};

use crate::failure::Failure;

/// Steps that are all tried, so that one report shows everything that is wrong.
#[derive(Debug, Default)]
pub(crate) struct Steps(Vec<Outcome>);

#[derive(Debug)]
struct Outcome {
    name: String,
    took: Duration,
    end: End,
}

#[derive(Debug, PartialEq)]
enum End {
    Passed,
    Failed,
    Skipped(String),
}

impl Steps {
    /// Runs one step and remembers how it ended.
    pub(crate) fn run(&mut self, name: &str, step: impl FnOnce() -> Result<(), Failure>) {
        announce(name);
        let began = Instant::now();
        let end = match step() {
            Ok(()) => End::Passed,
            Err(failure) => {
                eprintln!("{failure}");
                End::Failed
            }
        };
        self.0.push(Outcome {
            name: name.to_owned(),
            took: began.elapsed(),
            end,
        });
    }

    /// Lists a step that was left out, and why.
    pub(crate) fn skip(&mut self, name: &str, why: &str) {
        let end = End::Skipped(why.to_owned());
        self.0.push(Outcome {
            name: name.to_owned(),
            took: Duration::ZERO,
            end,
        });
    }

    /// Prints one line a step; fails if one of them failed.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        eprintln!("\n{}", bold("Summary"));
        for Outcome { name, took, end } in &self.0 {
            match end {
                End::Passed => eprintln!("  passed   {:>9}  {name}", seconds(*took)),
                End::Failed => eprintln!("  FAILED   {:>9}  {name}", seconds(*took)),
                End::Skipped(why) => eprintln!("  skipped  {:>9}  {name}: {why}", ""),
            }
        }
        let failed: Vec<String> = self
            .0
            .into_iter()
            .filter(|outcome| outcome.end == End::Failed)
            .map(|outcome| outcome.name)
            .collect();
        if failed.is_empty() {
            Ok(())
        } else {
            Err(Failure::Steps(failed))
        }
    }
}

/// Says on stderr what comes next.
pub(crate) fn announce(what: &str) {
    eprintln!("\n{}", bold(&format!("==> {what}")));
}

/// Announces, runs and times something that the task cannot go on without.
pub(crate) fn timed<T>(
    what: &str,
    work: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    announce(what);
    let began = Instant::now();
    let result = work()?;
    eprintln!("    done in {}", seconds(began.elapsed()));
    Ok(result)
}

/// Bold on a terminal, plain elsewhere.
pub(crate) fn bold(text: &str) -> String {
    if stderr().is_terminal() {
        format!("\x1b[1m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}

pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

use std::fmt::Write as _;

use casare_engine::ErrorReport;
use casare_store::{RunState, StoredRun};
use clap::Args;
use jiff::tz::TimeZone;
use serde_json::Value as Json;

use super::{Open, chosen, state_name, took};
use crate::{
    failure::{CliError, Exit},
    report::{self, Collected, StepState},
    terminal::{Cell, Paint, Terminal, grouped, table, time},
};

/// Show what a run did
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The run: its id, the beginning of it, or `last`
    run: String,
    /// Print the run as one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

impl Show {
    pub(super) async fn exec(self, open: &Open, terminal: &Terminal) -> Result<Exit, CliError> {
        let run = chosen(&open.journal, &self.run).await?;
        if self.json {
            terminal.print_json(&run)?;
            return Ok(Exit::Done);
        }
        let collected = report::from_journal(&open.journal, run.id).await?;
        let report = open.folder.join(run.id.to_string()).join(report::FILE);
        let mut text = about(&run, terminal.out);
        if let Some(collected) = &collected {
            text.push_str(&steps(collected, terminal.out));
        }
        if report.exists() {
            let _ = writeln!(text, "\nreport  {}", report.display());
        }
        terminal.print(&text)?;
        if run.interrupted
            || matches!(
                run.state,
                RunState::Failed | RunState::Cancelled | RunState::NeedsDecision
            )
        {
            terminal.note(
                &terminal
                    .err
                    .dim(&format!("go on with: casare resume {}", run.id)),
            );
        }
        Ok(Exit::Done)
    }
}

fn about(run: &StoredRun, paint: Paint) -> String {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut row = |name: &str, value: String| {
        rows.push(vec![Cell::new(name, |name| paint.dim(name)), value.into()]);
    };
    row("run", run.id.to_string());
    row("workflow", run.workflow.clone());
    row("state", state_name(run).to_owned());
    if let Some(file) = &run.file {
        row("file", file.clone());
    }
    let started = run.started_at.to_zoned(TimeZone::system());
    row(
        "started",
        started.strftime("%Y-%m-%d %H:%M:%S %Z").to_string(),
    );
    row("took", took(run));
    row("steps", grouped(run.steps));
    if run.healed > 0 {
        row("healed", paint.yellow(&grouped(run.healed)));
    }
    if run.attempt > 1 {
        row("attempts", run.attempt.to_string());
    }
    for (name, values) in [
        ("inputs", Some(&run.inputs)),
        ("outputs", run.outputs.as_ref()),
    ] {
        if let Some(values) =
            values.filter(|values| values.as_object().is_some_and(|map| !map.is_empty()))
        {
            row(name, values.to_string());
        }
    }
    let error: Option<ErrorReport> = run
        .error
        .clone()
        .and_then(|error: Json| serde_json::from_value(error).ok());
    if let Some(error) = error {
        let step = error
            .step
            .map(|step| format!("{step}: "))
            .unwrap_or_default();
        row("error", paint.red(&format!("{step}{}", error.message)));
        if let Some(help) = error.help {
            row("help", help);
        }
        for artifact in error.artifacts {
            row("see", artifact);
        }
    }
    table(&rows)
}

/// The steps at the top of the workflow.
fn steps(collected: &Collected, paint: Paint) -> String {
    let rows: Vec<Vec<Cell>> = collected
        .top_steps()
        .map(|step| {
            let mark = match step.state {
                StepState::Done => Cell::new("✔", |mark| paint.green(mark)),
                StepState::Failed { .. } => Cell::new("✘", |mark| paint.red(mark)),
                StepState::Skipped(_) => "-".into(),
                StepState::Running => Cell::new("…", |mark| paint.yellow(mark)),
            };
            vec![
                mark,
                step.path.to_string().into(),
                step.info.title.as_str().into(),
                time(step.took).into(),
            ]
        })
        .collect();
    if rows.is_empty() {
        String::new()
    } else {
        format!("\n{}", table(&rows))
    }
}

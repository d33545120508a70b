use std::path::PathBuf;

use casare_engine::RunOptions;
use casare_testing::{Recording, Replay as Stage, recording::Difference};
use clap::Args;
use serde_json::json;

use crate::{
    execution,
    failure::{CliError, Exit},
    files::{self, WorkflowFile},
    terminal::{Terminal, count},
};

/// Run a recording again, offline, and tell what is different
///
/// Steps that reach outside are answered from the recording; the others are executed. Exits with 1
/// if anything is not as it was recorded.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The recording, made by `casare run --record`
    recording: PathBuf,
    /// Run this workflow instead of the one that was recorded: a changed version of it
    #[arg(long, value_name = "FILE")]
    workflow: Option<PathBuf>,
    /// Print `{"same": …, "steps": …, "state": …, "differences": […]}`
    #[arg(long)]
    pub(crate) json: bool,
}

impl Replay {
    pub(crate) fn exec(self, terminal: &Terminal) -> Result<Exit, CliError> {
        let recording = Recording::read(&self.recording)?;
        let plan = if let Some(path) = &self.workflow {
            let file = WorkflowFile::read(path)?;
            let engine = files::engine_at(&file.folder)?;
            (file.load(&engine)?, engine)
        } else {
            let workflow = &recording.workflow;
            let engine = files::engine_at(&workflow.folder)?;
            let (name, text) = (&workflow.name, &workflow.text);
            let plan = engine.load_recorded(name, text, &workflow.folder, &workflow.called)?;
            (plan, engine)
        };
        let (plan, engine) = plan;
        let runs = std::env::temp_dir().join("casare-replays");
        let mut options = RunOptions::new(plan.folder(), &runs);
        let stage = Stage::attach(&recording, &mut options);
        let outcome = execution::runtime()?.block_on(engine.run(&plan, options))?;
        // What the run kept was for nobody.
        let _ = std::fs::remove_dir_all(&outcome.folder);
        let (differences, left_out) = stage.finish(&recording, &plan, &outcome);
        let same = differences.is_empty();
        if self.json {
            terminal.print_json(&json!({
                "same": same,
                "steps": outcome.steps,
                "state": outcome.state,
                "differences": differences,
                "left_out": left_out,
            }))?;
        } else if same {
            let steps = count(outcome.steps, "step");
            let mark = terminal.out.green("✔");
            terminal.print(&format!("{mark} {steps} replayed: as recorded"))?;
        } else {
            for difference in &differences {
                terminal.print(&told(difference, terminal))?;
            }
            let number = count((differences.len() + left_out) as u64, "difference");
            terminal.print(&format!("{} {number}", terminal.out.red("✘")))?;
        }
        Ok(if same { Exit::Done } else { Exit::Failed })
    }
}

fn told(difference: &Difference, terminal: &Terminal) -> String {
    let mut place = String::new();
    if let Some(step) = &difference.step {
        place.push_str(&terminal.out.bold(step));
    }
    if let Some(path) = &difference.path {
        place.push_str(&terminal.out.dim(&format!(" {path}")));
    }
    if let Some(line) = difference.line {
        place.push_str(&format!(", line {line}"));
    }
    if place.is_empty() {
        return difference.message.clone();
    }
    format!("{place}: {}", difference.message)
}

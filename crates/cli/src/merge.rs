use std::path::{Path, PathBuf};

use casare_engine::PlanError;
use casare_workflow::merge::{Conflict, Markers, Merged, Versions, marked, merge};
use clap::Args;
use serde_json::json;

use crate::{
    failure::{CliError, Exit},
    files::{self, WorkflowFile},
    problems,
    terminal::{Terminal, count},
};

/// Merge two changed versions of a workflow, step by step
///
/// Made for git: `casare init --git` sets it up as the driver for `*.workflow.yaml`. Exits with 1
/// if a person has to decide something; the text then has markers around it, as git's own merges
/// have.
#[derive(Debug, Args)]
pub(crate) struct Merge {
    /// The version that both come from
    base: PathBuf,
    /// Our version; the merged text is written here
    ours: PathBuf,
    /// Their version
    theirs: PathBuf,
    /// Write the merged text here instead; `-` is stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// How long the markers of conflicts are
    #[arg(short = 'L', long, value_name = "N", default_value_t = 7)]
    marker_size: usize,
    /// The path of the file in its project, for messages; `.json` is written as JSON
    #[arg(short = 'P', long, value_name = "PATH")]
    path: Option<PathBuf>,
    /// Print `{"clean": …, "conflicts": […], "notes": […]}`
    #[arg(long)]
    pub(crate) json: bool,
}

impl Merge {
    pub(crate) fn exec(self, terminal: &Terminal) -> Result<Exit, CliError> {
        let [base, ours, theirs] = [
            WorkflowFile::read(&self.base)?,
            WorkflowFile::read(&self.ours)?,
            WorkflowFile::read(&self.theirs)?,
        ];
        let path = self.path.as_ref().unwrap_or(&self.ours);
        let name = path.display().to_string();
        let markers = Markers {
            size: self.marker_size.clamp(1, 200),
            ..Markers::default()
        };
        let versions = Versions {
            name: &name,
            base: &base.text,
            ours: &ours.text,
            theirs: &theirs.text,
        };
        let merged = match merge(&versions, &markers) {
            Ok(merged) => merged,
            Err(problems) => {
                // A person has to look at it anyway: line by line, as git would.
                terminal.note(&problems::render(&problems, terminal.err));
                Merged {
                    text: marked(&ours.text, &theirs.text, &markers),
                    conflicts: vec![unreadable()],
                    notes: Vec::new(),
                }
            }
        };
        let to_stdout = self.output.as_deref() == Some(Path::new("-"));
        if to_stdout {
            terminal.print(&merged.text)?;
        } else {
            let target = self.output.as_ref().unwrap_or(&self.ours);
            files::write_whole(target, &merged.text)?;
        }
        for note in &merged.notes {
            terminal.note(&format!("{} {name}: {note}", terminal.err.cyan("note:")));
        }
        let broken = merged.conflicts.is_empty()
            && breaks(path, &[&ours.text, &theirs.text], &merged.text, terminal);
        for conflict in &merged.conflicts {
            terminal.note(&format!(
                "{} {name}: {conflict}",
                terminal.err.red("conflict:")
            ));
        }
        let clean = merged.conflicts.is_empty() && !broken;
        if self.json && !to_stdout {
            let conflicts = merged.conflicts.iter().map(|conflict| {
                json!({
                    "step": conflict.step,
                    "setting": conflict.setting,
                    "reason": conflict.reason,
                    "base": conflict.values[0],
                    "ours": conflict.values[1],
                    "theirs": conflict.values[2],
                })
            });
            let conflicts: Vec<_> = conflicts.collect();
            terminal.print_json(&json!({
                "clean": clean,
                "valid": !broken,
                "conflicts": conflicts,
                "notes": merged.notes,
            }))?;
        } else if !merged.conflicts.is_empty() {
            let number = count(merged.conflicts.len() as u64, "conflict");
            terminal.note(&format!("{name}: {number} to resolve between the markers"));
        }
        Ok(if clean { Exit::Done } else { Exit::Failed })
    }
}

fn unreadable() -> Conflict {
    Conflict {
        step: None,
        setting: String::new(),
        reason: "can't be merged step by step, because one version is no YAML".to_owned(),
        values: [None, None, None],
    }
}

/// Tells what is wrong with the merged workflow, if nothing was wrong with either side: a step that
/// one side renamed and the other refers to, for example.
fn breaks(path: &Path, sides: &[&str], merged: &str, terminal: &Terminal) -> bool {
    let name = path.display().to_string();
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = absolute.parent().unwrap_or(&absolute).to_owned();
    // A project whose own nodes can't be read is not the merge's fault.
    let Ok(engine) = files::engine_at(&folder) else {
        return false;
    };
    let load = |text: &str| {
        let text = text.to_owned();
        let (name, folder) = (name.clone(), folder.clone());
        WorkflowFile { name, text, folder }.load(&engine)
    };
    if sides.iter().any(|side| load(side).is_err()) {
        return false;
    }
    let Err(PlanError::Invalid(list)) = load(merged) else {
        return false;
    };
    terminal.note(&problems::render(&list, terminal.err));
    terminal.note(&format!(
        "{} {name}: both versions are valid, but not what comes of them",
        terminal.err.red("conflict:")
    ));
    true
}

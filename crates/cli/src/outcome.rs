//! How a run ended, told to people and to programs.

use std::fmt::Write as _;

use std::path::Path;

use casare_engine::{ErrorReport, RunOutcome, RunState, Undecided};
use casare_workflow::Workflow;
use miette::{LabeledSpan, MietteDiagnostic};
use serde_json::{Map, Value as Json, json};

use crate::{
    failure::CliError,
    problems::excerpt,
    terminal::{Paint, Terminal, count, time},
};

/// A run's end, and what is needed to explain it.
pub(crate) struct Told<'a> {
    pub(crate) outcome: &'a RunOutcome,
    pub(crate) workflow: &'a Workflow,
    /// The workflow's file and its text, to point into.
    pub(crate) file: &'a str,
    pub(crate) text: &'a str,
    pub(crate) report: Option<&'a Path>,
}

impl Told<'_> {
    /// The object that `--json` ends with.
    pub(crate) fn to_json(&self) -> Json {
        let outcome = self.outcome;
        let outputs = match &outcome.outputs {
            Json::Null => Json::Object(Map::new()),
            outputs => outputs.clone(),
        };
        let mut json = json!({
            "run": outcome.run,
            "state": outcome.state,
            "outputs": outputs,
            "steps": outcome.steps,
            "duration_ms": outcome.took.as_millis() as u64,
        });
        if let Some(error) = &outcome.error {
            json["error"] = json!(error);
        }
        if let Some(report) = self.report {
            json["report"] = report.display().to_string().into();
        }
        if outcome.healed > 0 {
            json["healed"] = outcome.healed.into();
        }
        if outcome.failed_steps > 0 {
            json["failed_steps"] = outcome.failed_steps.into();
        }
        if !outcome.undecided.is_empty() {
            let undecided = outcome.undecided.iter();
            json["undecided"] = undecided.map(undecided_to_json).collect();
        }
        json
    }

    /// What the workflow answers, to stdout.
    pub(crate) fn print_outputs(&self, terminal: &Terminal) -> Result<(), CliError> {
        let Json::Object(outputs) = &self.outcome.outputs else {
            return Ok(());
        };
        for (name, value) in outputs {
            let text = match value {
                Json::String(text) => text.clone(),
                Json::Array(_) | Json::Object(_) => format!("{value:#}"),
                value => value.to_string(),
            };
            terminal.print(&format!("{}: {text}", terminal.out.bold(name)))?;
        }
        Ok(())
    }

    /// What happened, for people.
    pub(crate) fn summary(&self, paint: Paint) -> String {
        let outcome = self.outcome;
        let mut text = String::new();
        match &outcome.error {
            _ if outcome.state == RunState::NeedsDecision => text.push_str(&self.question(paint)),
            // That it was cancelled, the line below says.
            Some(error) if outcome.state == RunState::Cancelled && error.step.is_none() => {}
            Some(error) => text.push_str(&self.error(error, paint)),
            None => {}
        }
        let name = paint.bold(&self.workflow.name);
        let how = match outcome.state {
            RunState::Succeeded => format!("{} {name} succeeded", paint.green("✔")),
            RunState::Failed => format!("{} {name} failed", paint.red("✘")),
            RunState::Cancelled => format!("{} {name} was cancelled", paint.yellow("■")),
            RunState::NeedsDecision => format!("{} {name} needs a decision", paint.yellow("?")),
            RunState::Running => format!("{} {name} was left running", paint.yellow("?")),
        };
        let steps = count(outcome.steps, "step");
        let _ = write!(
            text,
            "{how}: {steps} in {}",
            time(outcome.took.as_micros() as u64)
        );
        if outcome.failed_steps > 0 {
            let failed = count(outcome.failed_steps, "step");
            text.push_str(&paint.yellow(&format!(", {failed} failed and passed over")));
        }
        if outcome.healed > 0 {
            let healed = count(outcome.healed, "target");
            text.push_str(&paint.yellow(&format!(", {healed} healed")));
            let _ = write!(
                text,
                "\n  {} `casare heal list` shows the repairs, `casare heal accept ID` makes one",
                paint.dim("healed")
            );
        }
        if let Some(report) = self.report {
            let _ = write!(text, "\n  {} {}", paint.dim("report"), report.display());
        }
        text
    }

    /// The step that failed, its place in the file, what to do, and pictures of it.
    fn error(&self, error: &ErrorReport, paint: Paint) -> String {
        let step = match (&error.step, &error.node) {
            (Some(step), Some(node)) if step != node => format!("{step} ({node}): "),
            (Some(step), _) => format!("{step}: "),
            _ => String::new(),
        };
        let mut diagnostic = MietteDiagnostic::new(format!("{step}{}", error.message));
        diagnostic.code = Some(error.kind.name().to_owned());
        diagnostic.help.clone_from(&error.help);
        let mut called = None;
        if let (Some(line), Some(path)) = (error.line, &error.path) {
            // Lines of a workflow that this one calls are lines of another file.
            if path.lists().iter().any(|list| &*list.block == "call") {
                called = Some(line);
            } else if let Some(span) = line_span(self.text, line) {
                diagnostic = diagnostic.with_label(LabeledSpan::at(span, format!("step {path}")));
            }
        }
        let mut text = excerpt(diagnostic, self.file, self.text, paint);
        if let (Some(line), Some(path)) = (called, &error.path) {
            let _ = writeln!(text, "  step {path}, line {line} of the called workflow");
        }
        for artifact in &error.artifacts {
            let _ = writeln!(text, "  {} {artifact}", paint.dim("see"));
        }
        text.push('\n');
        text
    }

    /// Which steps need a decision, what the choices mean, and what to type.
    fn question(&self, paint: Paint) -> String {
        let mut text = String::new();
        for step in &self.outcome.undecided {
            let _ = writeln!(
                text,
                "{} `{}` ({}, line {}) was under way when the run was interrupted. It must not be \
                 done twice, and nobody knows whether it was done.",
                paint.yellow("?"),
                step.step,
                step.node,
                step.line,
            );
        }
        let decide = |decision: &str| {
            let steps = self.outcome.undecided.iter();
            let decisions: Vec<String> = steps
                .map(|step| format!("--decide '{}={decision}'", step.path))
                .collect();
            paint.cyan(&format!(
                "casare resume {} {}",
                self.outcome.run,
                decisions.join(" ")
            ))
        };
        let _ = writeln!(
            text,
            "  Look where it would have left its mark (the mailbox, the portal, the table). Then:\n  \
             it happened:       {}\n  it did not happen: {}",
            decide("done"),
            decide("repeat"),
        );
        text.push_str(
            "  Where later steps use its outputs, give them: --decide 'STEP=done:{\"output\": 7}'\n\n",
        );
        text
    }
}

fn undecided_to_json(undecided: &Undecided) -> Json {
    json!({
        "path": undecided.path,
        "step": undecided.step,
        "node": undecided.node,
        "line": undecided.line,
    })
}

/// The bytes of a line, from 1, without what surrounds its text.
fn line_span(text: &str, line: u32) -> Option<std::ops::Range<usize>> {
    let mut start = 0;
    for (number, content) in text.split_inclusive('\n').enumerate() {
        if number + 1 == line as usize {
            let indent = content.len() - content.trim_start().len();
            return Some(start + indent..start + content.trim_end().len().max(indent));
        }
        start += content.len();
    }
    None
}

//! What a recording has become, and what to do with it.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use casare_recorder::{Action, Event, Options};
use casare_workflow::{Block, InputKind, Step, Workflow};
use serde_json::json;

use crate::{
    failure::{CliError, Exit},
    files::{self, WorkflowFile},
    problems,
    terminal::{Terminal, count},
};

/// What a recording has become.
pub(super) struct Summary<'a> {
    workflow: &'a Path,
    log: &'a Path,
    export: Option<PathBuf>,
    steps: u64,
    credential: &'a str,
    /// Which fields of the credential are needed.
    secrets: BTreeSet<String>,
    /// The inputs that a run has to be given.
    inputs: Vec<String>,
    loops: usize,
}

impl<'a> Summary<'a> {
    pub(super) fn of(
        made: &Workflow,
        events: &[Event],
        options: &'a Options,
        workflow: &'a Path,
        log: &'a Path,
        export: Option<PathBuf>,
    ) -> Self {
        let mut secrets = BTreeSet::new();
        let mut loops = 0;
        let mut steps = 0;
        walk(&made.steps, &mut |step| {
            steps += 1;
            loops += usize::from(
                step.note
                    .as_deref()
                    .is_some_and(|note| note.contains("flow.for_each")),
            );
            if step.with.contains_key("credential") {
                let field = step.with.get("field").and_then(|field| field.as_str());
                secrets.insert(field.unwrap_or("password").to_owned());
            }
        });
        let needed = made
            .inputs
            .iter()
            .filter(|(_, input)| input.required && matches!(input.kind, InputKind::File));
        debug_assert!(events.iter().all(|event| match &event.action {
            Action::Fill { element, value } => !element.kind.is_secret() || value.is_null(),
            _ => true,
        }));
        Self {
            workflow,
            log,
            export,
            steps,
            credential: &options.credential,
            secrets,
            inputs: needed.map(|(name, _)| name.clone()).collect(),
            loops,
        }
    }

    pub(super) fn tell(&self, json: bool, terminal: &Terminal) -> Result<Exit, CliError> {
        let file = WorkflowFile::read(self.workflow)?;
        let engine = files::engine_at(&file.folder)?;
        let problems = match file.load(&engine) {
            Ok(_) => None,
            Err(casare_engine::PlanError::Invalid(problems)) => Some(problems),
            Err(error) => return Err(error.into()),
        };
        let exit = if problems.is_none() {
            Exit::Done
        } else {
            Exit::Invalid
        };
        if json {
            let credentials = if self.secrets.is_empty() {
                json!({})
            } else {
                json!({ self.credential: self.secrets })
            };
            terminal.print_json(&json!({
                "workflow": self.workflow, "events": self.log, "export": self.export, "steps": self.steps,
                "credentials": credentials, "inputs": self.inputs,
                "problems": problems.as_ref().map_or_else(|| json!([]), casare_workflow::ProblemList::to_json),
            }))?;
            return Ok(exit);
        }
        if let Some(problems) = &problems {
            terminal.note(&problems::render(problems, terminal.err));
        }
        terminal.print(&self.text(terminal))?;
        Ok(exit)
    }

    fn text(&self, terminal: &Terminal) -> String {
        let workflow = self.workflow.display();
        let mark = terminal.out.green("✔");
        let mut text = format!("{mark} {workflow}: {}\n", count(self.steps, "step"));
        if let Some(export) = &self.export {
            let _ = writeln!(text, "  for Chrome's DevTools: {}", export.display());
        }
        let _ = writeln!(
            text,
            "  what was recorded is kept in {}",
            self.log.display()
        );
        if !self.secrets.is_empty() {
            let fields: Vec<&str> = self.secrets.iter().map(String::as_str).collect();
            let variable = self
                .credential
                .to_uppercase()
                .replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
            let example: Vec<String> = fields
                .iter()
                .map(|field| format!("\"{field}\": \"…\""))
                .collect();
            let _ = writeln!(
                text,
                "\nSecrets were not recorded. The workflow takes them from the credential `{}` ({}):\n  \
                 export CASARE_CREDENTIAL_{variable}='{{{}}}'",
                self.credential,
                fields.join(", "),
                example.join(", "),
            );
        }
        if self.loops > 0 {
            let _ = writeln!(
                text,
                "\nThe same was done to several rows: a `note` in the workflow says how a loop does it to all.",
            );
        }
        let inputs: String = self
            .inputs
            .iter()
            .fold(String::new(), |all, name| all + &format!(" -i {name}=FILE"));
        let _ = write!(
            text,
            "\nNext:\n  casare check {workflow}\n  casare run {workflow}{inputs} --headed\n"
        );
        text
    }
}

fn walk(steps: &[Step], see: &mut impl FnMut(&Step)) {
    for step in steps {
        see(step);
        for block in step.blocks.values() {
            if let Block::Steps(steps) = block {
                walk(steps, see);
            }
        }
    }
}

use std::path::PathBuf;

use casare_engine::{Engine, PlanError};
use clap::Args;
use serde_json::{Value as Json, json};

use crate::{
    failure::{CliError, Exit},
    files::{self, WorkflowFile},
    problems,
    terminal::{Terminal, count},
};

/// Find everything that is wrong with workflows, without running them
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Workflow files; `-` reads stdin
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print `{"valid": …, "problems": […]}`
    #[arg(long)]
    pub(crate) json: bool,
}

impl Check {
    pub(crate) fn exec(self, terminal: &Terminal) -> Result<Exit, CliError> {
        let engine = files::engine();
        let mut found = Found::default();
        for path in &self.files {
            found.check(&WorkflowFile::read(path)?, &engine, terminal);
        }
        let valid = found.invalid == 0;
        if self.json {
            terminal.print_json(&json!({ "valid": valid, "problems": found.problems }))?;
        } else if valid {
            let files = count(self.files.len() as u64, "workflow");
            terminal.print(&format!("{} {files} valid", terminal.out.green("✔")))?;
        }
        Ok(if valid { Exit::Done } else { Exit::Invalid })
    }
}

#[derive(Default)]
struct Found {
    invalid: usize,
    problems: Vec<Json>,
}

impl Found {
    fn check(&mut self, file: &WorkflowFile, engine: &Engine, terminal: &Terminal) {
        let list = match file.load(engine) {
            Ok(plan) => file.named(plan.warnings().clone()),
            Err(PlanError::Invalid(list)) => {
                self.invalid += 1;
                list
            }
            Err(error) => {
                self.invalid += 1;
                let error = CliError::Plan(error);
                let mut problem = error.to_json()["error"].take();
                problem["file"] = file.name.as_str().into();
                problem["severity"] = "error".into();
                self.problems.push(problem);
                terminal.failure(&error, false);
                return;
            }
        };
        if !list.problems.is_empty() {
            if let Json::Array(problems) = list.to_json() {
                self.problems.extend(problems);
            }
            terminal.note(&problems::render(&list, terminal.err));
        }
    }
}

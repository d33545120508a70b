use std::path::{Path, PathBuf};

use casare_engine::{Engine, PlanError};
use casare_nodes::custom;
use casare_workflow::ProblemList;
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
        let mut found = Found::default();
        for path in &self.files {
            if path.to_string_lossy().ends_with(".node.yaml") {
                found.check_node(path, terminal)?;
                continue;
            }
            let file = WorkflowFile::read(path)?;
            let engine = files::engine_at(&file.folder)?;
            found.check(&file, &engine, terminal);
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
    /// A definition of a node, and the example in it.
    fn check_node(&mut self, path: &Path, terminal: &Terminal) -> Result<(), CliError> {
        let node = match custom::load(path).map_err(CliError::from) {
            Ok(node) => node,
            Err(CliError::Plan(PlanError::Invalid(list))) => {
                self.invalid += 1;
                self.tell(&list, terminal);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let example = &node.spec().example;
        if example.trim().is_empty() {
            return Ok(());
        }
        let file = WorkflowFile {
            name: format!("{} (example)", path.display()),
            text: format!("casare: 1\nname: example\nsteps:\n{example}"),
            folder: path.parent().unwrap_or(Path::new(".")).to_owned(),
        };
        let engine = files::engine_at(&file.folder)?;
        self.check(&file, &engine, terminal);
        Ok(())
    }

    fn tell(&mut self, list: &ProblemList, terminal: &Terminal) {
        if let Json::Array(problems) = list.to_json() {
            self.problems.extend(problems);
        }
        terminal.note(&problems::render(list, terminal.err));
    }

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
            self.tell(&list, terminal);
        }
    }
}

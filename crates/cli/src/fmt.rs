use std::path::PathBuf;

use casare_engine::PlanError;
use casare_workflow::format;
use clap::Args;
use serde_json::json;

use crate::{
    failure::{CliError, Exit},
    files::{self, WorkflowFile},
    terminal::{Terminal, count},
};

/// Write workflows in their one canonical form; comments and the order of keys stay
#[derive(Debug, Args)]
pub(crate) struct Fmt {
    /// Workflow files; `-` reads stdin and writes stdout
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Change nothing: exit with 1 if a file would change
    #[arg(long)]
    check: bool,
    /// Print `{"changed": [FILE…]}`
    #[arg(long)]
    pub(crate) json: bool,
}

impl Fmt {
    pub(crate) fn exec(self, terminal: &Terminal) -> Result<Exit, CliError> {
        let mut changed = Vec::new();
        for path in &self.files {
            let file = WorkflowFile::read(path)?;
            let canonical =
                format::canonical(&file.name, &file.text).map_err(PlanError::Invalid)?;
            let is_stdin = file.name == "-";
            if is_stdin && !self.check {
                terminal.print(&canonical)?;
                continue;
            }
            if canonical == file.text {
                continue;
            }
            if !self.check {
                files::write_whole(path, &canonical)?;
            }
            changed.push(file.name);
        }
        if self.json {
            terminal.print_json(&json!({ "changed": changed }))?;
        } else {
            self.tell(&changed, terminal);
        }
        let unclean = self.check && !changed.is_empty();
        Ok(if unclean { Exit::Failed } else { Exit::Done })
    }

    fn tell(&self, changed: &[String], terminal: &Terminal) {
        let verb = if self.check {
            "would change"
        } else {
            "changed"
        };
        for name in changed {
            terminal.note(&format!("{verb} {name}"));
        }
        let rest = (self.files.len() - changed.len()) as u64;
        if rest > 0 && terminal.watched {
            terminal.note(
                &terminal
                    .err
                    .dim(&format!("{} left as they are", count(rest, "file"))),
            );
        }
    }
}

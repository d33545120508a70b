use std::path::PathBuf;

use casare_engine::PlanError;
use casare_workflow::Source;
use clap::Args;
use serde_json::json;

use super::{Open, chosen};
use crate::{
    failure::{CliError, Exit},
    report,
    terminal::Terminal,
};

/// Write the report of a run: one HTML file that needs nothing else
#[derive(Debug, Args)]
pub(crate) struct Report {
    /// The run: its id, the beginning of it, or `last`
    run: String,
    /// Where to write it [default: `report.html` among the run's files]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print `{"report": FILE}`
    #[arg(long)]
    pub(super) json: bool,
}

impl Report {
    pub(super) async fn exec(self, open: &Open, terminal: &Terminal) -> Result<Exit, CliError> {
        let run = chosen(&open.journal, &self.run).await?;
        let path = self
            .output
            .unwrap_or_else(|| open.folder.join(run.id.to_string()).join(report::FILE));
        let (workflow, _) = Source::read(&run.workflow, &run.text).map_err(PlanError::Invalid)?;
        let collected = report::from_journal(&open.journal, run.id)
            .await?
            .unwrap_or_default();
        report::write(&path, collected, &workflow).map_err(|source| CliError::Unwritable {
            path: path.clone(),
            source,
        })?;
        if self.json {
            terminal.print_json(&json!({ "report": path }))?;
        } else {
            terminal.print(&path.display().to_string())?;
        }
        Ok(Exit::Done)
    }
}

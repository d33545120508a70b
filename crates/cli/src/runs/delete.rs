use std::{fs, io};

use clap::Args;
use serde_json::json;

use super::{Open, chosen};
use crate::{
    failure::{CliError, Exit},
    terminal::Terminal,
};

/// Forget runs: their records, reports, screenshots and other files
#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// The runs: ids, or beginnings of them
    #[arg(required = true, value_name = "RUN")]
    run: Vec<String>,
    /// Print `{"deleted": [RUN…]}`
    #[arg(long)]
    pub(super) json: bool,
}

impl Delete {
    pub(super) async fn exec(self, open: &Open, terminal: &Terminal) -> Result<Exit, CliError> {
        let mut deleted = Vec::new();
        for name in &self.run {
            let run = chosen(&open.journal, name).await?;
            open.journal.delete(run.id).await?;
            let folder = open.folder.join(run.id.to_string());
            match fs::remove_dir_all(&folder) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(CliError::Unwritable {
                        path: folder,
                        source,
                    });
                }
                _ => {}
            }
            if !self.json {
                terminal.note(&format!("deleted {} ({})", run.id, run.workflow));
            }
            deleted.push(run.id);
        }
        if self.json {
            terminal.print_json(&json!({ "deleted": deleted }))?;
        }
        Ok(Exit::Done)
    }
}

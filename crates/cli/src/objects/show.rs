use casare_workflow::Document;
use clap::Args;
use serde_json::json;

use super::Open;
use crate::{
    failure::{CliError, Exit},
    heal::HealError,
};

/// Show all that is known of an object
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The object, such as `login.submit`
    name: String,
}

impl Show {
    pub(super) fn exec(self, open: &Open<'_>) -> Result<Exit, CliError> {
        let name = open.name(&self.name)?;
        let target = open.repository.get(&name);
        let target = target.map_err(|error| HealError::Object(error.to_string()))?;
        let file = open.repository.file_of(&name);
        let file = file.map(|file| open.project.name_of(file));
        let told = json!({ "name": name, "file": file, "target": target });
        if open.json {
            open.terminal.print_json(&told)?;
        } else {
            open.terminal.print(&Document::from_json(&told).write())?;
        }
        Ok(Exit::Done)
    }
}

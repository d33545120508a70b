use casare_testing::test_schema;
use casare_workflow::schema::workflow_schema;
use clap::Args;

use crate::{
    failure::{CliError, Exit},
    files,
    terminal::Terminal,
};

/// Print the JSON Schema of workflow files, for completion in editors
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// That of test files (`*.test.yaml`) instead
    #[arg(long)]
    tests: bool,
    /// Accepted for likeness with the other commands; a schema is always JSON
    #[arg(long, hide = true)]
    json: bool,
}

impl Schema {
    pub(crate) fn exec(self, terminal: &Terminal) -> Result<Exit, CliError> {
        let schema = if self.tests {
            test_schema()
        } else {
            workflow_schema(files::engine_here()?.registry())
        };
        terminal.print(&format!("{schema:#}"))?;
        Ok(Exit::Done)
    }
}

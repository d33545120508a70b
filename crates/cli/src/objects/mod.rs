//! The named targets of a project.

use std::path::PathBuf;

use casare_browser::ObjectName;
use casare_engine::Engine;
use casare_nodes::healing::{
    project::{Project, Repository},
    uses::{self, ObjectUse},
};
use clap::{Args, Subcommand};

use crate::{
    failure::{CliError, Exit},
    files,
    heal::{self, HealError},
    terminal::Terminal,
};

mod list;
mod rename;
mod show;
mod usages;

/// List the named targets of a project, where they are used, and rename them
#[derive(Debug, Args)]
pub(crate) struct Objects {
    #[command(subcommand)]
    command: Command,
    /// A folder of the project [default: the current one]
    #[arg(long, value_name = "FOLDER", global = true)]
    project: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::List),
    Show(show::Show),
    Usages(usages::Usages),
    Rename(rename::Rename),
}

/// What the subcommands share.
struct Open<'a> {
    project: Project,
    repository: Repository,
    engine: Engine,
    json: bool,
    terminal: &'a Terminal,
}

impl Objects {
    pub(crate) fn exec(self, terminal: &Terminal) -> Result<Exit, CliError> {
        let project = heal::project_at(self.project)?;
        let open = Open {
            repository: project.repository().map_err(HealError::from)?,
            engine: files::engine_at(project.root())?,
            project,
            json: self.json,
            terminal,
        };
        match self.command {
            Command::List(_) => list::List::exec(&open),
            Command::Show(show) => show.exec(&open),
            Command::Usages(usages) => usages.exec(&open),
            Command::Rename(rename) => rename.exec(&open),
        }
    }
}

impl Open<'_> {
    fn name(&self, name: &str) -> Result<ObjectName, CliError> {
        let wrong = |error: casare_browser::ObjectError| HealError::Object(error.to_string());
        let name: ObjectName = name.parse().map_err(wrong)?;
        self.repository.get(&name).map_err(wrong)?;
        Ok(name)
    }

    /// Where objects are used. Workflows that can't be read are told, not passed over.
    fn uses(&self) -> Vec<ObjectUse> {
        let (uses, unread) = uses::object_uses(&self.project, self.engine.registry());
        for (file, error) in unread {
            let warning = self.terminal.err.yellow("warning");
            let file = self.project.name_of(&file);
            self.terminal
                .note(&format!("{warning}: {file} was not looked into: {error}"));
        }
        uses
    }
}

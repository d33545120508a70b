//! Repairs of selectors that stopped finding their elements.

use std::path::PathBuf;

use casare_nodes::healing::{
    patch::PatchError,
    project::{Project, RepositoryError},
    proposal::{Proposal, Proposals},
    uses::ReadError,
};
use clap::{Args, Subcommand};

use crate::{
    config::Config,
    failure::{CliError, Exit},
    terminal::Terminal,
};

mod decide;
mod list;
mod probe;
mod show;
mod stats;

/// Show, accept or reject repairs of selectors that stopped finding their elements
#[derive(Debug, Args)]
pub(crate) struct Heal {
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
    Accept(decide::Accept),
    Reject(decide::Reject),
    Stats(stats::Stats),
    Probe(probe::Probe),
}

/// What the subcommands share.
struct Open<'a> {
    project: Project,
    proposals: Proposals,
    json: bool,
    terminal: &'a Terminal,
}

/// Why a repair can't be shown or made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HealError {
    #[error("there is no proposal `{0}`")]
    NoSuchProposal(String),
    #[error("proposal {id}: {source}")]
    Patch { id: String, source: PatchError },
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    #[error(transparent)]
    Workflow(#[from] ReadError),
    #[error(transparent)]
    Browser(casare_browser::BrowserError),
    #[error("no proposal was named")]
    NoneNamed,
    #[error("{0}")]
    Object(String),
    #[error("proposal {id} is {state} already")]
    Decided { id: String, state: &'static str },
}

impl HealError {
    /// What the reader can do about it.
    pub(crate) fn help(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoSuchProposal(_) => "`casare heal list` lists them",
            Self::Patch {
                source: PatchError::Changed { .. },
                ..
            } => "look whether it still needs a repair; run the workflow again for a new proposal",
            Self::Patch {
                source: PatchError::Computed { .. },
                ..
            } => "repair what the expression reads, by hand",
            Self::NoneNamed => "name proposals by their ids, or `--all`",
            Self::Object(_) => "`casare objects list` lists all objects",
            Self::Decided { .. } => "`casare heal show ID` shows it",
            Self::Browser(_) => "`casare doctor` says what is wrong with the browser",
            Self::Patch { .. } | Self::Repository(_) | Self::Workflow(_) => return None,
        })
    }
}

impl Heal {
    pub(crate) fn exec(self, config: &Config, terminal: &Terminal) -> Result<Exit, CliError> {
        let project = project_at(self.project)?;
        let open = Open {
            proposals: Proposals::of(&project),
            project,
            json: self.json,
            terminal,
        };
        match self.command {
            Command::List(list) => list.exec(&open),
            Command::Show(show) => show.exec(&open),
            Command::Accept(accept) => accept.exec(&open),
            Command::Reject(reject) => reject.exec(&open),
            Command::Stats(stats) => stats.exec(&open),
            Command::Probe(probe) => probe.exec(&open, config),
        }
    }
}

impl Open<'_> {
    fn list(&self) -> Result<Vec<Proposal>, CliError> {
        self.proposals
            .list()
            .map_err(|source| CliError::Unreadable {
                path: self.proposals.folder(),
                source,
            })
    }

    fn find(&self, id: &str) -> Result<Proposal, CliError> {
        let found = self
            .proposals
            .find(id)
            .map_err(|source| CliError::Unreadable {
                path: self.proposals.folder(),
                source,
            })?;
        found.ok_or_else(|| HealError::NoSuchProposal(id.to_owned()).into())
    }
}

/// The project around `folder`, or around the current one.
pub(crate) fn project_at(folder: Option<PathBuf>) -> Result<Project, CliError> {
    let folder = folder.unwrap_or_else(|| ".".into());
    let absolute = std::path::absolute(&folder).map_err(|source| CliError::Unreadable {
        path: folder,
        source,
    })?;
    Ok(Project::around(&absolute))
}

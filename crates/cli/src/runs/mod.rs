//! What ran on this machine.

use std::path::PathBuf;

use casare_store::{Journal, RunFilter, RunState, StoredRun};
use clap::{Args, Subcommand};

use crate::{
    config::Config,
    execution,
    failure::{CliError, Exit},
    terminal::{Terminal, time},
};

mod delete;
mod list;
mod report;
mod show;

/// List, show, report or delete what ran
#[derive(Debug, Args)]
pub(crate) struct Runs {
    #[command(subcommand)]
    command: Command,
    /// Where the files of runs are kept [default: `runs` in the data folder]
    #[arg(long, value_name = "FOLDER", global = true)]
    runs: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::List),
    Show(show::Show),
    Report(report::Report),
    Delete(delete::Delete),
}

/// The journal, and where the files of runs are.
pub(crate) struct Open {
    journal: Journal,
    folder: PathBuf,
}

impl Runs {
    pub(crate) fn wants_json(&self) -> bool {
        match &self.command {
            Command::List(list) => list.json,
            Command::Show(show) => show.json,
            Command::Report(report) => report.json,
            Command::Delete(delete) => delete.json,
        }
    }

    pub(crate) fn exec(self, config: &Config, terminal: &Terminal) -> Result<Exit, CliError> {
        let folder = self.runs.map_or_else(|| config.runs(), Ok)?;
        execution::runtime()?.block_on(async {
            let journal = Journal::open(&config.home()?).await?;
            let open = Open { journal, folder };
            match self.command {
                Command::List(list) => list.exec(&open, terminal).await,
                Command::Show(show) => show.exec(&open, terminal).await,
                Command::Report(report) => report.exec(&open, terminal).await,
                Command::Delete(delete) => delete.exec(&open, terminal).await,
            }
        })
    }
}

/// The run that was named: by its id, the beginning of it, or `last`.
pub(crate) async fn chosen(journal: &Journal, name: &str) -> Result<StoredRun, CliError> {
    if name != "last" {
        return Ok(journal.find(name).await?);
    }
    let newest = RunFilter {
        limit: Some(1),
        ..RunFilter::default()
    };
    let runs = journal.list(newest).await?;
    let run = runs.first().ok_or(CliError::NoRuns)?;
    Ok(journal.find(&run.id.to_string()).await?)
}

/// How long a run took: the journal counts milliseconds.
fn took(run: &StoredRun) -> String {
    match run.duration_ms {
        0 => "< 1 ms".to_owned(),
        ms => time(ms * 1000),
    }
}

/// The state, told apart from that of a run whose process is gone.
fn state_name(run: &StoredRun) -> &'static str {
    match run.state {
        RunState::Running if run.interrupted => "interrupted",
        RunState::NeedsDecision => "needs decision",
        state => state.as_str(),
    }
}

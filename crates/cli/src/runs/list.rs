use casare_store::{RunFilter, RunState, StoredRun};
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use serde_json::json;

use super::{Open, state_name, took};
use crate::{
    failure::{CliError, Exit},
    terminal::{Cell, Paint, Terminal, grouped, table},
};

/// List runs, the newest first
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only runs in this state
    #[arg(long)]
    state: Option<State>,
    /// Only runs of the workflow with this name
    #[arg(long, value_name = "NAME")]
    workflow: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 20, value_name = "N")]
    limit: u32,
    /// Print `{"runs": […]}`
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum State {
    Running,
    Interrupted,
    Succeeded,
    Failed,
    Cancelled,
    #[value(name = "needs_decision", alias = "needs-decision")]
    NeedsDecision,
}

impl State {
    fn stored(self) -> RunState {
        match self {
            Self::Running | Self::Interrupted => RunState::Running,
            Self::Succeeded => RunState::Succeeded,
            Self::Failed => RunState::Failed,
            Self::Cancelled => RunState::Cancelled,
            Self::NeedsDecision => RunState::NeedsDecision,
        }
    }
}

impl List {
    pub(super) async fn exec(self, open: &Open, terminal: &Terminal) -> Result<Exit, CliError> {
        let live = matches!(self.state, Some(State::Running | State::Interrupted));
        let filter = RunFilter {
            state: self.state.map(State::stored),
            workflow: self.workflow.clone(),
            // Which of the running ones are interrupted is known only when they have been read.
            limit: (!live).then_some(self.limit),
            before: None,
        };
        let mut runs = open.journal.list(filter).await?;
        if live {
            runs.retain(|run| run.interrupted == (self.state == Some(State::Interrupted)));
            runs.truncate(self.limit as usize);
        }
        if self.json {
            terminal.print_json(&json!({ "runs": runs }))?;
            return Ok(Exit::Done);
        }
        if runs.is_empty() {
            terminal.note("no runs");
            return Ok(Exit::Done);
        }
        terminal.print(&listed(&runs, terminal.out))?;
        Ok(Exit::Done)
    }
}

fn listed(runs: &[StoredRun], paint: Paint) -> String {
    let zone = TimeZone::system();
    let head = ["RUN", "WORKFLOW", "STATE", "STARTED", "TOOK", "STEPS"];
    let mut rows: Vec<Vec<Cell>> = vec![
        head.iter()
            .map(|title| Cell::new(title, |title| paint.dim(title)))
            .collect(),
    ];
    for run in runs {
        let state = match run.healed {
            0 => state_name(run).to_owned(),
            _ => format!("{} (healed)", state_name(run)),
        };
        rows.push(vec![
            // 13 characters are the millisecond in which the run began.
            run.id.to_string()[..13].into(),
            Cell::new(&run.workflow, |name| paint.bold(name)),
            Cell::new(&state, |state| match run.state {
                RunState::Succeeded if run.healed > 0 => paint.yellow(state),
                RunState::Succeeded => paint.green(state),
                RunState::Failed => paint.red(state),
                _ => paint.yellow(state),
            }),
            run.started_at
                .to_zoned(zone.clone())
                .strftime("%Y-%m-%d %H:%M:%S")
                .to_string()
                .into(),
            took(run).into(),
            grouped(run.steps).into(),
        ]);
    }
    table(&rows)
}

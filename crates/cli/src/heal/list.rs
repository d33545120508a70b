use casare_nodes::healing::proposal::{Proposal, State};
use clap::Args;
use serde_json::json;

use super::Open;
use crate::{
    failure::{CliError, Exit},
    terminal::{Cell, Paint, table},
};

/// List proposals that wait for a decision, the latest first
#[derive(Debug, Args)]
pub(super) struct List {
    /// Also those that were accepted or rejected
    #[arg(long)]
    all: bool,
}

impl List {
    pub(super) fn exec(self, open: &Open<'_>) -> Result<Exit, CliError> {
        let mut proposals = open.list()?;
        if !self.all {
            proposals.retain(|proposal| proposal.state == State::Open);
        }
        if open.json {
            open.terminal
                .print_json(&json!({ "proposals": proposals }))?;
            return Ok(Exit::Done);
        }
        if proposals.is_empty() {
            open.terminal.note("no proposals");
            return Ok(Exit::Done);
        }
        open.terminal
            .print(&listed(&proposals, self.all, open.terminal.out))?;
        Ok(Exit::Done)
    }
}

fn listed(proposals: &[Proposal], all: bool, paint: Paint) -> String {
    let mut head = vec!["ID", "WHERE", "SAYS", "NOW", "SURE", "TIER", "RUNS"];
    if all {
        head.push("STATE");
    }
    let mut rows: Vec<Vec<Cell>> = vec![
        head.iter()
            .map(|title| Cell::new(title, |title| paint.dim(title)))
            .collect(),
    ];
    for proposal in proposals {
        let mut row: Vec<Cell> = vec![
            Cell::new(&proposal.id, |id| paint.bold(id)),
            proposal.place.shown().into(),
            Cell::new(&proposal.selector, |text| paint.red(text)),
            Cell::new(&proposal.found, |text| paint.green(text)),
            format!("{:.0} %", proposal.confidence * 100.0).into(),
            proposal.tier.as_str().into(),
            proposal.times.to_string().into(),
        ];
        if all {
            row.push(state_name(proposal.state).into());
        }
        rows.push(row);
    }
    table(&rows)
}

/// The state in a word.
pub(super) fn state_name(state: State) -> &'static str {
    match state {
        State::Open => "open",
        State::Accepted => "accepted",
        State::Rejected => "rejected",
    }
}

use std::{fs, path::Path};

use casare_nodes::healing::{
    patch::patch,
    proposal::{Proposal, State},
};
use clap::Args;
use serde_json::{Value as Json, json};

use super::{HealError, Open, list::state_name};
use crate::{
    failure::{CliError, Exit},
    files,
};

/// Put repairs into the workflows or the object repository; comments and order stay
#[derive(Debug, Args)]
pub(super) struct Accept {
    #[command(flatten)]
    which: Which,
    /// Show the new texts, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// Say that what was found is not what was meant: it is not proposed or used any more
#[derive(Debug, Args)]
pub(super) struct Reject {
    #[command(flatten)]
    which: Which,
}

/// The proposals to decide about.
#[derive(Debug, Args)]
struct Which {
    /// The proposals
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// All that wait for a decision
    #[arg(long, conflicts_with = "ids")]
    all: bool,
}

impl Which {
    fn chosen(self, open: &Open<'_>) -> Result<Vec<Proposal>, CliError> {
        if self.all {
            let mut proposals = open.list()?;
            proposals.retain(|proposal| proposal.state == State::Open);
            return Ok(proposals);
        }
        if self.ids.is_empty() {
            return Err(HealError::NoneNamed.into());
        }
        self.ids.iter().map(|id| open.find(id)).collect()
    }
}

impl Accept {
    pub(super) fn exec(self, open: &Open<'_>) -> Result<Exit, CliError> {
        let mut done = Vec::new();
        for mut proposal in self.which.chosen(open)? {
            if proposal.state == State::Accepted {
                return Err(HealError::Decided {
                    id: proposal.id,
                    state: state_name(proposal.state),
                }
                .into());
            }
            let patched = patch(&open.project, &proposal).map_err(|source| HealError::Patch {
                id: proposal.id.clone(),
                source,
            })?;
            if self.dry_run {
                if !open.json {
                    open.terminal.print(&patched.text)?;
                }
            } else {
                files::write_whole(&patched.path, &patched.text)?;
                replace_picture(open, &proposal, &patched.path);
                proposal.state = State::Accepted;
                open.proposals
                    .write(&proposal)
                    .map_err(CliError::NotWritten)?;
                open.terminal.note(&format!(
                    "{} {}: {} is now `{}`",
                    open.terminal.err.green("✔"),
                    proposal.place.file(),
                    patched.at,
                    proposal.found,
                ));
            }
            done.push(json!({
                "id": proposal.id,
                "file": patched.path,
                "at": patched.at,
                "before": proposal.before,
                "after": proposal.after,
            }));
        }
        told(open, "accepted", done)
    }
}

impl Reject {
    pub(super) fn exec(self, open: &Open<'_>) -> Result<Exit, CliError> {
        let mut done = Vec::new();
        for mut proposal in self.which.chosen(open)? {
            proposal.state = State::Rejected;
            open.proposals
                .write(&proposal)
                .map_err(CliError::NotWritten)?;
            open.terminal.note(&format!(
                "{} {} is not what `{}` means",
                open.terminal.err.red("✘"),
                proposal.found,
                proposal.selector
            ));
            done.push(json!({ "id": proposal.id }));
        }
        told(open, "rejected", done)
    }
}

fn told(open: &Open<'_>, what: &str, done: Vec<Json>) -> Result<Exit, CliError> {
    if open.json {
        open.terminal.print_json(&json!({ what: done }))?;
    } else if done.is_empty() {
        open.terminal.note("no proposals");
    }
    Ok(Exit::Done)
}

/// The picture that was recorded with the target shows what was; the new one takes its place.
fn replace_picture(open: &Open<'_>, proposal: &Proposal, file: &Path) {
    let (Some(recorded), Some(after), Some(folder)) = (
        proposal.after["picture"].as_str(),
        &proposal.picture_after,
        file.parent(),
    ) else {
        return;
    };
    let recorded = folder.join(recorded);
    // Only what was there: the path is the workflow's, and no place for new files.
    if recorded.is_file() {
        // The repair is made; an old picture does no harm.
        let _ = fs::copy(open.proposals.folder().join(after), recorded);
    }
}

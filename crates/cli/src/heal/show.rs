use casare_nodes::healing::proposal::Proposal;
use clap::Args;
use serde_json::{Value as Json, json};

use super::{Open, list::state_name};
use crate::{
    failure::{CliError, Exit},
    terminal::{Cell, Paint, table},
};

/// Show what a proposal would change, and why
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The proposal
    id: String,
}

impl Show {
    pub(super) fn exec(self, open: &Open<'_>) -> Result<Exit, CliError> {
        let proposal = open.find(&self.id)?;
        let folder = open.proposals.folder();
        let picture = |name: &Option<String>| {
            let name = name.as_ref()?;
            Some(folder.join(name).display().to_string())
        };
        let pictures = [
            ("picture before", picture(&proposal.picture_before)),
            ("picture after", picture(&proposal.picture_after)),
        ];
        if open.json {
            let [(_, before), (_, after)] = pictures;
            open.terminal.print_json(&json!({
                "proposal": proposal,
                "pictures": { "before": before, "after": after },
            }))?;
            return Ok(Exit::Done);
        }
        let paint = open.terminal.out;
        let mut rows = about(&proposal, paint);
        for (name, picture) in pictures {
            if let Some(picture) = picture {
                rows.push(vec![
                    Cell::new(name, |name| paint.dim(name)),
                    picture.into(),
                ]);
            }
        }
        let mut text = table(&rows);
        text.push('\n');
        text.push_str(&evidence(&proposal.evidence, paint));
        open.terminal.print(&text)?;
        Ok(Exit::Done)
    }
}

fn about(proposal: &Proposal, paint: Paint) -> Vec<Vec<Cell>> {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut row = |name: &str, value: String| {
        rows.push(vec![Cell::new(name, |name| paint.dim(name)), value.into()]);
    };
    row("proposal", proposal.id.clone());
    row("state", state_name(proposal.state).to_owned());
    row("where", proposal.place.shown());
    row(
        "step",
        format!(
            "{} ({}), {} line {}",
            proposal.step.title, proposal.step.node, proposal.step.workflow, proposal.step.line
        ),
    );
    row("page", proposal.url.clone());
    row("says", paint.red(&proposal.selector));
    row("now", paint.green(&proposal.found));
    row(
        "sure",
        format!(
            "{:.0} %, {:.0} % before the next best, by {}",
            proposal.confidence * 100.0,
            proposal.margin * 100.0,
            proposal.tier
        ),
    );
    row(
        "seen",
        format!("{} times, last {}", proposal.times, proposal.last_at),
    );
    if let Some(run) = proposal.runs.last() {
        row("last run", run.clone());
    }
    rows
}

/// What was compared, the weightiest first.
fn evidence(evidence: &Json, paint: Paint) -> String {
    let mut parts: Vec<(&str, f64, f64)> = evidence
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|part| {
            let number = |name: &str| part[name].as_f64();
            Some((
                part["what"].as_str()?,
                number("weight")?,
                number("likeness")?,
            ))
        })
        .collect();
    if parts.is_empty() {
        return String::new();
    }
    parts.sort_by(|a, b| b.1.total_cmp(&a.1));
    let head = ["COMPARED", "WEIGHT", "ALIKE"];
    let mut rows: Vec<Vec<Cell>> = vec![
        head.iter()
            .map(|title| Cell::new(title, |title| paint.dim(title)))
            .collect(),
    ];
    for (what, weight, likeness) in parts {
        rows.push(vec![
            what.into(),
            format!("{weight:.1}").into(),
            format!("{:.0} %", likeness * 100.0).into(),
        ]);
    }
    table(&rows)
}

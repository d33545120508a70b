use casare_nodes::healing::attempts::{self, By, Sum};
use clap::Args;
use serde_json::{Map, Value as Json, json};

use super::Open;
use crate::{
    failure::{CliError, Exit},
    terminal::{Cell, Paint, table},
};

/// Show how often healing found elements, by selector, tier and site
#[derive(Debug, Args)]
pub(super) struct Stats {
    /// At most so many lines of each
    #[arg(long, default_value_t = 20, value_name = "N")]
    limit: usize,
}

impl Stats {
    pub(super) fn exec(self, open: &Open<'_>) -> Result<Exit, CliError> {
        let attempts = attempts::all(&open.project).map_err(|source| CliError::Unreadable {
            path: open.project.healing(),
            source,
        })?;
        let groups = [
            ("targets", "TARGET", By::Target),
            ("tiers", "TIER", By::Tier),
            ("sites", "SITE", By::Site),
        ];
        if open.json {
            let mut told = Map::new();
            told.insert("attempts".to_owned(), attempts.len().into());
            for (name, _, by) in groups {
                let sums: Vec<Json> = attempts::sums(&attempts, by)
                    .into_iter()
                    .map(|(group, sum)| json!({ "of": group, "sum": sum }))
                    .collect();
                told.insert(name.to_owned(), sums.into());
            }
            open.terminal.print_json(&told)?;
            return Ok(Exit::Done);
        }
        if attempts.is_empty() {
            open.terminal.note("nothing had to be healed yet");
            return Ok(Exit::Done);
        }
        for (_, title, by) in groups {
            let sums = attempts::sums(&attempts, by);
            let shown = &sums[..sums.len().min(self.limit)];
            open.terminal
                .print(&table_of(title, shown, open.terminal.out))?;
        }
        Ok(Exit::Done)
    }
}

fn table_of(title: &str, sums: &[(String, Sum)], paint: Paint) -> String {
    let head = [title, "ATTEMPTS", "FOUND", "MARGIN", "LEAST", "TOOK"];
    let mut rows: Vec<Vec<Cell>> = vec![
        head.iter()
            .map(|title| Cell::new(title, |title| paint.dim(title)))
            .collect(),
    ];
    let percent = |part: Option<f64>| {
        part.map_or_else(|| "-".to_owned(), |part| format!("{:.0} %", part * 100.0))
    };
    for (group, sum) in sums {
        rows.push(vec![
            group.as_str().into(),
            sum.attempts.to_string().into(),
            percent(Some(sum.success)).into(),
            percent(sum.margin).into(),
            percent(sum.least_margin).into(),
            format!("{} ms", sum.took_ms).into(),
        ]);
    }
    format!("{}\n", table(&rows))
}

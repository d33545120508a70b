use std::collections::BTreeMap;

use clap::Args;
use serde_json::{Value as Json, json};

use super::Open;
use crate::{
    failure::{CliError, Exit},
    terminal::{Cell, table},
};

/// List all objects, and how often workflows use them
#[derive(Debug, Args)]
pub(super) struct List {}

impl List {
    pub(super) fn exec(open: &Open<'_>) -> Result<Exit, CliError> {
        let mut used: BTreeMap<String, u64> = BTreeMap::new();
        for one in open.uses() {
            let name = one.target.object().unwrap_or_default().to_owned();
            *used.entry(name).or_default() += 1;
        }
        let objects = open.repository.objects.iter().map(|(name, target)| {
            let file = open.repository.file_of(name);
            let file = file.map(|file| open.project.name_of(file));
            let times = used.get(&name.to_string()).copied().unwrap_or_default();
            (name.to_string(), target, file.unwrap_or_default(), times)
        });
        if open.json {
            let objects: Vec<Json> = objects
                .map(|(name, target, file, times)| {
                    json!({
                        "name": name,
                        "selector": target.selector,
                        "heals": target.can_heal(),
                        "file": file,
                        "usages": times,
                    })
                })
                .collect();
            open.terminal.print_json(&json!({ "objects": objects }))?;
            return Ok(Exit::Done);
        }
        if open.repository.is_empty() {
            open.terminal
                .note("no objects; name targets in `objects.yaml`, docs/locators.md says how");
            return Ok(Exit::Done);
        }
        let paint = open.terminal.out;
        let head = ["OBJECT", "SELECTOR", "HEALS", "USAGES", "FILE"];
        let mut rows: Vec<Vec<Cell>> = vec![
            head.iter()
                .map(|title| Cell::new(title, |title| paint.dim(title)))
                .collect(),
        ];
        for (name, target, file, times) in objects {
            let heals = if target.can_heal() { "yes" } else { "no" };
            rows.push(vec![
                Cell::new(&name, |name| paint.bold(name)),
                target.selector.to_string().into(),
                heals.into(),
                times.to_string().into(),
                file.into(),
            ]);
        }
        open.terminal.print(&table(&rows))?;
        Ok(Exit::Done)
    }
}

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use casare_nodes::healing::uses::ObjectUse;
use casare_workflow::Document;
use clap::Args;
use serde_json::{Value as Json, json};

use super::Open;
use crate::{
    failure::{CliError, Exit},
    terminal::{Cell, count, table},
};

/// Show which steps use an object, and which workflows and tests a change of it reaches
#[derive(Debug, Args)]
pub(super) struct Usages {
    /// The object, such as `login.submit`
    name: String,
}

impl Usages {
    pub(super) fn exec(self, open: &Open<'_>) -> Result<Exit, CliError> {
        let name = open.name(&self.name)?.to_string();
        let mut uses = open.uses();
        uses.retain(|one| one.target.object() == Some(&*name));
        let files: BTreeSet<PathBuf> = uses.iter().map(|one| one.file.clone()).collect();
        let tests = tests_of(open, &files);
        if open.json {
            let steps: Vec<Json> = uses.iter().map(|one| told(open, one)).collect();
            let shown = |paths: &BTreeSet<PathBuf>| -> Vec<String> {
                paths
                    .iter()
                    .map(|path| open.project.name_of(path))
                    .collect()
            };
            open.terminal.print_json(&json!({
                "object": name,
                "usages": steps,
                "workflows": shown(&files),
                "tests": shown(&tests),
            }))?;
            return Ok(Exit::Done);
        }
        let paint = open.terminal.out;
        let rows: Vec<Vec<Cell>> = uses
            .iter()
            .map(|one| {
                let place = format!("{}:{}", open.project.name_of(&one.file), one.line);
                vec![
                    Cell::new(&place, |place| paint.bold(place)),
                    one.target.title.as_str().into(),
                    Cell::new(&one.target.node, |node| paint.dim(node)),
                    one.target.setting.as_str().into(),
                ]
            })
            .collect();
        if !rows.is_empty() {
            open.terminal.print(&table(&rows))?;
        }
        for test in &tests {
            let line = format!("{} {}", paint.dim("test"), open.project.name_of(test));
            open.terminal.print(&line)?;
        }
        open.terminal.note(&format!(
            "a change of `{name}` reaches {} in {}, and {}",
            count(uses.len() as u64, "step"),
            count(files.len() as u64, "workflow"),
            count(tests.len() as u64, "test file"),
        ));
        Ok(Exit::Done)
    }
}

fn told(open: &Open<'_>, one: &ObjectUse) -> Json {
    json!({
        "file": open.project.name_of(&one.file),
        "line": one.line,
        "at": one.target.at.to_string(),
        "step": one.target.title,
        "node": one.target.node,
        "setting": one.target.setting,
    })
}

/// The files of tests that run one of these workflows.
fn tests_of(open: &Open<'_>, workflows: &BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
    let known: BTreeSet<PathBuf> = workflows.iter().filter_map(|path| real(path)).collect();
    let tests = open.project.tests().into_iter();
    tests
        .filter(|test| tested(test).is_some_and(|workflow| known.contains(&workflow)))
        .collect()
}

/// The workflow that a file of tests is about.
fn tested(test: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(test).ok()?;
    let document = Document::parse("test", &text).ok()?;
    let json = document.to_json();
    real(&test.parent()?.join(json["workflow"].as_str()?))
}

fn real(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path).ok()
}

use casare_workflow::{Catalogue, NodeSpec};
use clap::{Args, Subcommand};
use serde_json::json;

use crate::{
    failure::{CliError, Exit},
    files,
    terminal::{Cell, Terminal, count, table},
};

mod docs;
mod fields;
mod manual;
mod new;

/// List the nodes that steps can use, or show the manual of one
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Nodes {
    #[command(subcommand)]
    task: Option<Task>,
    /// The node whose manual is wanted, such as `excel.read`
    name: Option<String>,
    /// Only nodes with all these words in their names, summaries or settings
    #[arg(long, value_name = "TEXT", conflicts_with = "name")]
    search: Option<String>,
    /// Print the catalogue as JSON, with the schemas of settings and outputs
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
enum Task {
    New(new::New),
    Docs(docs::Docs),
}

impl Nodes {
    pub(crate) fn exec(self, terminal: &Terminal) -> Result<Exit, CliError> {
        match self.task {
            Some(Task::New(new)) => return new.exec(terminal),
            Some(Task::Docs(docs)) => return docs.exec(terminal),
            None => {}
        }
        let engine = files::engine_here()?;
        let registry = engine.registry();
        if let Some(name) = &self.name {
            if let Some(spec) = registry.node(name) {
                if self.json {
                    terminal.print_json(spec)?;
                } else {
                    terminal.print(&manual::manual(spec, terminal.out))?;
                }
                return Ok(Exit::Done);
            }
            // `casare nodes excel` means the category.
            let category: Vec<_> = registry
                .nodes()
                .into_iter()
                .filter(|spec| spec.category() == name)
                .collect();
            if category.is_empty() {
                let nearest = nearest(name, &registry.nodes());
                return Err(CliError::NoSuchNode {
                    name: name.clone(),
                    nearest,
                });
            }
            self.list(&category, terminal)?;
            return Ok(Exit::Done);
        }
        let words: Vec<String> = self
            .search
            .iter()
            .flat_map(|text| text.split_whitespace())
            .map(str::to_lowercase)
            .collect();
        let found: Vec<_> = registry
            .nodes()
            .into_iter()
            .filter(|spec| is_about(spec, &words))
            .collect();
        self.list(&found, terminal)?;
        Ok(Exit::Done)
    }

    fn list(&self, nodes: &[&NodeSpec], terminal: &Terminal) -> Result<(), CliError> {
        if self.json {
            return terminal.print_json(&json!({ "nodes": nodes }));
        }
        let paint = terminal.out;
        let mut rows = Vec::new();
        let mut category = "";
        for spec in nodes {
            if spec.category() != category {
                if !category.is_empty() {
                    rows.push(Vec::new());
                }
                category = spec.category();
            }
            rows.push(vec![
                Cell::new(&spec.name, |name| paint.bold(name)),
                spec.summary.as_str().into(),
            ]);
        }
        terminal.print(&table(&rows))?;
        let counted = count(nodes.len() as u64, "node");
        terminal.note(&terminal.err.dim(&format!(
            "{counted}; `casare nodes NAME` shows the manual of one"
        )));
        Ok(())
    }
}

fn is_about(spec: &NodeSpec, words: &[String]) -> bool {
    let settings = spec.settings["properties"].as_object();
    let names = settings.into_iter().flat_map(|settings| settings.keys());
    let text = names.fold(format!("{} {}", spec.name, spec.summary), |text, name| {
        text + " " + name
    });
    let text = text.to_lowercase();
    words.iter().all(|word| text.contains(word))
}

fn nearest(name: &str, nodes: &[&NodeSpec]) -> Option<String> {
    nodes
        .iter()
        .map(|spec| (strsim::jaro_winkler(name, &spec.name), &spec.name))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name.to_string())
}

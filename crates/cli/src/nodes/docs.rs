use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf};

use casare_workflow::{Catalogue, NodeSpec};
use clap::Args;
use serde_json::Value as Json;

use super::{
    fields::fields,
    manual::{effect, shape},
};
use crate::{
    failure::{CliError, Exit},
    files,
    terminal::{Terminal, count},
};

/// Write the manuals of all nodes as Markdown, a page for each category
#[derive(Debug, Args)]
pub(crate) struct Docs {
    /// The folder; it is made if it is not there
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

impl Docs {
    pub(super) fn exec(self, terminal: &Terminal) -> Result<Exit, CliError> {
        let engine = files::engine_here()?;
        let mut categories: BTreeMap<&str, Vec<&NodeSpec>> = BTreeMap::new();
        for spec in engine.registry().nodes() {
            categories.entry(spec.category()).or_default().push(spec);
        }
        let write = |name: String, text: String| {
            let path = self.output.join(name);
            let unwritable = |source| CliError::Unwritable {
                path: path.clone(),
                source,
            };
            fs::create_dir_all(&self.output)
                .and_then(|()| fs::write(&path, text))
                .map_err(unwritable)
        };
        write("README.md".to_owned(), index(&categories))?;
        for (category, nodes) in &categories {
            write(format!("{category}.md"), page(category, nodes))?;
        }
        let pages = count(categories.len() as u64 + 1, "page");
        terminal.note(&format!("{pages} written to {}", self.output.display()));
        Ok(Exit::Done)
    }
}

fn index(categories: &BTreeMap<&str, Vec<&NodeSpec>>) -> String {
    let nodes: usize = categories.values().map(Vec::len).sum();
    let mut text = format!(
        "# Nodes\n\n{nodes} nodes in {} categories. `casare nodes NAME` shows the same in a terminal.\n",
        categories.len()
    );
    for (category, nodes) in categories {
        let _ = write!(text, "\n## [{category}]({category}.md)\n\n");
        for spec in nodes {
            let _ = writeln!(
                text,
                "- [`{}`]({category}.md#{}): {}",
                spec.name,
                anchor(&spec.name),
                spec.summary
            );
        }
    }
    text
}

/// The anchor that Markdown viewers give a heading.
fn anchor(heading: &str) -> String {
    heading.replace('.', "")
}

fn page(category: &str, nodes: &[&NodeSpec]) -> String {
    let mut text = format!("# {category}\n");
    for spec in nodes {
        let _ = write!(text, "\n## {}\n\n{}\n", spec.name, spec.help.trim());
        listed(&mut text, "Setting", &spec.settings);
        listed(&mut text, "Output", &spec.outputs);
        if !spec.blocks.is_empty() {
            text.push_str("\n| Block | Holds | When its steps run |\n|---|---|---|\n");
            for block in &spec.blocks {
                let required = if block.required { ", required" } else { "" };
                let _ = writeln!(
                    text,
                    "| `{}` | {}{required} | {} |",
                    block.name,
                    shape(&block.shape),
                    cell(block.summary)
                );
            }
        }
        let _ = write!(text, "\nEffect: {}.\n", effect(spec.effect));
        if !spec.faults.is_empty() {
            text.push_str("\n| Fails with | When |\n|---|---|\n");
            for fault in &spec.faults {
                let _ = writeln!(text, "| `{}` | {} |", fault.kind, cell(&fault.when));
            }
        }
        if !spec.example.trim().is_empty() {
            let _ = write!(text, "\n```yaml\n{}\n```\n", spec.example.trim_end());
        }
    }
    text
}

fn listed(text: &mut String, title: &str, schema: &Json) {
    let fields = fields(schema);
    if fields.is_empty() {
        return;
    }
    let _ = write!(text, "\n| {title} | Kind | Meaning |\n|---|---|---|\n");
    for field in fields {
        let mut kind = cell(&field.kind);
        if title == "Setting" && field.required {
            kind.push_str(", required");
        } else if let Some(default) = field.default {
            let _ = write!(kind, ", default `{}`", cell(&default.to_string()));
        }
        let _ = writeln!(
            text,
            "| `{}` | {kind} | {} |",
            field.name,
            cell(&field.help)
        );
    }
}

/// A text that does not end a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

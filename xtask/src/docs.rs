//! The pages under `docs/` that are generated: the manuals of nodes, and what the importer covers.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use clap::Args;

use crate::{
    command::{self, cargo},
    failure::Failure,
    paths,
};

/// Generate the pages of docs/nodes
#[derive(Debug, Args)]
pub(crate) struct Docs {
    /// Only tell whether the pages are those that would be generated
    #[arg(long)]
    check: bool,
}

impl Docs {
    pub(crate) fn exec(self) -> Result<(), Failure> {
        let build = ["build", "--quiet", "--package", "casare-cli"];
        command::run(&mut cargo(&build))?;
        let casare = paths::binary("debug", "casare");
        if self.check {
            check(&casare)
        } else {
            write(&casare, &place())
        }
    }
}

/// Fails unless the pages are those that the binary `casare` would generate.
pub(crate) fn check(casare: &Path) -> Result<(), Failure> {
    let fresh = paths::target().join("tmp/docs-nodes");
    write(casare, &fresh)?;
    let (fresh, there) = (pages(&fresh)?, pages(&place())?);
    let mut stale: Vec<&str> = fresh
        .iter()
        .filter(|(name, text)| there.get(*name) != Some(text))
        .map(|(name, _)| name.as_str())
        .collect();
    stale.extend(
        there
            .keys()
            .filter(|name| !fresh.contains_key(*name))
            .map(String::as_str),
    );
    if stale.is_empty() {
        return Ok(());
    }
    Err(Failure::Unexpected(format!(
        "docs/nodes is out of date ({}); run `cargo xtask docs`",
        stale.join(", ")
    )))
}

fn place() -> std::path::PathBuf {
    paths::root().join("docs/nodes")
}

fn write(casare: &Path, folder: &Path) -> Result<(), Failure> {
    // Pages of categories that are no more must not stay.
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(Failure::io(format!("delete {}", folder.display())))?;
    }
    command::run(
        Command::new(casare)
            .args(["nodes", "docs", "--output"])
            .arg(folder),
    )
}

fn pages(folder: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let unreadable = || Failure::io(format!("read {}", folder.display()));
    let mut pages = BTreeMap::new();
    if !folder.exists() {
        return Ok(pages);
    }
    for entry in fs::read_dir(folder).map_err(unreadable())? {
        let path = entry.map_err(unreadable())?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        pages.insert(name, fs::read_to_string(&path).map_err(unreadable())?);
    }
    Ok(pages)
}

use std::{
    collections::HashSet,
    fs, io,
    path::{Component, Path, PathBuf},
};

use casare_import::{ImportError, Imported, MAX_BYTES, SourceFile};
use casare_workflow::Catalogue as _;
use clap::Args;
use serde_json::{Value as Json, json};

use crate::{
    failure::{CliError, Exit},
    files,
    terminal::{Terminal, count},
};

/// How many files of a folder are read.
const MOST_FILES: usize = 5_000;
/// How deep folders are looked through.
const MOST_FOLDERS: usize = 12;

/// Bring over workflows of CasareRPA, n8n, Robot Framework, Selenium IDE and Chrome's recorder
///
/// Writes a workflow for each and tells what was converted, what changed in meaning, and what has no
/// equivalent. Such a step fails when it is reached; all else runs.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes:
  0   everything has an equivalent
  1   something has none, or with --strict works differently
  2   a file can't be read
  3   a file is no workflow that can be imported")]
pub(crate) struct Import {
    /// Workflow files, or folders of projects; files that call each other are imported together
    #[arg(required_unless_present = "coverage", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The folder that the workflows are written to
    #[arg(short, long, value_name = "DIR", required_unless_present = "coverage")]
    output: Option<PathBuf>,
    /// Replace workflows that are already there
    #[arg(long)]
    force: bool,
    /// Exit with 1 also if something changed in meaning
    #[arg(long)]
    strict: bool,
    /// Print `{"files": [{"source", "workflow", "converted", "total", "no_equivalent", "changed", "look"}]}`
    #[arg(long)]
    pub(crate) json: bool,
    /// Print what became of each of CasareRPA's node types, as Markdown
    #[arg(long, conflicts_with_all = ["files", "output", "json"])]
    coverage: bool,
}

impl Import {
    pub(crate) fn exec(self, terminal: &Terminal) -> Result<Exit, CliError> {
        let engine = files::engine();
        let output = match &self.output {
            Some(output) if !self.coverage => output.clone(),
            _ => {
                let is_known = |name: &str| engine.registry().node(name).is_some();
                terminal.print(casare_import::coverage_markdown(&is_known).trim_end())?;
                return Ok(Exit::Done);
            }
        };
        let mut sources = Vec::new();
        let shared = shared_folder(&self.files);
        let mut named = HashSet::new();
        for path in &self.files {
            let before = sources.len();
            collect(path, &shared, &mut sources)?;
            if !path.is_dir() {
                named.extend(sources[before..].iter().map(|source| source.path.clone()));
            }
        }
        let mut imported = casare_import::import(&sources, engine.registry());
        // A folder of a project holds other JSON too; a file that was named is meant.
        let others = |one: &mut Imported| {
            matches!(one.outcome, Err(ImportError::NotAWorkflow { .. }))
                && !named.contains(&one.source)
        };
        let others = imported.extract_if(.., others).count();
        self.write(&output, &imported)?;
        if self.json {
            let files: Vec<Json> = imported.iter().map(to_json).collect();
            terminal.print_json(&json!({ "files": files }))?;
        } else {
            tell(&imported, &output, terminal)?;
        }
        if others > 0 {
            let files = count(others as u64, "file");
            terminal.note(&format!("{files} in the folders hold no workflow"));
        }
        Ok(self.exit(&imported))
    }

    /// Writes all workflows, or none if one is in the way.
    fn write(&self, folder: &Path, imported: &[Imported]) -> Result<(), CliError> {
        let outcomes = || imported.iter().filter_map(|one| one.outcome.as_ref().ok());
        let mut paths = HashSet::new();
        for outcome in outcomes() {
            let path = folder.join(&outcome.path);
            let reason = if !paths.insert(&outcome.path) {
                "two of the files would become this workflow; import them into different folders"
            } else if !self.force && path.symlink_metadata().is_ok() {
                "it is already there, and nothing was written; `--force` replaces it"
            } else {
                continue;
            };
            return Err(CliError::InTheWay { path, reason });
        }
        for outcome in outcomes() {
            files::write_whole(&folder.join(&outcome.path), &outcome.text)?;
        }
        Ok(())
    }

    fn exit(&self, imported: &[Imported]) -> Exit {
        if imported.is_empty() || imported.iter().any(|one| one.outcome.is_err()) {
            return Exit::Invalid;
        }
        let reports = || imported.iter().filter_map(|one| one.outcome.as_ref().ok());
        let lost = reports().any(|outcome| outcome.report.lost_something());
        let changed = self.strict && reports().any(|outcome| outcome.report.changed_something());
        if lost || changed {
            Exit::Failed
        } else {
            Exit::Done
        }
    }
}

/// The innermost folder that all `paths` are in; workflows keep their places below it.
fn shared_folder(paths: &[PathBuf]) -> PathBuf {
    let mut folders = paths
        .iter()
        .map(|path| path.parent().unwrap_or(Path::new("")));
    let Some(first) = folders.next() else {
        return PathBuf::new();
    };
    folders.fold(first.to_owned(), |shared, folder| {
        let same = shared.components().zip(folder.components());
        same.take_while(|(one, other)| one == other)
            .map(|(one, _)| one)
            .collect()
    })
}

/// Reads `path`, or every file below it that an importer may know.
fn collect(path: &Path, shared: &Path, sources: &mut Vec<SourceFile>) -> Result<(), CliError> {
    let is_folder = fs::metadata(path)
        .map_err(|source| unreadable(path, source))?
        .is_dir();
    if !is_folder {
        let below = path.strip_prefix(shared).unwrap_or(path);
        let names = below.components().filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_string_lossy()),
            _ => None,
        });
        let name = names.collect::<Vec<_>>().join("/");
        sources.push(read(path, name)?);
        return Ok(());
    }
    let mut found = Vec::new();
    list(path, "", 0, &mut found)?;
    found.sort();
    for (name, path) in found {
        sources.push(read(&path, name)?);
    }
    Ok(())
}

fn list(
    folder: &Path,
    prefix: &str,
    depth: usize,
    found: &mut Vec<(String, PathBuf)>,
) -> Result<(), CliError> {
    let entries = fs::read_dir(folder).map_err(|source| unreadable(folder, source))?;
    for entry in entries {
        let entry = entry.map_err(|source| unreadable(folder, source))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Links are not followed: they may lead out of the project, or round in circles.
        let kind = entry
            .file_type()
            .map_err(|source| unreadable(folder, source))?;
        if name.starts_with('.') {
            continue;
        }
        if kind.is_dir() && depth < MOST_FOLDERS {
            list(&entry.path(), &format!("{prefix}{name}/"), depth + 1, found)?;
        } else if kind.is_file() && casare_import::is_known_name(&name) {
            if found.len() >= MOST_FILES {
                let reason = format!("it holds more than {MOST_FILES} files");
                return Err(unreadable(folder, io::Error::other(reason)));
            }
            found.push((format!("{prefix}{name}"), entry.path()));
        }
    }
    Ok(())
}

fn read(path: &Path, name: String) -> Result<SourceFile, CliError> {
    let size = fs::metadata(path)
        .map_err(|source| unreadable(path, source))?
        .len();
    if size > MAX_BYTES as u64 {
        let reason = format!("it is larger than {} MiB", MAX_BYTES >> 20);
        return Err(unreadable(path, io::Error::other(reason)));
    }
    let text = fs::read_to_string(path).map_err(|source| unreadable(path, source))?;
    Ok(SourceFile { path: name, text })
}

fn unreadable(path: &Path, source: io::Error) -> CliError {
    CliError::Unreadable {
        path: path.to_owned(),
        source,
    }
}

fn to_json(imported: &Imported) -> Json {
    match &imported.outcome {
        Ok(outcome) => {
            let mut file = outcome.report.to_json();
            file["source"] = imported.source.as_str().into();
            file["workflow"] = outcome.path.as_str().into();
            file
        }
        Err(error) => json!({
            "source": imported.source,
            "error": { "message": error.to_string(), "help": error.help() },
        }),
    }
}

fn tell(imported: &[Imported], folder: &Path, terminal: &Terminal) -> Result<(), CliError> {
    for one in imported {
        match &one.outcome {
            Ok(outcome) => {
                let mark = if outcome.report.lost_something() {
                    terminal.out.yellow("!")
                } else {
                    terminal.out.green("✔")
                };
                terminal.print(&format!(
                    "{mark} {} → {}\n  {}",
                    one.source,
                    folder.join(&outcome.path).display(),
                    outcome.report.to_text().trim_end(),
                ))?;
            }
            Err(error) => {
                terminal.print(&format!(
                    "{} {}: {error}",
                    terminal.out.red("✘"),
                    one.source
                ))?;
                terminal.note(&format!("  {}", error.help()));
            }
        }
    }
    let done = imported.iter().filter(|one| one.outcome.is_ok()).count();
    let files = count(done as u64, "workflow");
    terminal.note(&format!("{files} written to {}", folder.display()));
    Ok(())
}

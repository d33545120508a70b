use std::{
    fs, io,
    path::{Path, PathBuf},
};

use casare_engine::{Cancel, ErrorKind, Node, NodeError, StepContext};
use casare_files::Pattern;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::entry::{Kind, modified, name_of};

/// Lists the files of a folder that match a pattern.
///
/// The list is sorted, so that the same folder always gives the same list. Links to folders are
/// listed but not entered.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    /// The folder.
    path: String,
    /// Which names are wanted: `*` is any part of a name, `?` one character, `{csv,xlsx}` either.
    /// A pattern with `/` is matched against the path below the folder: `**/*.pdf`.
    #[serde(default = "anything")]
    pattern: String,
    /// Whether folders in the folder are looked into as well.
    #[serde(default)]
    recursive: bool,
    /// What is listed.
    #[serde(default)]
    kinds: Kinds,
    /// What the list is sorted by.
    #[serde(default)]
    sort: Sort,
    /// Whether the order is reversed: the newest or largest first, for example.
    #[serde(default)]
    descending: bool,
}

fn anything() -> String {
    "*".to_owned()
}

/// What is listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kinds {
    /// Files.
    #[default]
    Files,
    /// Folders.
    Folders,
    /// Both.
    All,
}

/// What a list is sorted by.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Sort {
    /// The path.
    #[default]
    Name,
    /// When it was last changed.
    Modified,
    /// The size.
    Size,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Listing {
    /// What was found.
    entries: Vec<Entry>,
    /// The full paths alone.
    paths: Vec<String>,
    /// How many there are.
    count: usize,
}

/// A file or folder.
#[derive(Debug, Serialize, JsonSchema)]
struct Entry {
    /// The last part of its path.
    name: String,
    /// The full path.
    path: String,
    /// The path below the folder that was listed, with `/` between its parts.
    relative: String,
    /// Whether it is a file or a folder.
    kind: Kind,
    /// The size of a file in bytes.
    size: u64,
    /// When it was last changed, UTC: `2026-03-01T08:30:00Z`.
    modified: Option<String>,
}

pub(super) fn node() -> Node {
    Node::action("file.list", list)
        .pure()
        .icon("folder-search")
        .fails(ErrorKind::NotFound, "The folder is not there.")
        .fails(
            ErrorKind::Denied,
            "The folder, or one in it, may not be read.",
        )
        .fails(
            ErrorKind::Unavailable,
            "The disk that holds it does not answer.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: invoices
  use: file.list
  with: { path: inbox, pattern: "*.pdf", sort: modified }
- use: flow.for_each
  with: { items: "{{ steps.invoices.entries }}", as: invoice }
  do:
    - use: log.write
      with: { message: "{{ invoice.name }}" }
"#;

async fn list(cx: &StepContext, settings: List) -> Result<Listing, NodeError> {
    let folder = cx.file(&settings.path);
    let pattern = Pattern::new(&settings.pattern)?;
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let mut entries = found_in(&folder, &pattern, &settings, &cancel)?;
        entries.sort_by(|a, b| a.relative.cmp(&b.relative));
        match settings.sort {
            Sort::Name => {}
            Sort::Modified => entries.sort_by(|a, b| a.modified.cmp(&b.modified)),
            Sort::Size => entries.sort_by_key(|entry| entry.size),
        }
        if settings.descending {
            entries.reverse();
        }
        Ok(Listing {
            count: entries.len(),
            paths: entries.iter().map(|entry| entry.path.clone()).collect(),
            entries,
        })
    })
    .await
}

fn found_in(
    folder: &Path,
    pattern: &Pattern,
    settings: &List,
    cancel: &Cancel,
) -> Result<Vec<Entry>, NodeError> {
    let by_path = settings.pattern.contains(['/', '\\']) || settings.pattern.contains("**");
    let mut entries = Vec::new();
    let mut folders = vec![(folder.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        if cancel.is_cancelled() {
            return Err(NodeError::timeout("listing was stopped"));
        }
        for path in paths_in(&folder)? {
            let name = name_of(&path);
            let relative = format!("{prefix}{name}");
            let found = match fs::metadata(&path).or_else(|_| fs::symlink_metadata(&path)) {
                Ok(found) => found,
                // Gone since the folder was read.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(unlisted(&path, &error)),
            };
            let is_folder = found.is_dir();
            if is_folder && (settings.recursive || by_path) && !path.is_symlink() {
                folders.push((path.clone(), format!("{relative}/")));
            }
            let wanted = match settings.kinds {
                Kinds::Files => !is_folder,
                Kinds::Folders => is_folder,
                Kinds::All => true,
            };
            if wanted && pattern.matches(if by_path { &relative } else { &name }) {
                entries.push(Entry {
                    name,
                    path: path.display().to_string(),
                    relative,
                    kind: Kind::of(&found),
                    size: if is_folder { 0 } else { found.len() },
                    modified: modified(&found),
                });
            }
        }
    }
    Ok(entries)
}

fn paths_in(folder: &Path) -> Result<Vec<PathBuf>, NodeError> {
    fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(|error| unlisted(folder, &error))
}

fn unlisted(path: &Path, error: &io::Error) -> NodeError {
    NodeError::io(format_args!("could not list {}", path.display()), error)
}

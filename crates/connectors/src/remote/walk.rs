//! Walking through folders, on the server and here.

use std::path::{Path, PathBuf};

use casare_engine::{LogLevel, NodeError, StepContext};
use casare_files::Pattern;

use super::{
    backend::{Entry, Remote},
    path::{RemotePath, safe},
};

/// Folders in folders that are looked into; deeper ones are links in a circle.
const DEPTH: usize = 64;
/// What is listed in all.
const MOST: usize = 200_000;

/// Something on the server, below the folder that was walked through.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: RemotePath,
    pub(super) relative: String,
    pub(super) entry: Entry,
}

/// Which names are wanted.
pub(super) struct Wanted {
    pattern: Pattern,
    by_path: bool,
    deep: bool,
}

impl Wanted {
    pub(super) fn new(pattern: &str, recursive: bool) -> Result<Self, NodeError> {
        let by_path = pattern.contains(['/', '\\']) || pattern.contains("**");
        Ok(Self {
            pattern: Pattern::new(pattern)?,
            by_path,
            deep: recursive || by_path,
        })
    }

    fn takes(&self, name: &str, relative: &str) -> bool {
        self.pattern
            .matches(if self.by_path { relative } else { name })
    }
}

/// What is wanted of `folder` on the server, sorted by path.
///
/// Names that are none, such as `../x`, are left out and told in the log: nothing that a server
/// lists leads out of the folder that was asked for.
pub(super) async fn remote(
    cx: &StepContext,
    remote: &dyn Remote,
    folder: &RemotePath,
    wanted: &Wanted,
) -> Result<Vec<Found>, NodeError> {
    let mut found = Vec::new();
    let mut seen = 0;
    let mut folders = vec![(folder.clone(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = folders.pop() {
        for entry in remote.list(&folder).await? {
            if !safe(&entry.name) {
                cx.log(
                    LogLevel::Warn,
                    format!(
                        "left out of {folder}: {:?} is not the name of a file",
                        entry.name
                    ),
                );
                continue;
            }
            seen += 1;
            if seen > MOST {
                return Err(NodeError::invalid(format!(
                    "there are more than {MOST} files and folders below {folder}"
                ))
                .with_help("list a folder further down"));
            }
            let relative = format!("{prefix}{}", entry.name);
            let path = folder.join(&entry.name);
            if entry.is_folder && wanted.deep && !entry.is_link && depth < DEPTH {
                folders.push((path.clone(), format!("{relative}/"), depth + 1));
            }
            if wanted.takes(&entry.name, &relative) {
                found.push(Found {
                    path,
                    relative,
                    entry,
                });
            }
        }
    }
    found.sort_by(|a, b| a.relative.cmp(&b.relative));
    Ok(found)
}

/// Files of this machine below `folder`, with their paths below it, sorted.
///
/// Links to folders are not entered.
pub(super) fn local(folder: &Path, wanted: &Wanted) -> Result<Vec<(PathBuf, String)>, NodeError> {
    let failed = |path: &Path, error: &std::io::Error| {
        NodeError::io(format_args!("could not list {}", path.display()), error)
    };
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|error| failed(&folder, &error))?;
        for entry in entries {
            let path = entry.map_err(|error| failed(&folder, &error))?.path();
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            let relative = format!("{prefix}{name}");
            if path.is_dir() {
                if wanted.deep && !path.is_symlink() {
                    folders.push((path, format!("{relative}/")));
                }
            } else if wanted.takes(&name, &relative) {
                found.push((path, relative));
            }
        }
    }
    found.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(found)
}

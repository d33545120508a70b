use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    backend::Source,
    path::{self, RemotePath},
    session::{self, Files, Protocol},
    settings::retries,
    transfer::{self, Placing},
    walk::{self, Found, Wanted},
};

/// Mirrors a folder: brings over what is new or changed.
///
/// A file counts as unchanged when both sides have the same size and the copy is not older. What is
/// on the target's side alone stays, unless `delete` says otherwise.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Sync {
    /// Which side is copied to the other.
    direction: Direction,
    /// The folder here.
    local: String,
    /// The folder on the server.
    remote: String,
    /// Which files are meant, as paths below the folder: `**` is all, `*.csv` those in the folder
    /// itself, `**/*.csv` those in its folders too.
    #[serde(default = "everything")]
    pattern: String,
    /// Whether files that match the pattern but are on the target's side alone are deleted.
    #[serde(default)]
    delete: bool,
    /// Whether files are written straight to their names, for servers that allow no renaming.
    #[serde(default)]
    direct: bool,
    /// How often in a row a broken transfer is taken up again (3).
    #[serde(default = "retries")]
    retries: u32,
}

fn everything() -> String {
    "**".to_owned()
}

/// Which side is copied to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Direction {
    /// From here to the server.
    Upload,
    /// From the server to here.
    Download,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Synced {
    /// The files that were brought over, as paths below the folder.
    transferred: Vec<String>,
    /// The files that were deleted on the target's side.
    deleted: Vec<String>,
    /// How many files were brought over.
    count: usize,
    /// How many were the same already.
    unchanged: usize,
    /// How many bytes were brought over.
    size: u64,
}

pub(super) fn node<P: Protocol>() -> Node {
    session::node::<P>("sync", EXAMPLE, |name| {
        Node::action(name, sync::<P>)
            .pure()
            .icon("folder-sync")
            .fails_reading()
            .fails_writing()
    })
}

const EXAMPLE: &str = r#"- id: mirror
  use: {p}.sync
  with: { direction: download, local: mirror, remote: inbox, pattern: "**/*.csv" }
- use: log.write
  with: { message: "{{ steps.mirror.count }} new, {{ steps.mirror.unchanged }} unchanged" }
"#;

/// A file on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Facts {
    size: u64,
    modified: Option<Timestamp>,
}

impl Facts {
    /// Whether `copy` can be what was copied from this. Servers tell whole seconds.
    fn is_in(self, copy: Self) -> bool {
        let seconds = |time: Option<Timestamp>| time.map(Timestamp::as_second);
        match (seconds(self.modified), seconds(copy.modified)) {
            (Some(original), Some(copied)) => self.size == copy.size && copied >= original,
            _ => false,
        }
    }
}

async fn sync<P: Protocol>(cx: &StepContext, settings: Sync) -> Result<Synced, NodeError> {
    let files = Files::<P>::of(cx)?;
    let folder = RemotePath::read("remote", &settings.remote)?;
    let local = cx.file(&settings.local);
    // Without `/` a pattern would be matched against names in all folders.
    let wanted = Wanted::new(&settings.pattern, false)?;
    let there = there(cx, &files, &folder, &wanted, settings.direction).await?;
    let here = here(cx, &local, wanted, settings.direction).await?;
    let placing = Placing {
        direct: settings.direct,
        retries: settings.retries,
    };
    let mut done = Synced::default();
    match settings.direction {
        Direction::Upload => {
            for (relative, (path, original)) in &here {
                if let Some(found) = there.get(relative)
                    && original.is_in(exact(&files, found, *original).await?)
                {
                    done.unchanged += 1;
                    continue;
                }
                let source = Source::file(path.clone()).await?;
                let place = folder.join(relative);
                done.size += transfer::upload(&files, &source, &place, placing).await?;
                if let Some(modified) = original.modified {
                    files.remote().set_modified(&place, modified).await?;
                }
                done.transferred.push(relative.clone());
                cx.progress(done.transferred.len() as u64, None);
            }
        }
        Direction::Download => {
            for (relative, found) in &there {
                let place = path::below(&local, relative)?;
                if let Some((_, copy)) = here.get(relative)
                    && exact(&files, found, *copy).await?.is_in(*copy)
                {
                    done.unchanged += 1;
                    continue;
                }
                let (_, size) =
                    transfer::download(cx, &files, &found.path, &place, placing.retries, true)
                        .await?;
                done.size += size;
                done.transferred.push(relative.clone());
                cx.progress(done.transferred.len() as u64, None);
            }
        }
    }
    if settings.delete {
        done.deleted = delete_extra(&files, settings.direction, &here, &there).await?;
    }
    done.count = done.transferred.len();
    Ok(done)
}

/// The files on the server. That the folder is missing is a fault only where it is the original.
async fn there<P: Protocol>(
    cx: &StepContext,
    files: &Files<P>,
    folder: &RemotePath,
    wanted: &Wanted,
    direction: Direction,
) -> Result<BTreeMap<String, Found>, NodeError> {
    let found = match walk::remote(cx, files.remote(), folder, wanted).await {
        Err(error) if direction == Direction::Upload && error.kind() == ErrorKind::NotFound => {
            Vec::new()
        }
        found => found?,
    };
    let found = found.into_iter().filter(|found| !found.entry.is_folder);
    Ok(found.map(|found| (found.relative.clone(), found)).collect())
}

/// The files here, likewise.
async fn here(
    cx: &StepContext,
    folder: &Path,
    wanted: Wanted,
    direction: Direction,
) -> Result<BTreeMap<String, (PathBuf, Facts)>, NodeError> {
    let folder = folder.to_owned();
    cx.blocking(move || {
        if direction == Direction::Download && !folder.exists() {
            return Ok(BTreeMap::new());
        }
        let found = walk::local(&folder, &wanted)?;
        let facts = found.into_iter().filter_map(|(path, relative)| {
            let facts = std::fs::metadata(&path).ok()?;
            let modified = facts.modified().ok().and_then(|time| time.try_into().ok());
            let size = facts.len();
            Some((relative, (path, Facts { size, modified })))
        });
        Ok(facts.collect())
    })
    .await
}

/// What is known of a file on the server, asked for again where the list is too coarse to tell
/// whether it is the same as `other`.
async fn exact<P: Protocol>(
    files: &Files<P>,
    found: &Found,
    other: Facts,
) -> Result<Facts, NodeError> {
    let facts = |size: Option<u64>, modified| Facts {
        size: size.unwrap_or_default(),
        modified,
    };
    let listed = facts(found.entry.size, found.entry.modified);
    if !found.entry.coarse || listed.size != other.size {
        return Ok(listed);
    }
    let asked = files.remote().info(&found.path).await?;
    Ok(asked.map_or(listed, |asked| facts(asked.size, asked.modified)))
}

async fn delete_extra<P: Protocol>(
    files: &Files<P>,
    direction: Direction,
    here: &BTreeMap<String, (PathBuf, Facts)>,
    there: &BTreeMap<String, Found>,
) -> Result<Vec<String>, NodeError> {
    let mut deleted = Vec::new();
    match direction {
        Direction::Upload => {
            for (relative, found) in there {
                if !here.contains_key(relative) {
                    files.remote().delete(&found.path).await?;
                    deleted.push(relative.clone());
                }
            }
        }
        Direction::Download => {
            for (relative, (path, _)) in here {
                if !there.contains_key(relative) {
                    std::fs::remove_file(path).map_err(|error| {
                        NodeError::io(format_args!("could not delete {}", path.display()), &error)
                    })?;
                    deleted.push(relative.clone());
                }
            }
        }
    }
    Ok(deleted)
}

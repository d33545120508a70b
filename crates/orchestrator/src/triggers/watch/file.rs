//! Files that come into a folder.
//!
//! The folder is looked at every few seconds: that works on network drives, too, where nobody tells of changes. A file
//! counts when its size and time were the same at two looks.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use casare_files::Pattern;
use jiff::Timestamp;
use serde_json::json;

use super::{Armed, Endless, Place, Trouble, is_within};
use crate::{Orchestrator, triggers::Arrival};

/// Files of a folder, at most.
const MOST: usize = 10_000;
/// Folders below each other, at most.
const DEEPEST: usize = 16;

/// Size and time of files by their path below the folder.
type Stamps = BTreeMap<String, String>;

struct Found {
    size: u64,
    modified: Timestamp,
}

impl Found {
    fn stamp(&self) -> String {
        format!("{}:{}", self.size, self.modified.as_nanosecond())
    }
}

/// The folder as it really is, if the server may watch it; otherwise why not.
pub(crate) fn may_watch(folder: &Path, roots: &[PathBuf]) -> Result<PathBuf, String> {
    if roots.is_empty() {
        return Err(
            "this server watches no folders; start it with `casare serve --watch FOLDER`"
                .to_owned(),
        );
    }
    let real = folder
        .canonicalize()
        .map_err(|error| format!("{} can't be watched: {error}", folder.display()))?;
    if !is_within(&real, roots) {
        let roots: Vec<String> = roots
            .iter()
            .map(|root| root.display().to_string())
            .collect();
        return Err(format!(
            "{} is not in a folder that this server may watch ({})",
            folder.display(),
            roots.join(", ")
        ));
    }
    Ok(real)
}

pub(super) async fn watch(
    server: &Orchestrator,
    armed: &Armed,
    folder: &Path,
    pattern: &str,
    changed: bool,
    every_s: u32,
) -> Endless {
    let by_path = pattern.contains(['/', '\\']) || pattern.contains("**");
    let pattern = Arc::new(Pattern::new(pattern).map_err(|error| Trouble(error.to_string()))?);
    let mut place = Place::<Stamps>::of(server, armed).await?;
    let mut before = Stamps::new();
    loop {
        let roots = server.settings.watched.clone();
        let (folder, pattern) = (folder.to_owned(), Arc::clone(&pattern));
        let looked = tokio::task::spawn_blocking(move || {
            let real = may_watch(&folder, &roots)?;
            let found = look(&real, &pattern, by_path)?;
            Ok::<_, String>((real, found))
        });
        let (real, found) = looked
            .await
            .map_err(|_| Trouble("looking at the folder broke off".to_owned()))?
            .map_err(Trouble)?;
        let now: Stamps = found
            .iter()
            .map(|(path, file)| (path.clone(), file.stamp()))
            .collect();
        let Some(known) = &place.at else {
            // What is there from before is not new.
            place.move_on(server, armed, now).await?;
            continue;
        };
        let mut known = known.clone();
        let mut moved = place.complained;
        known.retain(|path, _| {
            let stays = now.contains_key(path);
            moved |= !stays;
            stays
        });
        for (path, file) in &found {
            let stamp = file.stamp();
            let is_news = known.get(path).is_none_or(|seen| changed && *seen != stamp);
            if !is_news || before.get(path) != Some(&stamp) {
                continue;
            }
            let arrival = Arrival {
                came: came(&real, path, file),
                key: Some(format!("{path}:{stamp}")),
            };
            settle(server.arrive(armed, &arrival).await)?;
            known.insert(path.clone(), stamp);
            moved = true;
        }
        if moved {
            place.move_on(server, armed, known).await?;
        }
        before = now;
        tokio::time::sleep(Duration::from_secs(u64::from(every_s.max(1)))).await;
    }
}

/// What was refused is noted and over; what could not be seen to comes again.
pub(super) fn settle<T>(arrived: Result<T, crate::Problem>) -> Result<(), Trouble> {
    match arrived {
        Err(problem) if problem.status >= 500 => Err(problem.into()),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn came(folder: &Path, path: &str, file: &Found) -> serde_json::Value {
    let whole = folder.join(path);
    let name = whole.file_name().map(|name| name.to_string_lossy());
    json!({ "file": {
        "path": whole.to_string_lossy(),
        "name": name,
        "folder": whole.parent().map(Path::to_string_lossy),
        "size": file.size,
        "modified": file.modified,
    } })
}

/// Files below `folder` by their path in it. Links are not followed.
fn look(
    folder: &Path,
    pattern: &Pattern,
    by_path: bool,
) -> Result<BTreeMap<String, Found>, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((current, depth)) = folders.pop() {
        let failed =
            |error: std::io::Error| format!("{} can't be read: {error}", current.display());
        for entry in current.read_dir().map_err(failed)? {
            let entry = entry.map_err(failed)?;
            // What has gone meanwhile, or can't be looked at, is not there.
            let Ok(data) = entry.metadata() else { continue };
            let path = entry.path();
            if data.is_dir() && by_path && depth < DEEPEST {
                folders.push((path, depth + 1));
                continue;
            }
            let Some(name) = path.strip_prefix(folder).ok().and_then(Path::to_str) else {
                continue;
            };
            if !data.is_file() || !pattern.matches(name) {
                continue;
            }
            if found.len() == MOST {
                return Err(format!(
                    "{} holds more than {MOST} files of this pattern; move away what is done",
                    folder.display()
                ));
            }
            let modified = data.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let file = Found {
                size: data.len(),
                modified: Timestamp::try_from(modified).unwrap_or(Timestamp::UNIX_EPOCH),
            };
            found.insert(name.to_owned(), file);
        }
    }
    Ok(found)
}

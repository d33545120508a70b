use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::entry::go_on;
use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::Pattern;
use casare_workflow::Span;
use notify::{RecursiveMode, Watcher};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::{sync::Notify, time::Instant};

/// Waits until files are there, have changed or are gone.
///
/// With a `pattern`, `path` is a folder and any of its files that match count. A file counts as
/// there when nothing has written to it for `quiet`: what is still being copied is waited for. How
/// long the step waits is its `timeout`; 5 minutes without one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WaitFor {
    /// The file, or the folder in which files are waited for.
    path: String,
    /// Which files of the folder, such as `*.pdf`.
    pattern: Option<String>,
    /// What is waited for.
    #[serde(default)]
    until: Until,
    /// How long nothing may have written to a file (1s).
    quiet: Option<Span>,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Until {
    /// That it is there, whole.
    #[default]
    There,
    /// That something is new or other than when the step began.
    Changed,
    /// That it is gone.
    Gone,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Waited {
    /// The file that ended the wait, as a full path.
    path: String,
    /// All files that were there or had changed then, as full paths.
    paths: Vec<String>,
    /// How long it took, in milliseconds.
    waited: u64,
}

pub(super) fn node() -> Node {
    Node::action("file.wait_for", wait_for)
        .pure()
        .icon("folder-sync")
        .fails(
            ErrorKind::Timeout,
            "It did not come, change or go in the time of the step; a file that is still written to has not come.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: arrived
  use: file.wait_for
  timeout: 10s
  with: { path: ., pattern: "people.*" }
- use: log.write
  with: { message: "{{ steps.arrived.path }} is there" }
"#;

/// The wait of a step without a `timeout`.
const PATIENCE: Duration = Duration::from_mins(5);
/// How often it looks where the system says nothing: network folders don't tell of changes.
const LOOK: Duration = Duration::from_secs(2);

/// What is seen of a file.
type Seen = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

async fn wait_for(cx: &StepContext, settings: WaitFor) -> Result<Waited, NodeError> {
    let path = cx.file(&settings.path);
    let pattern = settings.pattern.as_deref().map(Pattern::new).transpose()?;
    let quiet = settings.quiet.map_or(Duration::from_secs(1), Into::into);
    let began = Instant::now();
    // A little before the engine's own end, so that the error can say what was missing.
    let left = cx.time_left(PATIENCE);
    let until = began + left.saturating_sub((left / 10).min(Duration::from_millis(200)));
    let changed = std::sync::Arc::new(Notify::new());
    let _watcher = watch(&path, pattern.is_some(), &changed);
    let look = || look_at(&path, pattern.as_ref());
    let first = look();
    loop {
        let seen = look();
        let still = |modified: &Option<SystemTime>| {
            modified.is_none_or(|at| at.elapsed().is_ok_and(|age| age >= quiet))
        };
        let fitting: Vec<&PathBuf> = seen
            .iter()
            .filter(|(path, now)| {
                still(&now.1) && (settings.until == Until::There || first.get(*path) != Some(now))
            })
            .map(|(path, _)| path)
            .collect();
        let gone = first.keys().find(|path| !seen.contains_key(*path));
        let ended = match settings.until {
            Until::Gone => seen.is_empty().then(|| gone.unwrap_or(&path)),
            Until::Changed => fitting.first().copied().or(gone),
            Until::There => fitting.first().copied(),
        };
        if let Some(ended) = ended {
            return Ok(Waited {
                path: ended.display().to_string(),
                paths: fitting
                    .iter()
                    .map(|path| path.display().to_string())
                    .collect(),
                waited: began.elapsed().as_millis() as u64,
            });
        }
        if Instant::now() >= until {
            return Err(missed(&settings, &path, began.elapsed(), &seen));
        }
        // A file that was written just now is looked at again when it may have come to rest.
        let pause = if seen.values().any(|(_, modified)| !still(modified)) {
            quiet.min(LOOK)
        } else {
            LOOK
        };
        tokio::select! {
            () = changed.notified() => tokio::time::sleep(Duration::from_millis(20)).await,
            () = tokio::time::sleep_until((Instant::now() + pause).min(until)) => {}
        }
        go_on(cx.cancel())?;
    }
}

/// Tells `changed` of what the system sees; nobody where it can't watch.
fn watch(
    path: &Path,
    is_folder: bool,
    changed: &std::sync::Arc<Notify>,
) -> Option<notify::RecommendedWatcher> {
    let changed = changed.clone();
    let mut watcher = notify::recommended_watcher(move |_| changed.notify_one()).ok()?;
    let folder = if is_folder { path } else { path.parent()? };
    watcher.watch(folder, RecursiveMode::NonRecursive).ok()?;
    Some(watcher)
}

fn look_at(path: &Path, pattern: Option<&Pattern>) -> Seen {
    let state = |found: &fs::Metadata| (found.len(), found.modified().ok());
    let Some(pattern) = pattern else {
        return fs::metadata(path)
            .iter()
            .map(|found| (path.to_owned(), state(found)))
            .collect();
    };
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .filter(|entry| pattern.matches(&entry.file_name().to_string_lossy()))
        .filter_map(|entry| {
            let found = entry.metadata().ok()?;
            found.is_file().then(|| (entry.path(), state(&found)))
        })
        .collect()
}

fn missed(settings: &WaitFor, path: &Path, waited: Duration, seen: &Seen) -> NodeError {
    let what = match &settings.pattern {
        Some(pattern) => format!("a file `{pattern}` in {}", path.display()),
        None => path.display().to_string(),
    };
    let missing = match settings.until {
        Until::There if seen.is_empty() => "did not come",
        Until::There => "came, but is still being written to",
        Until::Changed => "did not change",
        Until::Gone => "did not go",
    };
    let waited = Span::from_millis(waited.as_millis() as u64);
    NodeError::timeout(format!("{what} {missing} within {waited}"))
        .with_help("raise the step's `timeout` if it takes longer")
}

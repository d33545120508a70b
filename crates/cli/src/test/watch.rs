//! Tests that run again whenever a file changes.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::mpsc,
    time::Duration,
};

use notify::{EventKind, RecursiveMode, Watcher};

use super::Test;
use crate::{
    config::Config,
    failure::{CliError, Exit},
    terminal::Terminal,
};

/// Editors write a file in several goes.
const QUIET: Duration = Duration::from_millis(100);
/// Folders in which changes mean nothing to tests.
const LEFT_OUT: [&str; 3] = [".git", "node_modules", "target"];

/// Runs the tests, and again after each change, until somebody ends it with Ctrl-C.
pub(super) fn again_and_again(
    test: &Test,
    config: &Config,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    let (changed, changes) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        if !matches!(event.kind, EventKind::Access(_))
            && event.paths.iter().any(|path| matters(path))
        {
            // Nobody listens any more: the command ends.
            let _ = changed.send(());
        }
    })
    .map_err(|error| CliError::Watch(error.to_string()))?;
    let mut watched = BTreeSet::new();
    loop {
        let mut wanted: BTreeSet<PathBuf> = BTreeSet::new();
        wanted.extend(test.paths.iter().map(|path| folder_of(path)));
        match test.run(config) {
            Ok(report) => {
                let files = report.files.iter().flat_map(|file| &file.watched);
                wanted.extend(files.map(|path| folder_of(path)));
                test.tell(&report, terminal)?;
            }
            Err(error) => {
                terminal.failure(&error, false);
            }
        }
        for folder in wanted {
            if watched.insert(folder.clone()) {
                watcher
                    .watch(&folder, RecursiveMode::Recursive)
                    .map_err(|error| CliError::Watch(error.to_string()))?;
            }
        }
        terminal.note(&terminal.err.dim("waiting for changes; Ctrl-C ends it"));
        if changes.recv().is_err() {
            return Ok(Exit::Done);
        }
        while changes.recv_timeout(QUIET).is_ok() {}
        terminal.note("");
    }
}

fn folder_of(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if path.is_dir() {
        return path;
    }
    path.parent().unwrap_or(&path).to_owned()
}

/// Whether a change of this file may change what tests come to.
fn matters(path: &Path) -> bool {
    let is_left_out = |part: &std::ffi::OsStr| LEFT_OUT.iter().any(|name| part == *name);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    !path.iter().any(is_left_out) && !name.ends_with('~') && !name.ends_with(".snap.yaml")
}

//! Profile folders: temporary ones that never outlive their owner for long, and a person's own.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};
use tracing::{debug, info};

use crate::{error::BrowserError, process};

const PREFIX: &str = "casare-browser-";
const OWNER_FILE: &str = "casare-owner.json";
/// A folder without an owner file may be one that is being made right now; past this age it is not.
const UNOWNED_AGE: Duration = Duration::from_hours(1);

/// Which process a temporary profile belongs to. A process id alone is not enough: ids are used again.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Owner {
    pid: u32,
    started: Option<u64>,
}

impl Owner {
    fn this_process() -> Self {
        let pid = std::process::id();
        Owner {
            pid,
            started: process::start_time(pid),
        }
    }

    fn is_alive(&self) -> bool {
        process::is_alive(self.pid)
            && (self.started.is_none() || process::start_time(self.pid) == self.started)
    }
}

/// Makes a fresh profile folder below `root`, marked as ours.
pub(crate) fn create(root: &Path) -> Result<PathBuf, BrowserError> {
    let file = |path: &Path| {
        let path = path.to_owned();
        move |source| BrowserError::File {
            what: "make a temporary profile in",
            path,
            source,
        }
    };
    fs::create_dir_all(root).map_err(file(root))?;
    let folder = tempfile::Builder::new()
        .prefix(PREFIX)
        .tempdir_in(root)
        .map_err(file(root))?;
    let owner = serde_json::to_string(&Owner::this_process())
        .map_err(io::Error::other)
        .map_err(file(root))?;
    fs::write(folder.path().join(OWNER_FILE), owner).map_err(file(folder.path()))?;
    Ok(folder.keep())
}

/// Removes what runs that were killed have left below `root`: browsers first, then their folders.
pub(crate) fn sweep(root: &Path) {
    let Ok(entries) = fs::read_dir(root) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_abandoned(&entry) {
            let folder = entry.path();
            info!(folder = %folder.display(), "removing a profile that a killed run left behind");
            process::kill_users_of(&folder);
            remove(&folder);
        }
    }
}

fn is_abandoned(entry: &fs::DirEntry) -> bool {
    match fs::read_to_string(entry.path().join(OWNER_FILE)) {
        Ok(text) => serde_json::from_str::<Owner>(&text).is_ok_and(|owner| !owner.is_alive()),
        Err(_) => entry
            .metadata()
            .and_then(|data| data.modified())
            .is_ok_and(|time| {
                SystemTime::now().duration_since(time).unwrap_or_default() > UNOWNED_AGE
            }),
    }
}

/// Deletes a profile folder. Processes that are just dying may still write to it, so it tries for a while.
pub(crate) fn remove(folder: &Path) {
    remove_socket(folder);
    for _ in 0..200 {
        match fs::remove_dir_all(folder) {
            Ok(()) => return,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => debug!(folder = %folder.display(), %error, "profile not removed yet"),
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// Chromium keeps a socket in a folder of its own in the system's temporary folder, and leaves it there
/// when it is killed. The profile holds a link to it.
fn remove_socket(profile: &Path) {
    let Ok(socket) = fs::read_link(profile.join("SingletonSocket")) else {
        return;
    };
    let Some(folder) = socket.parent().filter(|folder| folder.is_absolute()) else {
        return;
    };
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let singleton = |name: std::ffi::OsString| name.to_string_lossy().starts_with("Singleton");
    if entries.flatten().all(|entry| singleton(entry.file_name())) {
        // One that cannot be removed harms nobody.
        let _ = fs::remove_dir_all(folder);
    }
}

/// Refuses a profile that another browser has open: Chromium would hand over to that one and exit.
pub(crate) fn ensure_free(folder: &Path) -> Result<(), BrowserError> {
    let Ok(holder) = fs::read_link(folder.join("SingletonLock")) else {
        return Ok(());
    };
    // The link's target is `host-pid`.
    let pid = holder
        .to_string_lossy()
        .rsplit('-')
        .next()
        .and_then(|pid| pid.parse().ok());
    match pid {
        Some(pid) if process::is_alive(pid) => Err(BrowserError::ProfileInUse {
            folder: folder.to_owned(),
            pid,
        }),
        _ => {
            remove_socket(folder);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_removes_what_dead_processes_left_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let ours = create(root.path()).unwrap();
        let dead = root.path().join("casare-browser-dead");
        let foreign = root.path().join("someone-else");
        fs::create_dir(&dead).unwrap();
        fs::create_dir(&foreign).unwrap();
        let reused_pid = Owner {
            pid: std::process::id(),
            started: Some(1),
        };
        fs::write(
            dead.join(OWNER_FILE),
            serde_json::to_string(&reused_pid).unwrap(),
        )
        .unwrap();

        sweep(root.path());

        assert!(ours.exists() && foreign.exists());
        assert_eq!(dead.exists(), !cfg!(target_os = "linux"));
    }
}

//! What every run needs: a place to write to, room there, and open files.

use std::{fs, path::Path};

use super::{Check, State};
use crate::config::Config;

/// Less than this fills up with a few downloads and screenshots.
const ROOM: u64 = 1 << 30;
/// Parallel branches with a connection or a file each need more than many systems allow.
const OPEN_FILES: u64 = 1_024;

pub(super) fn checks(config: &Config) -> Vec<Check> {
    let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    let mut checks = vec![Check::ok(
        "casare",
        format!("{} on {system}", env!("CARGO_PKG_VERSION")),
    )];
    match config.home() {
        Ok(home) => {
            checks.push(data_folder(&home));
            checks.extend(room(&home));
        }
        Err(error) => checks.push(broken(
            "data folder",
            error.to_string(),
            "set CASARE_HOME to a folder",
        )),
    }
    checks.extend(open_files());
    checks
}

fn data_folder(home: &Path) -> Check {
    let probe = home.join(format!(".doctor-{}", std::process::id()));
    let tried = fs::create_dir_all(home)
        .and_then(|()| fs::write(&probe, ""))
        .and_then(|()| fs::remove_file(&probe));
    match tried {
        Ok(()) => Check::ok("data folder", format!("{} can be written", home.display())),
        Err(error) => broken(
            "data folder",
            format!("{} can't be written: {error}", home.display()),
            "make it writable, or set CASARE_HOME to another folder",
        ),
    }
}

fn broken(name: &'static str, found: String, get: &str) -> Check {
    Check {
        name,
        state: State::Broken,
        found,
        needed_for: Some("the journal and the files of runs"),
        get: Some(get.to_owned()),
    }
}

fn room(home: &Path) -> Option<Check> {
    let free = fs4::available_space(home).ok()?;
    let found = format!("{:.1} GB free", free as f64 / 1e9);
    Some(if free >= ROOM {
        Check::ok("disk", found)
    } else {
        let get = format!("free some space on the disk of {}", home.display());
        Check::missing("disk", found, "downloads, screenshots and the journal", get)
    })
}

fn open_files() -> Option<Check> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))?;
    let soft = line.split_whitespace().nth(3)?;
    let found = format!("{soft} at once");
    Some(match soft.parse::<u64>() {
        Ok(soft) if soft < OPEN_FILES => {
            let get = format!("ulimit -n {OPEN_FILES}");
            Check::missing(
                "open files",
                found,
                "many parallel branches, each with a file or connection",
                get,
            )
        }
        _ => Check::ok("open files", found),
    })
}

//! Programs that some nodes start.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use super::{Check, system::System};
use crate::config::Config;

/// A program, how it tells its version, and what it is for.
const PROGRAMS: &[(&str, &str, &str)] = &[
    ("python3", "--version", "script.python"),
    ("uv", "--version", "script.python with packages"),
    (
        "node",
        "--version",
        "developing the designer; workflows do without it",
    ),
    ("git", "--version", "projects that are kept in git"),
    (
        "psql",
        "--version",
        "looking into PostgreSQL by hand; sql.* nodes do without it",
    ),
    ("tesseract", "--version", "reading text from pictures"),
];

pub(super) fn checks(config: &Config, system: System) -> Vec<Check> {
    thread::scope(|scope| {
        let asked: Vec<_> = PROGRAMS
            .iter()
            .map(|program| scope.spawn(move || check(*program, &config.path, system)))
            .collect();
        asked
            .into_iter()
            .filter_map(|check| check.join().ok())
            .collect()
    })
}

fn check(
    (name, ask, needed_for): (&'static str, &str, &'static str),
    path: &[PathBuf],
    system: System,
) -> Check {
    match find(name, path) {
        Some(program) => {
            let version = version(&program, ask).unwrap_or_else(|| "version unknown".to_owned());
            Check::ok(name, format!("{version} at {}", program.display()))
        }
        None => Check::missing(name, "not found", needed_for, system.install(name)),
    }
}

fn find(name: &str, path: &[PathBuf]) -> Option<PathBuf> {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    path.iter()
        .map(|folder| folder.join(&file))
        .find(|program| program.is_file())
}

/// The first line of what the program says of itself.
fn version(program: &Path, ask: &str) -> Option<String> {
    let output = Command::new(program)
        .arg(ask)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let said = if output.stdout.is_empty() {
        output.stderr
    } else {
        output.stdout
    };
    let said = String::from_utf8_lossy(&said);
    said.lines()
        .next()
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty())
}

//! What git knows, asked through its own command.

use std::{
    io,
    path::Path,
    process::{Command, Output, Stdio},
};

use crate::failure::CliError;

/// The text of `REV:path`, as `git show` has it.
pub(crate) fn show(object: &str) -> Result<String, CliError> {
    let output = call(Path::new("."), &["show", object])?;
    String::from_utf8(output).map_err(|_| CliError::Git {
        what: format!("show {object}"),
        reason: "it is not UTF-8 text".to_owned(),
    })
}

/// Whether `folder` is part of a repository.
pub(crate) fn is_repository(folder: &Path) -> bool {
    run(folder, &["rev-parse", "--git-dir"]).is_ok_and(|output| output.status.success())
}

/// What git answers when it is called in `folder`.
pub(crate) fn call(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, CliError> {
    let what = arguments.join(" ");
    let output = run(folder, arguments).map_err(|error| CliError::Git {
        what: what.clone(),
        reason: format!("git could not be started: {error}"),
    })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(CliError::Git {
        what,
        reason: said.trim().to_owned(),
    })
}

fn run(folder: &Path, arguments: &[&str]) -> io::Result<Output> {
    Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
}

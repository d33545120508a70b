//! The page: installs what it is built with, builds it, and checks it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    command,
    failure::Failure,
    paths,
    steps::{Steps, timed},
};

/// What is checked, by the names in `web/package.json`.
const CHECKS: [(&str, &str); 5] = [
    ("api:check", "web: the API's types are current"),
    ("types", "web: types"),
    ("lint", "web: lint"),
    ("test", "web: tests"),
    ("build", "web: build"),
];

/// Builds the page, so that the next build of `casare` holds it.
pub(crate) fn build() -> Result<(), Failure> {
    install()?;
    timed("npm run build", || run("build"))
}

/// Everything that must hold of the page.
pub(crate) fn check(steps: &mut Steps) {
    if paths::in_path("npm").is_none() {
        steps.skip("web", "npm is not installed, see docs/page.md");
        return;
    }
    steps.run("web: npm ci", install);
    for (script, name) in CHECKS {
        steps.run(name, || run(script));
    }
}

/// Drives the page in a browser, served by the binary `casare`.
pub(crate) fn drive(steps: &mut Steps, casare: &Path) {
    if paths::in_path("npm").is_none() {
        steps.skip(
            "web: in a browser",
            "npm is not installed, see docs/page.md",
        );
        return;
    }
    steps.run("web: in a browser", || {
        command::run(
            npm(&["run", "--silent", "e2e"])
                .env("CASARE_BINARY", casare)
                .current_dir(folder()),
        )
    });
}

fn folder() -> PathBuf {
    paths::root().join("web")
}

fn run(script: &str) -> Result<(), Failure> {
    command::run(npm(&["run", "--silent", script]).current_dir(folder()))
}

fn npm(arguments: &[&str]) -> Command {
    let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    npm.args(arguments);
    npm
}

/// Installs what the lock names, unless that is what is there.
fn install() -> Result<(), Failure> {
    let lock = folder().join("package-lock.json");
    let done = folder().join("node_modules/.casare-lock");
    if is_same(&lock, &done) {
        return Ok(());
    }
    timed("npm ci", || {
        command::run(npm(&["ci"]).current_dir(folder()))
    })?;
    fs::copy(&lock, &done).map(|_| ()).map_err(|error| {
        Failure::Unexpected(format!("{} was not written: {error}", done.display()))
    })
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((fs::read(one), fs::read(other)), (Ok(one), Ok(other)) if one == other)
}

//! Everything that must hold: formatting, lints, licences, documentation and tests.

use std::{env, ffi::OsString, fs, path::Path, process::Command};

use clap::Args;

use crate::{
    chromium,
    command::{self, cargo},
    debian, docs,
    failure::Failure,
    paths, peers,
    steps::{Steps, timed},
    web,
};

/// The version of cargo-nextest that is installed where there is none.
const NEXTEST: &str = "0.9.143";

/// Install what the tests need, and run all of them
#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Only formatting and tests; install nothing
    #[arg(long)]
    fast: bool,
    /// Arguments for `cargo nextest run`, for example `-p casare-engine` or a test's name
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    nextest: Vec<OsString>,
}

impl Test {
    pub(crate) fn exec(self) -> Result<(), Failure> {
        if !self.fast {
            install()?;
        }
        // One cargo profile for every step, or dependencies are built twice.
        let profile = if is_ci() { "ci" } else { "dev" };

        let mut steps = Steps::default();
        steps.run("cargo fmt --all --check", || {
            command::run(&mut cargo(&["fmt", "--all", "--check"]))
        });
        if !self.fast {
            lints(&mut steps, profile);
            web::check(&mut steps);
            steps.run("cargo nextest run --workspace --no-run", || {
                let build = ["nextest", "run", "--workspace", "--no-run"];
                command::run(cargo(&build).args(["--cargo-profile", profile]))
            });
            // The binary that the tests were built with: another one would be compiled for its own features.
            let folder = if is_ci() { profile } else { "debug" };
            let casare = paths::binary(folder, "casare");
            steps.run("docs/nodes is current", || docs::check(&casare));
            web::drive(&mut steps, &casare);
        }
        // The tests come last, so that their closing line stands above the summary.
        steps.run("cargo nextest run --workspace", || {
            let nextest = ["nextest", "run", "--workspace", "--cargo-profile", profile];
            command::run(cargo(&nextest).args(&self.nextest))
        });
        steps.finish()
    }
}

fn lints(steps: &mut Steps, profile: &str) {
    steps.run("cargo clippy --workspace --all-targets", || {
        let clippy = [
            "clippy",
            "--workspace",
            "--all-targets",
            "--profile",
            profile,
        ];
        command::run(cargo(&clippy).args(["--", "-D", "warnings"]))
    });
    if command::succeeds(&mut cargo(&["deny", "--version"])) {
        steps.run("cargo deny check", || {
            command::run(&mut cargo(&["deny", "--log-level", "error", "check"]))
        });
    } else {
        steps.skip(
            "cargo deny check",
            "cargo-deny is not installed, see CONTRIBUTING.md",
        );
    }
    steps.run("cargo test --doc --workspace", || {
        command::run(&mut cargo(&[
            "test",
            "--doc",
            "--workspace",
            "--profile",
            profile,
        ]))
    });
}

/// Gets what the tests need and the machine lacks.
fn install() -> Result<(), Failure> {
    chromium::ensure()?;
    peers::ensure()?;
    if !has_postgresql() {
        debian::install(
            &["postgresql"],
            "PostgreSQL, for the tests of the SQL nodes",
            "install the PostgreSQL server so that `initdb` is in PATH",
        )?;
    }
    for (component, probe) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if !command::succeeds(&mut cargo(&[probe, "--version"])) {
            timed(
                &format!("{component} is missing: adding it with rustup"),
                || command::run(Command::new("rustup").args(["component", "add", component])),
            )?;
        }
    }
    if !command::succeeds(&mut cargo(&["nextest", "--version"])) {
        timed(
            "cargo-nextest, the test runner, is missing: installing it (takes minutes)",
            || {
                let install = ["install", "cargo-nextest", "--locked", "--version", NEXTEST];
                command::run(&mut cargo(&install))
            },
        )?;
    }
    Ok(())
}

/// Debian keeps the server's programs out of PATH, one folder a version.
fn has_postgresql() -> bool {
    let debian = Path::new("/usr/lib/postgresql");
    let versions = fs::read_dir(debian).into_iter().flatten().flatten();
    versions
        .map(|version| version.path().join("bin/initdb"))
        .any(|initdb| initdb.is_file())
        || paths::in_path("initdb").is_some()
}

fn is_ci() -> bool {
    env::var_os("CI").is_some_and(|value| value == "true" || value == "1")
}

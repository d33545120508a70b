//! A folder with workflows, and a data folder of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value as Json;
use tempfile::TempDir;

/// Two steps that can't fail.
pub(crate) const GREET: &str = r#"casare: 1
name: greet
inputs:
  who: { type: string, default: world }
variables:
  greeting: ""
steps:
  - use: data.set
    with: { name: greeting, value: "Hello, {{ inputs.who }}" }
  - use: log.write
    with: { message: "{{ vars.greeting }}" }
outputs:
  greeting: "{{ vars.greeting }}"
"#;

/// A step that always fails.
pub(crate) const REFUSE: &str = r#"casare: 1
name: refuse
steps:
  - name: Look up the customer
    use: flow.fail
    with: { message: "customer 17 is not known", kind: business }
"#;

pub(crate) struct World {
    folder: TempDir,
}

/// What a call of the command answered.
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    /// A world with one file in it.
    pub(crate) fn with(name: &str, text: &str) -> Self {
        let world = Self::new();
        fs::write(world.path(name), text).unwrap();
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_casare"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env("CASARE_HOME", self.path("home"))
            .env("TZ", "UTC")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn call(&self, args: &[&str]) -> Answer {
        Answer::of(self.command(args).output().unwrap())
    }
}

impl Answer {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code().unwrap(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    /// The JSON object on the last line of stdout.
    pub(crate) fn json(&self) -> Json {
        let last = self
            .out
            .lines()
            .last()
            .unwrap_or_else(|| panic!("no output; stderr: {}", self.err));
        serde_json::from_str(last).unwrap()
    }

    /// The text of the report that the answer names.
    pub(crate) fn report(&self) -> String {
        fs::read_to_string(Path::new(self.json()["report"].as_str().unwrap())).unwrap()
    }
}

use std::{collections::BTreeMap, time::Duration};

use casare_engine::{ErrorKind, LogLevel, Node, NodeError, StepContext};
use casare_workflow::{
    Any, Span,
    value::{from_json, to_json},
};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tokio::process::Command;

use super::program::Program;

/// Runs Python code as a program of its own.
///
/// The code sees `inputs`, a dictionary of the values given in `inputs`, and leaves its answer in
/// a variable `result` (anything that JSON can say). What it prints goes to the log. It runs in a
/// clean environment and is ended with all it has started when its time is up.
///
/// Packages in `dependencies` are provided by `uv` in an environment of its own, which is kept for the next time.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Python {
    /// The code.
    code: String,
    /// Values for the code.
    #[serde(default)]
    inputs: IndexMap<String, Any>,
    /// Environment variables.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Packages that the code needs, such as `pandas>=3`. The program `uv` fetches them.
    #[serde(default)]
    dependencies: Vec<String>,
    /// Time it may take (60 s, with dependencies 10 minutes: the first time they are fetched).
    #[serde(default)]
    timeout: Option<Span>,
    /// The interpreter (`python3`); with dependencies also a version, such as `3.12`.
    #[serde(default)]
    python: Option<String>,
}

impl Python {
    fn timeout(&self) -> Duration {
        match self.timeout {
            Some(timeout) => timeout.into(),
            None if self.dependencies.is_empty() => Duration::from_mins(1),
            None => Duration::from_mins(10),
        }
    }

    fn command(&self) -> Command {
        let python = self.python.as_deref();
        if self.dependencies.is_empty() {
            return Command::new(python.unwrap_or("python3"));
        }
        with_packages(&self.dependencies, python)
    }
}

/// Python in an environment that has these packages.
pub(crate) fn with_packages(packages: &[String], python: Option<&str>) -> Command {
    let mut command = Command::new("uv");
    command.args(["run", "--quiet", "--no-project"]);
    // As one word each: a package can't be taken for an option.
    command.args(packages.iter().map(|package| format!("--with={package}")));
    command.args(python.map(|python| format!("--python={python}")));
    command.arg("python");
    command
}

/// What it answered.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Ran {
    /// The value of `result`.
    result: Any,
    /// What it printed.
    stdout: String,
}

pub(super) fn node() -> Node {
    Node::action("script.python", python)
        .icon("file-code")
        .fails(
            ErrorKind::NotFound,
            "Python or `uv` is not there, or the script ended before its `result` could be kept.",
        )
        .fails(
            ErrorKind::Invalid,
            "The script ends with an error (`error.details` has `code`, `stdout` and `stderr`), or its `result` is no JSON.",
        )
        .fails(ErrorKind::Denied, "Python may not be executed.")
        .fails(
            ErrorKind::Unavailable,
            "The system can't start a program now, or has no room for the result.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: median
  use: script.python
  with:
    inputs: { values: [3, 1, 2] }
    code: |
      import statistics
      result = statistics.median(inputs["values"])
- use: log.write
  with: { message: "{{ steps.median.result }}" }
"#;

/// Reads the code and its inputs from standard input, and writes the answer to a file, so that
/// what the code prints can't be taken for it.
const RUNNER: &str = r#"
import json, sys
given = json.load(sys.stdin)
names = {"__name__": "__main__", "inputs": given["inputs"]}
exec(compile(given["code"], "script", "exec"), names)
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(names.get("result"), file, allow_nan=False)
"#;

async fn python(cx: &StepContext, settings: Python) -> Result<Ran, NodeError> {
    let folder = tempfile::tempdir()
        .map_err(|error| NodeError::io("no temporary folder for the script", &error))?;
    let answer = folder.path().join("result.json");
    let inputs: serde_json::Map<String, Json> = settings
        .inputs
        .iter()
        .map(|(name, value)| (name.clone(), to_json(&value.0)))
        .collect();
    let mut command = settings.command();
    command
        .arg("-X")
        .arg("utf8")
        .arg("-c")
        .arg(RUNNER)
        .arg(&answer);
    let program = Program {
        command,
        what: "the Python script",
        input: serde_json::json!({ "code": settings.code, "inputs": inputs })
            .to_string()
            .into_bytes(),
        env: &settings.env,
        timeout: settings.timeout(),
        on_line: None,
    };
    let output = program.run(cx).await?.checked(cx, "the Python script")?;
    let printed = output.stdout.trim_end();
    if !printed.is_empty() {
        cx.log(LogLevel::Info, printed);
    }
    let text = std::fs::read_to_string(&answer)
        .map_err(|error| NodeError::io("the Python script left no result", &error))?;
    let result: Json = serde_json::from_str(&text)
        .map_err(|error| NodeError::invalid(format!("`result` is no JSON: {error}")))?;
    Ok(Ran {
        result: from_json(&result).into(),
        stdout: output.stdout,
    })
}

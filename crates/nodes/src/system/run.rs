use std::{collections::BTreeMap, time::Duration};

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::process::Command;

use crate::script::Program;

/// Runs a program and waits for its end.
///
/// No shell is in between: arguments need no quoting, and values from outside can't become
/// commands. The program sees a clean environment (`PATH`, `HOME`, language and time zone, and what
/// `env` adds) and is ended, with all it has started, when its time is up or the run is cancelled. A
/// code other than 0 fails the step.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Run {
    /// The program: a name that is looked for in `PATH`, or a path.
    program: String,
    /// What it is given, one item each.
    #[serde(default)]
    args: Vec<String>,
    /// Text on its standard input.
    #[serde(default)]
    input: String,
    /// Environment variables.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// The folder it starts in; the workflow's if not set.
    folder: Option<String>,
    /// Time it may take (60 s).
    timeout: Option<Span>,
    /// Whether a code other than 0 fails the step.
    #[serde(default = "yes")]
    fail_on_code: bool,
}

fn yes() -> bool {
    true
}

/// What it left.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Ran {
    /// The exit code; none when a signal ended it.
    code: Option<i32>,
    /// Standard output, without the last line break.
    stdout: String,
    /// Standard error.
    stderr: String,
}

pub(super) fn node() -> Node {
    Node::action("system.run", run)
        .icon("square-terminal")
        .fails(ErrorKind::NotFound, "The program or the folder is not there.")
        .fails(
            ErrorKind::Invalid,
            "The program ends with another code than 0 and `fail_on_code` is set: `error.details` has `code`, `stdout` and `stderr`.",
        )
        .fails(ErrorKind::Denied, "The program may not be executed.")
        .fails(
            ErrorKind::Unavailable,
            "The system can't start it now, or it is no program of this system.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: sorted
  use: system.run
  with: { program: sort, args: [--reverse, people.csv] }
- use: log.write
  with: { message: "{{ steps.sorted.stdout }}" }
"#;

async fn run(cx: &StepContext, settings: Run) -> Result<Ran, NodeError> {
    let what = format!("`{}`", settings.program);
    let mut command = Command::new(super::process::resolved(cx, &settings.program));
    command.args(&settings.args);
    if let Some(folder) = &settings.folder {
        command.current_dir(cx.file(folder));
    }
    let program = Program {
        command,
        what: &what,
        input: settings.input.into_bytes(),
        env: &settings.env,
        timeout: settings.timeout.map_or(Duration::from_mins(1), Into::into),
        on_line: None,
    };
    let mut output = program.run(cx).await?;
    if settings.fail_on_code {
        output = output.checked(cx, &what)?;
    }
    Ok(Ran {
        code: output.code,
        stdout: output.stdout.trim_end_matches(['\n', '\r']).to_owned(),
        stderr: output.stderr,
    })
}

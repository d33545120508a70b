use std::{collections::BTreeMap, time::Duration};

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::process::Command;

use super::program::Program;

/// Runs shell commands as a program of their own.
///
/// The program sees a clean environment (`PATH`, `HOME`, language and time zone, and what `env`
/// adds), starts in the workflow's folder, and is ended with all it has started when its time is
/// up or the run is cancelled. A code other than 0 fails the step.
///
/// Values belong into `env`, not into the text of the script: there they need no quoting.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Shell {
    /// The commands, for `sh`.
    script: String,
    /// Text on its standard input.
    #[serde(default)]
    input: String,
    /// Environment variables.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Time it may take (60 s).
    #[serde(default)]
    timeout: Option<Span>,
    /// The shell.
    #[serde(default = "sh")]
    shell: String,
    /// Whether a code other than 0 fails the step.
    #[serde(default = "yes")]
    fail_on_code: bool,
}

fn sh() -> String {
    "sh".to_owned()
}

fn yes() -> bool {
    true
}

/// What it printed.
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
    Node::action("script.shell", shell)
        .icon("terminal")
        .fails(ErrorKind::NotFound, "The shell is not there.")
        .fails(
            ErrorKind::Invalid,
            "The script ends with another code than 0 and `fail_on_code` is set: `error.details` has `code`, `stdout` and `stderr`.",
        )
        .fails(ErrorKind::Denied, "The shell may not be executed.")
        .fails(ErrorKind::Unavailable, "The system can't start a program now.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: count
  use: script.shell
  with:
    script: ls "$FOLDER" | wc -l
    env: { FOLDER: . }
- use: log.write
  with: { message: "{{ steps.count.stdout }} files" }
"#;

async fn shell(cx: &StepContext, settings: Shell) -> Result<Ran, NodeError> {
    let mut command = Command::new(&settings.shell);
    command.arg("-c").arg(&settings.script);
    let program = Program {
        command,
        what: "the shell script",
        input: settings.input.into_bytes(),
        env: &settings.env,
        timeout: settings.timeout.map_or(Duration::from_mins(1), Into::into),
        on_line: None,
    };
    let mut output = program.run(cx).await?;
    if settings.fail_on_code {
        output = output.checked(cx, "the shell script")?;
    }
    Ok(Ran {
        code: output.code,
        stdout: output.stdout.trim_end_matches(['\n', '\r']).to_owned(),
        stderr: output.stderr,
    })
}

use std::time::Duration;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{Effect, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Sftp, connection, fault::broken, remote_files::SftpFiles};
use crate::faults::ServerFaults as _;
use crate::remote::{Files, Protocol};

/// What is kept of each output.
const MOST: usize = 16 * 1024 * 1024;

/// Runs a command on the server of the session, as the server's shell reads it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Run {
    /// The command line. Values from outside must be quoted for the server's shell.
    command: String,
    /// What the command reads from its standard input.
    #[serde(default)]
    input: String,
    /// How long it may run (`5m`). The connection to it is closed then; most servers end it.
    #[serde(default = "five_minutes")]
    timeout: Span,
    /// Whether the step fails when the command ends with another code than 0.
    #[serde(default = "crate::remote::settings::yes")]
    fail_on_code: bool,
    /// Whether the command may simply be run again after a crash.
    #[serde(default)]
    repeatable: bool,
}

fn five_minutes() -> Span {
    Span::from_secs(5 * 60)
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outcome {
    /// What it wrote to its standard output, without the last line break.
    output: String,
    /// What it wrote to its standard error.
    errors: String,
    /// Its exit code; none if a signal ended it.
    code: Option<u32>,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("sftp.run", run, |settings: &Run| {
        if settings.repeatable {
            Effect::Pure
        } else {
            Effect::Once
        }
    })
    .icon("square-terminal")
    .fails_as_server()
    .fails(
        ErrorKind::Invalid,
        "The command ends with a code that is no success.",
    )
    .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: sftp.session
  with: { host: sftp.example.com, credential: partner }
  do:
    - id: disk
      use: sftp.run
      with: { command: df -h /, repeatable: true }
    - use: log.write
      with: { message: "{{ steps.disk.output }}" }
"#;

async fn run(cx: &StepContext, settings: Run) -> Result<Outcome, NodeError> {
    let files = Files::<Sftp>::of(cx)?;
    let Some(ssh) = files.backend::<SftpFiles>() else {
        return Err(NodeError::bug(format!("no {} of SSH", Sftp::SESSION)));
    };
    let doing = "could not run the command";
    let live = ssh.connection().live().await?;
    let limit: Duration = settings.timeout.into();
    let work = async {
        // Dropped on a timeout or a cancellation, the channel closes.
        let mut channel = live.channel().await?;
        connection::run(
            &mut channel,
            &settings.command,
            settings.input.as_bytes(),
            MOST,
        )
        .await
    };
    let ended = tokio::time::timeout(limit, work)
        .await
        .map_err(|_| {
            NodeError::timeout(format!(
                "the command did not end within {} s",
                limit.as_secs()
            ))
            .with_help("set a longer `timeout`")
            .permanent()
        })?
        .map_err(|error| broken(doing, &error))?;
    if ended.cut {
        return Err(NodeError::invalid("the command wrote more than 16 MiB")
            .with_help("write into a file there, and download it"));
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    let outcome = Outcome {
        output: text(&ended.output),
        errors: text(&ended.errors),
        code: ended.code,
    };
    if settings.fail_on_code && ended.code != Some(0) {
        let how = match (ended.code, &ended.signal) {
            (Some(code), _) => format!("with code {code}"),
            (None, Some(signal)) => format!("by signal {signal}"),
            (None, None) => "without a code".to_owned(),
        };
        let last = outcome.errors.lines().last().unwrap_or_default();
        return Err(
            NodeError::invalid(format!("the command ended {how}: {last}"))
                .with_details(serde_json::to_value(&outcome).unwrap_or_default())
                .with_help("`error.details` has all it wrote; `fail_on_code: false` lets it pass"),
        );
    }
    Ok(outcome)
}

use std::{collections::BTreeMap, fs::File, process::Stdio};

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::process::resolved;

/// Starts a program and goes on; the program stays when the run ends.
///
/// For applications that people go on with. What the run itself needs only for a while is better
/// started with `system.run`, which also ends it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Start {
    /// The program: a name that is looked for in `PATH`, or a path.
    program: String,
    /// What it is given, one item each.
    #[serde(default)]
    args: Vec<String>,
    /// Environment variables, besides those of Casare itself.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// The folder it starts in; the workflow's if not set.
    folder: Option<String>,
    /// A file for what it prints; that is lost if not set.
    output: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Started {
    /// The number of its process, for `system.wait` and `system.kill`.
    pid: u32,
}

pub(super) fn node() -> Node {
    Node::action("system.start", start)
        .icon("rocket")
        .fails(ErrorKind::NotFound, "The program or a folder is not there.")
        .fails(
            ErrorKind::Denied,
            "The program may not be executed, or the file `output` not be written.",
        )
        .fails(
            ErrorKind::Unavailable,
            "The system can't start it now, or it is no program of this system.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: clock
  use: system.start
  with: { program: sleep, args: ["60"] }
- use: system.kill
  with: { process: "{{ steps.clock.pid }}" }
"#;

/// Variables that hold credentials are not handed on.
const OWN: &str = "CASARE_";

async fn start(cx: &StepContext, settings: Start) -> Result<Started, NodeError> {
    let program = resolved(cx, &settings.program);
    let folder = cx.file(settings.folder.as_deref().unwrap_or_default());
    let output = settings.output.as_ref().map(|path| cx.file(path));
    cx.blocking(move || {
        let mut command = std::process::Command::new(&program);
        command
            .args(&settings.args)
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with(OWN) {
                command.env_remove(name);
            }
        }
        command.envs(&settings.env);
        if let Some(path) = &output {
            let failed =
                |error| NodeError::io(format_args!("could not write {}", path.display()), &error);
            let file = File::create(path).map_err(failed)?;
            command
                .stderr(file.try_clone().map_err(failed)?)
                .stdout(file);
        }
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt as _;
            // Its own group: an interrupt at the terminal is meant for us.
            command.process_group(0);
        }
        let mut child = command.spawn().map_err(|error| {
            NodeError::io(
                format_args!("`{}` can't be started", settings.program),
                &error,
            )
            .with_help("is it installed, and in PATH?")
        })?;
        let pid = child.id();
        // Reaps it when it ends while we are still there; it goes on without us otherwise.
        std::thread::spawn(move || child.wait());
        Ok(Started { pid })
    })
    .await
}

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::process::{OneProcess, list};

/// Lists the processes of this machine.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Processes {
    /// Only processes with this in their name.
    name: Option<String>,
    /// Only processes with this in their command line.
    command: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Listed {
    /// The processes, by number.
    processes: Vec<OneProcess>,
    /// How many they are.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("system.processes", processes)
        .pure()
        .icon("list-tree")
        .fails(
            ErrorKind::Unavailable,
            "The system does not tell about its processes.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: browsers
  use: system.processes
  with: { name: chrom }
- use: log.write
  with: { message: "{{ steps.browsers.count }} browsers" }
"#;

async fn processes(cx: &StepContext, settings: Processes) -> Result<Listed, NodeError> {
    cx.blocking(move || {
        let has = |part: &Option<String>, text: &str| {
            part.as_ref()
                .is_none_or(|part| text.to_lowercase().contains(&part.to_lowercase()))
        };
        let processes = list(|process| {
            has(&settings.name, &process.name) && has(&settings.command, &process.command_line())
        })?;
        Ok(Listed {
            count: processes.len(),
            processes,
        })
    })
    .await
}

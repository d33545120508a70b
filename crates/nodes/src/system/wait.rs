use std::time::Duration;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::process::{LOOK, Which};

/// Waits until processes are there or have ended.
///
/// How long it waits is the step's `timeout`; 5 minutes without one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wait {
    /// The process: its number, or a name that may mean several.
    process: Which,
    /// What is waited for.
    #[serde(default)]
    until: Until,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Until {
    /// That none of them is left.
    #[default]
    Ended,
    /// That one is there.
    Running,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Waited {
    /// How long it took, in milliseconds.
    waited: u64,
}

pub(super) fn node() -> Node {
    Node::action("system.wait", wait)
        .pure()
        .icon("hourglass")
        .fails(
            ErrorKind::Timeout,
            "The process did not come, or was still there, at the end of the step's time.",
        )
        .fails(
            ErrorKind::Unavailable,
            "The system does not tell about its processes.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: nap
  use: system.start
  with: { program: sleep, args: ["0.2"] }
- use: system.wait
  timeout: 10s
  with: { process: "{{ steps.nap.pid }}" }
"#;

/// The wait of a step without a `timeout`.
const PATIENCE: Duration = Duration::from_mins(5);

async fn wait(cx: &StepContext, settings: Wait) -> Result<Waited, NodeError> {
    let began = Instant::now();
    // A little before the engine's own end, so that the error can say what was waited for.
    let left = cx.time_left(PATIENCE);
    let until = began + left.saturating_sub((left / 10).min(Duration::from_millis(200)));
    loop {
        let which = settings.process.clone();
        let there = !cx.blocking(move || which.find()).await?.is_empty();
        if there == (settings.until == Until::Running) {
            return Ok(Waited {
                waited: began.elapsed().as_millis() as u64,
            });
        }
        if Instant::now() >= until {
            let waited = Span::from_millis(began.elapsed().as_millis() as u64);
            let state = if there {
                "is still there"
            } else {
                "did not come"
            };
            return Err(
                NodeError::timeout(format!("{} {state} after {waited}", settings.process))
                    .with_help("raise the step's `timeout` if it takes longer"),
            );
        }
        tokio::time::sleep(LOOK).await;
    }
}

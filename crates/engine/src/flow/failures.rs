//! What fails, and what becomes of it.

#![expect(
    dead_code,
    reason = "settings of control nodes are compiled from their templates"
)]

use casare_workflow::{Any, BlockShape, BlockSpec, Span, catalogue::Bind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CATCH_NAMES, list};
use crate::{ErrorKind, Node};

/// Runs `do`; if it fails, `catch`; and in any case `finally`.
///
/// `catch` is a list of steps for every error, or lists by kind of error
/// (`not_found`, `timeout`, `invalid`, `denied`, `unavailable`, `conflict`, `business`, `bug`, and
/// `any` for the rest). Inside, `error` tells what happened: `error.message`, `error.kind`,
/// `error.step`, `error.path`, `error.help`, `error.details`. An error that no list catches goes
/// on after `finally`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Try {}

/// What became of it.
#[derive(Debug, Serialize, JsonSchema)]
struct Tried {
    /// Whether `catch` handled an error.
    caught: bool,
    /// The error that was caught.
    error: Option<Any>,
}

pub(super) fn try_() -> Node {
    let catch = BlockSpec {
        shape: BlockShape::ListOrNamed(CATCH_NAMES),
        binds: vec![Bind::Fixed("error")],
        ..list("catch", "Runs when `do` fails.", false)
    };
    Node::control::<Try, Tried>("flow.try")
        .icon("life-buoy")
        .block(list("do", "What is tried.", true))
        .block(catch)
        .block(list(
            "finally",
            "Runs at the end, however the rest ended, also when the run is cancelled.",
            false,
        ))
        .example(
            r#"- use: flow.try
  do:
    - use: flow.fail
      with: { message: "no such invoice", kind: business }
  catch:
    business:
      - use: log.write
        with: { level: warn, message: "{{ error.message }}" }
  finally:
    - use: log.write
      with: { message: "done" }
"#,
        )
}

/// Runs `do` again when it fails.
///
/// Inside, `attempt` is the number of the attempt, from 1.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Retry {
    /// Attempts in all, the first included.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1000))]
    attempts: Option<u32>,
    /// Wait before the second attempt (1 s).
    #[serde(default)]
    delay: Option<Span>,
    /// What the wait is multiplied by after each attempt (2).
    #[serde(default)]
    backoff: Option<f64>,
    /// The longest wait (60 s).
    #[serde(default)]
    max_delay: Option<Span>,
    /// Whether a random time, at most as long again, is added to the wait (true).
    #[serde(default)]
    jitter: Option<bool>,
    /// Kinds of error that are tried again; by default those where it may help.
    #[serde(default)]
    on: Vec<ErrorKind>,
}

/// How often it was tried.
#[derive(Debug, Serialize, JsonSchema)]
struct Retried {
    /// Attempts made.
    attempts: u32,
}

pub(super) fn retry() -> Node {
    Node::control::<Retry, Retried>("flow.retry")
        .icon("refresh-cw")
        .block(BlockSpec {
            binds: vec![Bind::Fixed("attempt")],
            ..list("do", "What is tried.", true)
        })
        .example(
            r#"- use: flow.retry
  with: { attempts: 3, delay: 2s, on: [unavailable, timeout] }
  do:
    - use: log.write
      with: { message: "attempt {{ attempt }}" }
"#,
        )
}

/// Fails.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Fail {
    /// What to say.
    message: String,
    /// The kind of error: `business` for bad data of the case at hand.
    #[serde(default)]
    kind: Option<ErrorKind>,
    /// Data about it, for `error.details`.
    #[serde(default)]
    details: Option<Any>,
}

pub(super) const FAIL_EXAMPLE: &str = r#"- use: flow.fail
  when: "{{ 1 > 2 }}"
  with: { message: "the invoice has no number", kind: business }
"#;

/// Fails unless a condition is true.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Assert {
    /// What has to be true.
    condition: Any,
    /// What to say when it isn't.
    #[serde(default)]
    message: Option<String>,
    /// The kind of error (`business`).
    #[serde(default)]
    kind: Option<ErrorKind>,
}

pub(super) const ASSERT_EXAMPLE: &str = r#"- use: flow.assert
  with: { condition: "{{ 1 + 1 == 2 }}", message: "arithmetic is broken" }
"#;

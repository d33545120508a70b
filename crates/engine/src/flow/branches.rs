//! Branches: one of several, or several side by side.

#![expect(
    dead_code,
    reason = "settings of control nodes are compiled from their templates"
)]

use casare_workflow::{Any, BlockShape, BlockSpec, catalogue::Siblings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Nothing, list};
use crate::{ErrorKind, Node};

/// Runs `then` if a condition is true, otherwise `else`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct If {
    /// An expression, such as `vars.total > 100`. Text other than `true` and `false` is an error.
    condition: Any,
}

pub(super) fn branch() -> Node {
    Node::control::<If, Nothing>("flow.if")
        .icon("split")
        .block(list("then", "Runs when the condition is true.", true))
        .block(list("else", "Runs when it is false.", false))
        .siblings(Siblings::None)
        .example(
            r#"- use: flow.if
  with: { condition: "{{ run.attempt > 1 }}" }
  then:
    - use: log.write
      with: { message: "resumed" }
  else:
    - use: log.write
      with: { message: "the first attempt" }
"#,
        )
}

/// Runs the case whose name equals a value.
///
/// Names and value are compared as text. Without a matching case `default` runs; without
/// `default` the step fails, so that no value is passed over in silence.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Switch {
    /// What to compare, such as `{{ vars.country }}`.
    value: Any,
}

pub(super) fn switch() -> Node {
    let cases = BlockSpec {
        shape: BlockShape::Named,
        ..list("cases", "The steps for each value, by the value.", true)
    };
    Node::control::<Switch, Nothing>("flow.switch")
        .icon("list-tree")
        .block(cases)
        .block(list("default", "Runs when no case matches.", false))
        .siblings(Siblings::None)
        .fails(
            ErrorKind::Invalid,
            "No case has the value, and there is no `default`.",
        )
        .example(
            r#"- use: flow.switch
  with: { value: "{{ run.attempt }}" }
  cases:
    "1":
      - use: log.write
        with: { message: "the first attempt" }
    "2":
      - use: log.write
        with: { message: "resumed once" }
  default:
    - use: flow.fail
      with: { message: "resumed too often", kind: business }
"#,
        )
}

/// Runs branches side by side and waits for all of them.
///
/// The first branch that fails stops the others, and the step fails with its error.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parallel {
    /// How many branches run at the same time; all by default.
    #[serde(default)]
    #[schemars(range(min = 1, max = 10000))]
    at_once: Option<u32>,
}

fn branches(summary: &'static str) -> BlockSpec {
    BlockSpec {
        shape: BlockShape::Named,
        ..list("branches", summary, true)
    }
}

pub(super) fn parallel() -> Node {
    Node::control::<Parallel, Nothing>("flow.parallel")
        .icon("columns-2")
        .block(branches("The branches, by name."))
        .siblings(Siblings::None)
        .example(
            r#"- use: flow.parallel
  branches:
    left:
      - use: log.write
        with: { message: "left" }
    right:
      - use: log.write
        with: { message: "right" }
"#,
        )
}

/// Runs branches side by side until one succeeds, and stops the others.
///
/// Fails when every branch fails.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Race {}

/// Who won.
#[derive(Debug, Serialize, JsonSchema)]
struct Raced {
    /// Name of the branch that ended first.
    winner: String,
}

pub(super) fn race() -> Node {
    Node::control::<Race, Raced>("flow.race")
        .icon("flag")
        .block(BlockSpec {
            isolated: true,
            ..branches("The branches, by name.")
        })
        .siblings(Siblings::None)
        .example(
            r#"- use: flow.race
  branches:
    answer:
      - use: log.write
        with: { message: "an answer" }
    patience:
      - use: flow.wait
        with: { duration: 10s }
"#,
        )
}

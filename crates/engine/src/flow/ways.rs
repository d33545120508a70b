//! Jumps, calls, waits and state machines.

#![expect(
    dead_code,
    reason = "settings of control nodes are compiled from their templates"
)]

use std::collections::BTreeMap;

use casare_workflow::{Any, BlockShape, BlockSpec, Span, catalogue::Siblings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::list;
use crate::{ErrorKind, Node};

/// Leaves the innermost loop.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Break {}

pub(super) const BREAK_EXAMPLE: &str = r#"- use: flow.repeat
  with: { times: 10 }
  do:
    - use: flow.break
      when: "{{ loop.index == 3 }}"
"#;

/// Goes on with the next pass of the innermost loop.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Continue {}

pub(super) const CONTINUE_EXAMPLE: &str = r#"- use: flow.for_each
  with: { items: [1, 2, 3], as: n }
  do:
    - use: flow.continue
      when: "{{ n == 2 }}"
    - use: log.write
      with: { message: "{{ n }}" }
"#;

/// Ends the workflow now, successfully.
///
/// `finally` blocks still run, and the workflow's outputs are evaluated as usual.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Return {}

pub(super) const RETURN_EXAMPLE: &str = r#"- use: flow.return
  when: "{{ 1 > 2 }}"
"#;

/// Runs another workflow and waits for it.
///
/// It has variables of its own, sees the resources that are open here, and answers its outputs.
/// Calls may be 64 deep; a workflow can't call itself, directly or through others.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Call {
    /// The file, relative to this one. Always literal: it is read before the run.
    workflow: String,
    /// Its inputs.
    #[serde(default)]
    inputs: BTreeMap<String, Any>,
}

/// What the called workflow answers; its outputs are outputs of this step.
#[derive(Debug, Serialize, JsonSchema)]
struct Called {
    #[serde(flatten)]
    outputs: BTreeMap<String, Any>,
}

pub(super) fn call() -> Node {
    Node::control::<Call, Called>("flow.call")
        .icon("workflow")
        .fails(
            ErrorKind::Invalid,
            "The inputs are not those that the workflow declares.",
        )
        .example(
            r"- id: rate
  use: flow.call
  with: { workflow: exchange-rate.workflow.yaml, inputs: { currency: EUR } }
",
        )
}

/// Waits.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wait {
    /// How long.
    duration: Span,
}

pub(super) const WAIT_EXAMPLE: &str = r"- use: flow.wait
  with: { duration: 10ms }
";

/// Runs named states until a final one.
///
/// Each state is a list of steps. After it, `transitions` decide what comes next: the first one of
/// that state whose `when` is true (or that has none) names the next state. A state without a
/// transition that fits is final.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StateMachine {
    /// The first state; by default the first one that is written.
    #[serde(default)]
    start: Option<String>,
    /// What follows each state, in order.
    #[serde(default)]
    transitions: Vec<Transition>,
    /// Transitions after which it fails; by default the run's limit (1,000,000).
    #[serde(default)]
    max_passes: Option<u64>,
}

/// A way from one state to another.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Transition {
    /// The state that has ended.
    from: String,
    /// The state that follows.
    to: String,
    /// A condition; always, when there is none.
    #[serde(default)]
    when: Option<Any>,
}

/// Where it ended.
#[derive(Debug, Serialize, JsonSchema)]
struct Ended {
    /// The final state.
    state: String,
    /// States that ran, counting repetitions.
    passes: u64,
}

pub(super) fn state_machine() -> Node {
    let states = BlockSpec {
        shape: BlockShape::Named,
        ..list("states", "The states, by name.", true)
    };
    Node::control::<StateMachine, Ended>("flow.state_machine")
        .icon("circle-dot")
        .block(states)
        .siblings(Siblings::All)
        .fails(
            ErrorKind::Invalid,
            "It went on for more transitions than `max_passes`.",
        )
        .example(
            r#"- use: flow.state_machine
  with:
    start: ask
    transitions:
      - { from: ask, to: done, when: "{{ vars.answers > 1 }}" }
      - { from: ask, to: ask }
  states:
    ask:
      - use: data.increment
        with: { name: answers }
    done: []
"#,
        )
}

//! The engine's own nodes: control flow and variables.
//!
//! Here is what they say about themselves; [`crate::plan`] compiles them and [`crate::run`]
//! executes them.

// The fields are read by schemars alone: their schemas validate settings and make the manual.
#![expect(
    dead_code,
    reason = "settings of control nodes are compiled from their templates"
)]

use std::collections::BTreeMap;

use casare_workflow::{
    Any, BlockShape, BlockSpec, Span,
    catalogue::{Bind, Siblings},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ErrorKind, Node};

/// The names under which `catch` chooses by kind; `any` is for all others.
pub(crate) const CATCH_NAMES: &[&str] = &[
    "not_found",
    "timeout",
    "invalid",
    "denied",
    "unavailable",
    "conflict",
    "business",
    "bug",
    "any",
];

/// Every node of the engine's own.
pub(crate) fn nodes() -> Vec<Node> {
    vec![
        branch(),
        switch(),
        for_each(),
        while_(),
        repeat(),
        parallel(),
        race(),
        try_(),
        retry(),
        signal::<Break>("flow.break", "log-out", BREAK_EXAMPLE),
        signal::<Continue>("flow.continue", "skip-forward", CONTINUE_EXAMPLE),
        signal::<Return>("flow.return", "corner-down-left", RETURN_EXAMPLE),
        signal::<Fail>("flow.fail", "octagon-x", FAIL_EXAMPLE),
        signal::<Assert>("flow.assert", "shield-check", ASSERT_EXAMPLE),
        call(),
        signal::<Wait>("flow.wait", "timer", WAIT_EXAMPLE),
        state_machine(),
        signal::<Set>("data.set", "variable", SET_EXAMPLE),
        Node::control::<Increment, Incremented>("data.increment")
            .icon("plus")
            .example(INCREMENT_EXAMPLE),
    ]
}

fn signal<S: JsonSchema>(name: &'static str, icon: &'static str, example: &'static str) -> Node {
    Node::control::<S, Nothing>(name)
        .icon(icon)
        .example(example)
}

fn list(name: &'static str, summary: &'static str, required: bool) -> BlockSpec {
    BlockSpec {
        name,
        summary,
        shape: BlockShape::List,
        required,
        binds: Vec::new(),
        isolated: false,
    }
}

fn looped(summary: &'static str) -> BlockSpec {
    BlockSpec {
        binds: vec![Bind::Fixed("loop")],
        ..list("do", summary, true)
    }
}

/// No outputs.
#[derive(Debug, Serialize, JsonSchema)]
struct Nothing {}

/// Runs `then` if a condition is true, otherwise `else`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct If {
    /// An expression, such as `vars.total > 100`. Text other than `true` and `false` is an error.
    condition: Any,
}

fn branch() -> Node {
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

fn switch() -> Node {
    let cases = BlockSpec {
        shape: BlockShape::Named,
        ..list("cases", "The steps for each value, by the value.", true)
    };
    Node::control::<Switch, Nothing>("flow.switch")
        .icon("list-tree")
        .block(cases)
        .block(list("default", "Runs when no case matches.", false))
        .siblings(Siblings::None)
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

/// Runs `do` once for each item of a list.
///
/// A map is gone through as `{key, value}` items. Inside, the item has the name given in `as`, and
/// `loop` tells the position: `loop.index` (from 1), `loop.index0`, `loop.first`, `loop.last`,
/// `loop.length` (where the length is known).
///
/// With `parallel` above 1, that many passes run side by side; their steps' outputs are visible
/// inside the same pass only. `collect` gathers one value of each pass, in the order of the items.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ForEach {
    /// The list, such as `{{ steps.people.rows }}` or `{{ range(10) }}`.
    items: Any,
    /// Name of the item inside the block.
    #[serde(default, rename = "as")]
    item: Option<String>,
    /// How many passes run side by side.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1000))]
    parallel: Option<u32>,
    /// Evaluated at the end of each pass; the values are the output `results`.
    #[serde(default)]
    collect: Option<Any>,
    /// Passes after which the loop fails; by default the run's limit (1,000,000).
    #[serde(default)]
    max_passes: Option<u64>,
}

/// What a loop tells.
#[derive(Debug, Serialize, JsonSchema)]
struct Looped {
    /// Passes that were begun.
    passes: u64,
    /// What `collect` gave in each pass.
    results: Vec<Any>,
}

fn for_each() -> Node {
    let block = BlockSpec {
        binds: vec![
            Bind::Fixed("loop"),
            Bind::FromSetting {
                setting: "as",
                default: "item",
            },
        ],
        ..looped("Runs for each item.")
    };
    Node::control::<ForEach, Looped>("flow.for_each")
        .icon("repeat")
        .block(block)
        .example(
            r#"- use: flow.for_each
  with: { items: ["ada", "grace"], as: name }
  do:
    - use: log.write
      with: { message: "{{ loop.index }}: {{ name }}" }
"#,
        )
}

/// Runs `do` again and again while a condition is true.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct While {
    /// Evaluated before each pass.
    condition: Any,
    /// Passes after which the loop fails; by default the run's limit (1,000,000).
    #[serde(default)]
    max_passes: Option<u64>,
}

fn while_() -> Node {
    Node::control::<While, Passes>("flow.while")
        .icon("rotate-cw")
        .block(looped("Runs while the condition is true."))
        .example(
            r#"- use: flow.while
  with: { condition: "{{ vars.left > 0 }}" }
  do:
    - use: data.increment
      with: { name: left, by: -1 }
"#,
        )
}

/// What a loop without items tells.
#[derive(Debug, Serialize, JsonSchema)]
struct Passes {
    /// Passes that were begun.
    passes: u64,
}

/// Runs `do` a number of times.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Repeat {
    /// How often.
    times: u64,
}

fn repeat() -> Node {
    Node::control::<Repeat, Passes>("flow.repeat")
        .icon("repeat-2")
        .block(looped("Runs that many times."))
        .example(
            r#"- use: flow.repeat
  with: { times: 3 }
  do:
    - use: log.write
      with: { message: "pass {{ loop.index }}" }
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

fn parallel() -> Node {
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

fn race() -> Node {
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

fn try_() -> Node {
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

fn retry() -> Node {
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

/// Leaves the innermost loop.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Break {}

const BREAK_EXAMPLE: &str = r#"- use: flow.repeat
  with: { times: 10 }
  do:
    - use: flow.break
      when: "{{ loop.index == 3 }}"
"#;

/// Goes on with the next pass of the innermost loop.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Continue {}

const CONTINUE_EXAMPLE: &str = r#"- use: flow.for_each
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
struct Return {}

const RETURN_EXAMPLE: &str = r#"- use: flow.return
  when: "{{ 1 > 2 }}"
"#;

/// Fails.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Fail {
    /// What to say.
    message: String,
    /// The kind of error: `business` for bad data of the case at hand.
    #[serde(default)]
    kind: Option<ErrorKind>,
    /// Data about it, for `error.details`.
    #[serde(default)]
    details: Option<Any>,
}

const FAIL_EXAMPLE: &str = r#"- use: flow.fail
  when: "{{ 1 > 2 }}"
  with: { message: "the invoice has no number", kind: business }
"#;

/// Fails unless a condition is true.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Assert {
    /// What has to be true.
    condition: Any,
    /// What to say when it isn't.
    #[serde(default)]
    message: Option<String>,
    /// The kind of error (`business`).
    #[serde(default)]
    kind: Option<ErrorKind>,
}

const ASSERT_EXAMPLE: &str = r#"- use: flow.assert
  with: { condition: "{{ 1 + 1 == 2 }}", message: "arithmetic is broken" }
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

fn call() -> Node {
    Node::control::<Call, Called>("flow.call")
        .icon("workflow")
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
struct Wait {
    /// How long.
    duration: Span,
}

const WAIT_EXAMPLE: &str = r"- use: flow.wait
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

fn state_machine() -> Node {
    let states = BlockSpec {
        shape: BlockShape::Named,
        ..list("states", "The states, by name.", true)
    };
    Node::control::<StateMachine, Ended>("flow.state_machine")
        .icon("circle-dot")
        .block(states)
        .siblings(Siblings::All)
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

/// Sets a variable.
///
/// Give `name` and `value` for one, or `values` for several at once.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Set {
    /// The variable.
    #[serde(default)]
    name: Option<String>,
    /// Its new value.
    #[serde(default)]
    value: Option<Any>,
    /// Several variables and their values; evaluated before any is set.
    #[serde(default)]
    values: Option<BTreeMap<String, Any>>,
}

const SET_EXAMPLE: &str = r#"- use: data.set
  with: { name: total, value: "{{ 2 * 21 }}" }
"#;

/// Adds to a numeric variable; a variable without a value counts as 0.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Increment {
    /// The variable.
    name: String,
    /// What is added (1).
    #[serde(default)]
    by: Option<f64>,
}

/// The variable after it.
#[derive(Debug, Serialize, JsonSchema)]
struct Incremented {
    /// The new value.
    value: f64,
}

const INCREMENT_EXAMPLE: &str = r"- use: data.increment
  with: { name: answers }
";

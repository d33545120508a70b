//! The engine's own nodes: control flow and variables.
//!
//! Here is what they say about themselves; [`crate::plan`] compiles them and [`crate::run`]
//! executes them.

use casare_workflow::{BlockShape, BlockSpec, catalogue::Bind};
use schemars::JsonSchema;
use serde::Serialize;

use self::{
    branches::{branch, parallel, race, switch},
    failures::{ASSERT_EXAMPLE, Assert, FAIL_EXAMPLE, Fail, retry, try_},
    loops::{for_each, repeat, while_},
    variables::{INCREMENT_EXAMPLE, Increment, Incremented, SET_EXAMPLE, Set},
    ways::{
        BREAK_EXAMPLE, Break, CONTINUE_EXAMPLE, Continue, RETURN_EXAMPLE, Return, WAIT_EXAMPLE,
        Wait, call, state_machine,
    },
};
use crate::{ErrorKind, Node};

mod branches;
mod failures;
mod loops;
mod variables;
mod ways;

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
        signal::<Fail>("flow.fail", "octagon-x", FAIL_EXAMPLE)
            .fails(ErrorKind::Business, "Always, unless `kind` is another."),
        signal::<Assert>("flow.assert", "shield-check", ASSERT_EXAMPLE).fails(
            ErrorKind::Business,
            "The condition is not true, unless `kind` is another.",
        ),
        call(),
        signal::<Wait>("flow.wait", "timer", WAIT_EXAMPLE),
        state_machine(),
        signal::<Set>("data.set", "variable", SET_EXAMPLE),
        Node::control::<Increment, Incremented>("data.increment")
            .icon("plus")
            .fails(ErrorKind::Invalid, "The variable holds no number.")
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

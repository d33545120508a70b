//! What the check knows of the engine's own nodes beyond what the catalogue says of them.

use serde_json::Value as Json;

use crate::{Block, Step, catalogue::NodeSpec};

/// Names of the kinds of error.
pub(super) const ERROR_KINDS: &[&str] = &[
    "not_found",
    "timeout",
    "invalid",
    "denied",
    "unavailable",
    "conflict",
    "business",
    "bug",
];

/// Names that expressions can always use.
pub(super) const ROOTS: &[&str] = &["inputs", "vars", "steps", "run", "env", "assets"];

/// What `run` has.
pub(super) const RUN_FIELDS: &[&str] = &["id", "workflow", "started_at", "attempt", "folder"];

/// Names that a loop variable can't have, because they mean something else in expressions.
pub(super) const RESERVED: &[&str] = &[
    "inputs", "vars", "steps", "run", "env", "assets", "loop", "error", "true", "false", "none",
    "True", "False", "None", "and", "or", "not", "in", "is", "if", "else",
];

/// Keys of a step, which are easily written under `with` by mistake.
pub(super) const STEP_KEYS: &[&str] = &[
    "id",
    "name",
    "when",
    "retry",
    "timeout",
    "on_error",
    "on_resume",
    "disabled",
    "note",
];

/// Whether `flow.break` and `flow.continue` inside it are its own.
pub(super) fn is_loop(node: &str) -> bool {
    matches!(node, "flow.for_each" | "flow.while" | "flow.repeat")
}

/// Whether nothing can jump out of its branches.
pub(super) fn holds_jumps(node: &str) -> bool {
    matches!(node, "flow.parallel" | "flow.race")
}

/// Whether it needs a loop around it.
pub(super) fn needs_loop(node: &str) -> bool {
    matches!(node, "flow.break" | "flow.continue")
}

/// Whether the steps after it in its list never run.
pub(super) fn ends_the_list(node: &str) -> bool {
    matches!(
        node,
        "flow.break" | "flow.continue" | "flow.return" | "flow.fail"
    )
}

/// Whether the blocks of a step run more than once at the same time, because of its settings.
pub(super) fn runs_side_by_side(step: &Step) -> bool {
    step.uses == "flow.for_each"
        && step
            .with
            .get("parallel")
            .is_some_and(|passes| match passes {
                Json::Null => false,
                Json::Number(number) => number.as_u64() != Some(1),
                Json::String(text) => text.trim() != "1",
                _ => true,
            })
}

/// How a setting is evaluated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Role {
    /// Which text in it is an expression without `{{ }}`, too.
    pub(super) condition: Condition,
    /// The block at whose end it is evaluated; `None` for before the step.
    pub(super) end_of: Option<&'static str>,
    /// Whether it is read before the run, so that it can't hold an expression.
    pub(super) literal: bool,
}

/// Which text is an expression without `{{ }}`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Condition {
    #[default]
    No,
    /// This one.
    Here,
    /// Those under this key.
    Under(&'static str),
}

/// How the setting `name` of a node is evaluated.
pub(super) fn role(node: &str, setting: &str) -> Role {
    let role = Role::default();
    match (node, setting) {
        ("flow.if" | "flow.while" | "flow.assert", "condition") => Role {
            condition: Condition::Here,
            ..role
        },
        ("flow.for_each", "collect") => Role {
            end_of: Some("do"),
            ..role
        },
        ("flow.state_machine", "transitions") => Role {
            condition: Condition::Under("when"),
            end_of: Some("states"),
            ..role
        },
        ("flow.for_each", "as")
        | ("flow.call", "workflow")
        | ("flow.state_machine", "start")
        | ("data.set" | "data.increment", "name") => Role {
            literal: true,
            ..role
        },
        _ => role,
    }
}

/// A variable that a step sets.
#[derive(Debug, Clone, Copy)]
pub(super) enum Setter<'a> {
    /// This one.
    Named(&'a str, NameAt),
    /// One whose name is known only at run time.
    Computed,
}

/// Where a step names a variable that it sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NameAt {
    /// In the setting `name`.
    Setting,
    /// As a key of the setting `values`.
    Key,
}

/// Calls `each` for every variable that `step` sets.
pub(super) fn variables_set<'a>(step: &'a Step, mut each: impl FnMut(Setter<'a>)) {
    if !matches!(&*step.uses, "data.set" | "data.increment") {
        return;
    }
    match step.with.get("name") {
        // Reported as such; until it is a literal, it may be any variable.
        Some(Json::String(name)) if super::is_computed(name) => each(Setter::Computed),
        Some(Json::String(name)) => each(Setter::Named(name, NameAt::Setting)),
        _ => {}
    }
    match step.with.get("values") {
        Some(Json::Object(values)) => {
            for name in values.keys() {
                each(Setter::Named(name, NameAt::Key));
            }
        }
        Some(_) => each(Setter::Computed),
        None => {}
    }
}

/// The states of a state machine, where `step` is one.
pub(super) fn states(step: &Step) -> Option<Vec<&str>> {
    match step.blocks.get("states") {
        Some(Block::Named(states)) if step.uses == "flow.state_machine" => {
            Some(states.keys().map(String::as_str).collect())
        }
        _ => None,
    }
}

/// The blocks of `nodes` that bind the fixed name `name`, for people.
pub(super) fn binders<'n>(nodes: impl Iterator<Item = &'n NodeSpec>, name: &str) -> Option<String> {
    use crate::catalogue::Bind;
    let binds = |bind: &Bind| matches!(bind, Bind::Fixed(fixed) if *fixed == name);
    let places: Vec<String> = nodes
        .flat_map(|node| {
            let binding = node
                .blocks
                .iter()
                .filter(|block| block.binds.iter().any(binds));
            binding.map(|block| format!("`{}` of `{}`", block.name, node.name))
        })
        .take(4)
        .collect();
    (!places.is_empty()).then(|| places.join(", "))
}

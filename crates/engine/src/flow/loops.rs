//! Loops.

#![expect(
    dead_code,
    reason = "settings of control nodes are compiled from their templates"
)]

use casare_workflow::{Any, BlockSpec, catalogue::Bind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::looped;
use crate::{ErrorKind, Node};

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

pub(super) fn for_each() -> Node {
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
        .fails(
            ErrorKind::Invalid,
            "`items` is no list, or one of them can't be read.",
        )
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

pub(super) fn while_() -> Node {
    Node::control::<While, Passes>("flow.while")
        .icon("rotate-cw")
        .block(looped("Runs while the condition is true."))
        .fails(
            ErrorKind::Invalid,
            "It went on for more passes than `max_passes`.",
        )
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

pub(super) fn repeat() -> Node {
    Node::control::<Repeat, Passes>("flow.repeat")
        .icon("repeat-2")
        .block(looped("Runs that many times."))
        .fails(
            ErrorKind::Invalid,
            "It went on for more passes than `max_passes`.",
        )
        .example(
            r#"- use: flow.repeat
  with: { times: 3 }
  do:
    - use: log.write
      with: { message: "pass {{ loop.index }}" }
"#,
        )
}

//! Settings that several of these nodes share.

use std::{borrow::Cow, time::Duration};

use casare_browser::Locator;
use casare_engine::StepContext;
use casare_workflow::Effect;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use tokio::time::Instant;

/// How long a step waits for a page if it has no `timeout` of its own.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much of a step's time is kept for explaining its failure, at most.
const LOOK_INTO: Duration = Duration::from_secs(1);

/// An element of a page, written as a locator.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(transparent)]
pub(super) struct Target(pub(super) Locator);

impl JsonSchema for Target {
    fn schema_name() -> Cow<'static, str> {
        "Target".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "locator",
            "minLength": 1,
            "examples": ["role=button[name=Submit]", "label=Email", "css=#total"],
        })
    }
}

/// A place on an element.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Position {
    /// Pixels from its left edge.
    x: f64,
    /// Pixels from its upper edge.
    y: f64,
}

impl From<Position> for (f64, f64) {
    fn from(at: Position) -> Self {
        (at.x, at.y)
    }
}

/// What a step that does something on a page may do after a crash: again only what is said to do
/// no harm. A click may be an order.
pub(super) fn effect(repeatable: bool) -> Effect {
    if repeatable {
        Effect::Live
    } else {
        Effect::Once
    }
}

/// Until when a step waits: shortly before the end of its `timeout`, or 30 seconds from now.
pub(super) fn deadline(cx: &StepContext) -> Instant {
    let left = match cx.deadline() {
        Some(_) => {
            let left = cx.time_left(Duration::MAX);
            // Earlier than the engine's own time-out, whose error could not say what was missing: a
            // failure is looked into and its picture taken before that.
            left.saturating_sub((left / 5).min(LOOK_INTO))
        }
        None => PATIENCE,
    };
    Instant::now() + left.min(Duration::from_hours(24))
}

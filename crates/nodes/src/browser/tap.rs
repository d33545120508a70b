use casare_browser::{Locator, Page};
use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    aim::{self, Aim, Intent},
    target::{Position, Target, deadline, effect},
};

/// Taps an element with a finger, as soon as it is visible, at rest, enabled and not covered.
///
/// Pages offer touch to devices that have it: set `device` or `touch` of `browser.emulate` or of the
/// session.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Tap {
    /// What to tap.
    target: Target,
    /// Where, in pixels from its top left corner; in its middle if not set.
    position: Option<Position>,
    /// Tap even if it is disabled or covered.
    #[serde(default)]
    force: bool,
    /// Whether the element may be looked for another way when it is not found: `true` also where that is
    /// never done by itself (checks, and what cannot be undone), `false` not at all.
    heal: Option<bool>,
    /// Whether tapping again does no harm, after a run was interrupted here.
    #[serde(default)]
    repeatable: bool,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("browser.tap", tap, |settings: &Tap| {
        effect(settings.repeatable)
    })
    .effect(effect(false))
    .icon("pointer")
    .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://shop.example.com/", emulate: { device: iPhone 15 } }
  do:
    - use: browser.tap
      with: { target: "label=I agree" }
"#;

async fn tap(cx: &StepContext, settings: Tap) -> Result<(), NodeError> {
    let (position, force) = (settings.position.map(Into::into), settings.force);
    let aim = Aim::new("target", &settings.target, Intent::Press);
    let tap =
        |page: Page, at: Locator, until| async move { page.tap(&at, position, force, until).await };
    aim::at(cx, aim, settings.heal, deadline(cx), tap).await
}

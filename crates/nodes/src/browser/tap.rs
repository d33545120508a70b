use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    fault, live,
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
    let page = live::page(cx)?;
    let position = settings.position.map(Into::into);
    let tapped = page
        .tap(&settings.target.0, position, settings.force, deadline(cx))
        .await;
    match tapped {
        Ok(()) => Ok(()),
        Err(error) => Err(fault::on_page(cx, &page, error).await),
    }
}

use casare_browser::{self as browser, Locator, Page};
use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    aim::{self, Aim, Intent},
    target::{Position, Target, deadline, effect},
};

/// Drags an element onto another one with the mouse.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Drag {
    /// What to drag.
    target: Target,
    /// Where to drop it.
    onto: Target,
    /// Where to take it, in pixels from its top left corner; in its middle if not set.
    from_position: Option<Position>,
    /// Where on the other element, in pixels from its top left corner; in its middle if not set.
    onto_position: Option<Position>,
    /// Drag even if one of them is covered.
    #[serde(default)]
    force: bool,
    /// Whether the element may be looked for another way when it is not found: `true` also where that is
    /// never done by itself (checks, and what cannot be undone), `false` not at all.
    heal: Option<bool>,
    /// Whether dragging again does no harm, after a run was interrupted here.
    #[serde(default)]
    repeatable: bool,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("browser.drag", drag, |settings: &Drag| {
        effect(settings.repeatable)
    })
    .effect(effect(false))
    .icon("move")
    .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://shop.example.com/" }
  do:
    - use: browser.drag
      with: { target: "text=Notes", onto: "css=#prices" }
"#;

async fn drag(cx: &StepContext, settings: Drag) -> Result<(), NodeError> {
    let drag = browser::Drag {
        from: settings.from_position.map(Into::into),
        to: settings.onto_position.map(Into::into),
        modifiers: Vec::new(),
        force: settings.force,
    };
    let aims = [
        Aim::new("target", &settings.target, Intent::Press),
        Aim::new("onto", &settings.onto, Intent::Press),
    ];
    let drag = &drag;
    let work = |page: Page, ends: Vec<Locator>, until| async move {
        page.drag(&ends[0], &ends[1], drag, until).await
    };
    aim::at_all(cx, &aims, settings.heal, deadline(cx), work).await
}

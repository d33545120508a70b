use casare_browser::{Locator, Page};
use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    aim::{self, Aim, Intent},
    target::{Target, deadline},
};

/// Moves the mouse over an element, which opens menus and hints.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Hover {
    /// The element.
    target: Target,
    /// Whether the element may be looked for another way when it is not found: `true` also where that is
    /// never done by itself (checks, and what cannot be undone), `false` not at all.
    heal: Option<bool>,
}

pub(super) fn node() -> Node {
    Node::action("browser.hover", hover)
        .effect(Effect::Live)
        .icon("mouse-pointer-2")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://shop.example.com/" }
  do:
    - use: browser.hover
      with: { target: "role=button[name=Send]" }
"#;

async fn hover(cx: &StepContext, settings: Hover) -> Result<(), NodeError> {
    let aim = Aim::new("target", &settings.target, Intent::Fill);
    let hover = |page: Page, at: Locator, until| async move { page.hover(&at, until).await };
    aim::at(cx, aim, settings.heal, deadline(cx), hover).await
}

use casare_browser::{Locator, Page};
use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    aim::{self, Aim, Intent},
    target::{Target, deadline},
};

/// Gives an element the focus, or takes it away, upon which many fields check what they hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Focus {
    /// The element.
    target: Target,
    /// What to do.
    #[serde(default)]
    action: Action,
    /// Whether the element may be looked for another way when it is not found: `true` also where that is
    /// never done by itself (checks, and what cannot be undone), `false` not at all.
    heal: Option<bool>,
}

/// What becomes of the focus.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// The element gets it.
    #[default]
    Focus,
    /// The element loses it.
    Blur,
}

pub(super) fn node() -> Node {
    Node::action("browser.focus", focus)
        .effect(Effect::Live)
        .icon("focus")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://shop.example.com/" }
  do:
    - use: browser.focus
      with: { target: label=Name }
    - use: browser.focus
      with: { target: label=Name, action: blur }
"#;

async fn focus(cx: &StepContext, settings: Focus) -> Result<(), NodeError> {
    let action = settings.action;
    let aim = Aim::new("target", &settings.target, Intent::Fill);
    let focus = |page: Page, at: Locator, until| async move {
        match action {
            Action::Focus => page.focus(&at, until).await,
            Action::Blur => page.blur(&at, until).await,
        }
    };
    aim::at(cx, aim, settings.heal, deadline(cx), focus).await
}

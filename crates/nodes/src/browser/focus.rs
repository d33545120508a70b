use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    fault, live,
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
    let page = live::page(cx)?;
    let target = &settings.target.0;
    let done = match settings.action {
        Action::Focus => page.focus(target, deadline(cx)).await,
        Action::Blur => page.blur(target, deadline(cx)).await,
    };
    match done {
        Ok(()) => Ok(()),
        Err(error) => Err(fault::on_page(cx, &page, error).await),
    }
}

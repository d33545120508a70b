use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    fault, live,
    target::{Target, deadline},
};

/// Moves the mouse over an element, which opens menus and hints.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Hover {
    /// The element.
    target: Target,
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
    let page = live::page(cx)?;
    match page.hover(&settings.target.0, deadline(cx)).await {
        Ok(()) => Ok(()),
        Err(error) => Err(fault::on_page(cx, &page, error).await),
    }
}

use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    fault, live,
    target::{Target, deadline},
};

/// Checks or unchecks a checkbox, radio button or switch, unless it is so already.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Check {
    /// The box, for example `label=I agree`.
    target: Target,
    /// Whether it is to be checked.
    #[serde(default = "yes")]
    checked: bool,
}

fn yes() -> bool {
    true
}

pub(super) fn node() -> Node {
    Node::action("browser.check", check)
        .effect(Effect::Live)
        .icon("square-check")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://example.com/" }
  do:
    - use: browser.check
      with: { target: "label=I agree" }
"#;

async fn check(cx: &StepContext, settings: Check) -> Result<(), NodeError> {
    let page = live::page(cx)?;
    match page
        .set_checked(&settings.target.0, settings.checked, deadline(cx))
        .await
    {
        Ok(()) => Ok(()),
        Err(error) => Err(fault::on_page(cx, &page, error).await),
    }
}

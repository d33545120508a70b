use casare_browser::{Locator, Page};
use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    aim::{self, Aim, Intent},
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
    /// Whether the element may be looked for another way when it is not found: `true` also where that is
    /// never done by itself (checks, and what cannot be undone), `false` not at all.
    heal: Option<bool>,
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
    let checked = settings.checked;
    let aim = Aim::new("target", &settings.target, Intent::Fill);
    let check =
        |page: Page, at: Locator, until| async move { page.set_checked(&at, checked, until).await };
    aim::at(cx, aim, settings.heal, deadline(cx), check).await
}

use casare_browser::{Keys, Locator, Page};
use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    aim::{self, Aim, Intent},
    fault,
    target::{Target, deadline, effect},
};

/// Presses a key, with others held if need be: `Enter`, `Control+A`, `Shift+Tab`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Press {
    /// The key.
    key: String,
    /// What gets it; whatever has the focus if not set.
    target: Option<Target>,
    /// Whether the element may be looked for another way when it is not found: `true` also where that is
    /// never done by itself (checks, and what cannot be undone), `false` not at all.
    heal: Option<bool>,
    /// Whether pressing again does no harm; otherwise a run that was interrupted at it asks.
    #[serde(default)]
    repeatable: bool,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("browser.press", press, |settings: &Press| {
        effect(settings.repeatable)
    })
    .effect(effect(false))
    .icon("keyboard")
    .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://example.com/" }
  do:
    - use: browser.press
      with: { target: "role=searchbox", key: Enter }
"#;

async fn press(cx: &StepContext, settings: Press) -> Result<(), NodeError> {
    let keys: Keys = settings
        .key
        .parse()
        .map_err(|error| fault::explain(&error))?;
    let target = settings.target.as_ref();
    let aim = target.map(|target| Aim::new("target", target, Intent::Fill));
    let keys = &keys;
    let press = |page: Page, at: Option<Locator>, until| async move {
        page.press(at.as_ref(), keys, until).await
    };
    aim::at_any(cx, aim, settings.heal, deadline(cx), press).await
}

use casare_browser::Keys;
use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    fault, live,
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
    let page = live::page(cx)?;
    let target = settings.target.as_ref().map(|target| &target.0);
    match page.press(target, &keys, deadline(cx)).await {
        Ok(()) => Ok(()),
        Err(error) => Err(fault::on_page(cx, &page, error).await),
    }
}

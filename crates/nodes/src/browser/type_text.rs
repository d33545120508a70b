use casare_browser::{Locator, Page};
use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    aim::{self, Aim, Intent},
    target::{Target, deadline, effect},
};

/// Types text key by key, behind what is there already.
///
/// For fields that listen to keys, such as a search with suggestions; `browser.fill` is quicker and
/// replaces what is there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TypeText {
    /// The text.
    text: String,
    /// What gets it; whatever has the focus if not set.
    target: Option<Target>,
    /// Whether the element may be looked for another way when it is not found: `true` also where that is
    /// never done by itself (checks, and what cannot be undone), `false` not at all.
    heal: Option<bool>,
    /// Whether typing it again does no harm; otherwise a run that was interrupted at it asks.
    #[serde(default)]
    repeatable: bool,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("browser.type", type_text, |settings: &TypeText| {
        effect(settings.repeatable)
    })
    .effect(effect(false))
    .icon("keyboard")
    .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://shop.example.com/" }
  do:
    - use: browser.type
      with: { target: label=Name, text: Ada }
"#;

async fn type_text(cx: &StepContext, settings: TypeText) -> Result<(), NodeError> {
    let target = settings.target.as_ref();
    let aim = target.map(|target| Aim::new("target", target, Intent::Fill));
    let text = &settings.text;
    let type_text = |page: Page, at: Option<Locator>, until| async move {
        page.type_text(at.as_ref(), text, until).await
    };
    aim::at_any(cx, aim, settings.heal, deadline(cx), type_text).await
}

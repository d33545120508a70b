use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    fault, live,
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
    let page = live::page(cx)?;
    let target = settings.target.as_ref().map(|target| &target.0);
    match page.type_text(target, &settings.text, deadline(cx)).await {
        Ok(()) => Ok(()),
        Err(error) => Err(fault::on_page(cx, &page, error).await),
    }
}

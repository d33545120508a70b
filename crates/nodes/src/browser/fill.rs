use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Effect, value::to_json};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{
    fault, live,
    target::{Target, deadline},
};

/// Puts a value into a field, in place of what was there.
///
/// Takes text fields, numbers, dates (`2026-12-31`), times, colours, sliders, rich text, lists (the label or
/// value of an option), checkboxes (true or false) and radio buttons (the label or value of one of the group).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Fill {
    /// The field, for example `label=Email`.
    target: Target,
    /// What to put into it.
    #[serde(default)]
    value: Any,
    /// Type it key by key, for fields that listen to keys; slower.
    #[serde(default)]
    typed: bool,
}

pub(super) fn node() -> Node {
    Node::action("browser.fill", fill)
        .effect(Effect::Live)
        .icon("text-cursor-input")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://example.com/" }
  do:
    - use: browser.fill
      with: { target: "label=Email", value: ada@example.com }
"#;

async fn fill(cx: &StepContext, settings: Fill) -> Result<(), NodeError> {
    let page = live::page(cx)?;
    let until = deadline(cx);
    let value = to_json(&settings.value.0);
    let target = &settings.target.0;
    let filled = async {
        if !settings.typed {
            return page.fill(target, &value, until).await;
        }
        page.fill(target, &Json::from(""), until).await?;
        let text = match &value {
            Json::String(text) => text.clone(),
            Json::Null => String::new(),
            other => other.to_string(),
        };
        page.type_text(Some(target), &text, until).await
    };
    match filled.await {
        Ok(()) => Ok(()),
        Err(error) => Err(fault::on_page(cx, &page, error).await),
    }
}

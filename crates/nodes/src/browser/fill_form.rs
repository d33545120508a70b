use casare_browser::{FieldValue, Locator};
use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, value::to_json};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    fault, live,
    target::{Target, deadline, effect},
};

/// Fills the fields of a form at once and clicks its button.
///
/// All fields are found and checked before the first is changed, so a form is not left half filled
/// because a field is missing. The values are those of `browser.fill`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FillForm {
    /// The fields, each as `locator: value`, for example `label=Email: ada@example.com`.
    fields: IndexMap<String, Any>,
    /// What to click when all are filled, for example `role=button[name=Submit]`.
    submit: Option<Target>,
    /// Whether sending the form again does no harm. A run that was interrupted then sends it again
    /// where it has to; otherwise it asks, and never sends it twice. Filling alone is repeatable.
    #[serde(default)]
    repeatable: bool,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("browser.fill_form", fill_form, |settings: &FillForm| {
        effect(settings.repeatable || settings.submit.is_none())
    })
    .effect(effect(false))
    .icon("clipboard-pen")
    .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://example.com/" }
  do:
    - use: browser.fill_form
      with:
        fields:
          label=Email: ada@example.com
          label=Country: France
        submit: role=button[name=Submit]
"#;

async fn fill_form(cx: &StepContext, settings: FillForm) -> Result<(), NodeError> {
    let page = live::page(cx)?;
    let mut fields: Vec<FieldValue> = Vec::with_capacity(settings.fields.len());
    for (target, value) in &settings.fields {
        let target: Locator = target
            .parse()
            .map_err(|error| fault::explain(&casare_browser::BrowserError::Locator(error)))?;
        fields.push((target, to_json(&value.0)));
    }
    let submit = settings.submit.as_ref().map(|target| &target.0);
    match page.fill_form(&fields, submit, deadline(cx)).await {
        Ok(()) => Ok(()),
        Err(error) => Err(fault::on_page(cx, &page, error).await),
    }
}

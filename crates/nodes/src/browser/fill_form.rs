use casare_browser::{BrowserError, FieldValue, Locator};
use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, value::to_json};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{
    aim::{self, Aim, Intent},
    fault,
    target::{OBJECT, Target, deadline, effect},
};

/// Fills the fields of a form at once and clicks its button.
///
/// A field is named by a locator, or the way people name it: `First name`, `E-mail`, `Date of birth`. A name is
/// compared with labels, placeholders, names, `autocomplete`, and with what stands beside a field; the usual fields are
/// known in several languages. A name that fits no field well enough, or two about as well, is refused, with what came
/// nearest. All fields are found and checked before the first is changed, so a form is not left half filled because a
/// field is missing. The values are those of `browser.fill`; radio buttons take the label of a choice, check boxes of a
/// group and multiple choices a list of labels, dates `2026-12-31` wherever the field wants them in another form.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FillForm {
    /// The fields, each as `name: value` or `locator: value`, for example `E-mail: ada@example.com` or
    /// `label=Email: ada@example.com`.
    #[schemars(extend("propertyNames" = { "format": "locator-of-field" }))]
    fields: IndexMap<String, Any>,
    /// What to click when all are filled, for example `role=button[name=Submit]`.
    submit: Option<Target>,
    /// Whether sending the form again does no harm. A run that was interrupted then sends it again
    /// where it has to; otherwise it asks, and never sends it twice. Filling alone is repeatable.
    #[serde(default)]
    repeatable: bool,
    /// Whether the element may be looked for another way when it is not found: `true` also where that is
    /// never done by itself (checks, and what cannot be undone), `false` not at all.
    heal: Option<bool>,
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
          E-mail: ada@example.com
          label=Country: France
        submit: role=button[name=Submit]
"#;

/// How a field is named.
enum Key {
    /// As people name it.
    Name(Locator),
    Target(Target),
}

async fn fill_form(cx: &StepContext, settings: FillForm) -> Result<(), NodeError> {
    let mut keys: Vec<(Key, Json)> = Vec::with_capacity(settings.fields.len());
    for (key, value) in &settings.fields {
        keys.push((named(key)?, to_json(&value.0)));
    }
    let mut aims = Vec::new();
    for (written, (key, _)) in settings.fields.keys().zip(&keys) {
        if let Key::Target(target) = key {
            aims.push(Aim::of_key("fields", written, target, Intent::Fill));
        }
    }
    let submit = settings.submit.as_ref();
    aims.extend(submit.map(|target| Aim::new("submit", target, Intent::Press)));
    let sends = submit.is_some();
    let keys = &keys;
    let fill = |page: casare_browser::Page, mut found: Vec<Locator>, until| async move {
        let submit = if sends { found.pop() } else { None };
        let mut found = found.into_iter();
        let fields: Vec<FieldValue> = keys
            .iter()
            .filter_map(|(key, value)| {
                let locator = match key {
                    Key::Name(locator) => locator.clone(),
                    Key::Target(_) => found.next()?,
                };
                Some((locator, value.clone()))
            })
            .collect();
        page.fill_fields(&fields, submit.as_ref(), until).await
    };
    aim::at_all(cx, &aims, settings.heal, deadline(cx), fill).await
}

fn named(key: &str) -> Result<Key, NodeError> {
    if key.starts_with(OBJECT) {
        return key.parse().map(Key::Target).map_err(NodeError::invalid);
    }
    let locator =
        Locator::of_field(key).map_err(|error| fault::explain(&BrowserError::Locator(error)))?;
    Ok(if locator.is_field_name() {
        Key::Name(locator)
    } else {
        Key::Target(locator.into())
    })
}

use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{fault, live, target::deadline};

/// Lists the forms of the page with their fields.
///
/// What it answers can be given to `browser.fill_form`: each field has a `target`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Forms {
    /// Whether fields that people can't see count.
    #[serde(default)]
    hidden: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Found {
    /// The forms, in the order of the page; fields outside of forms are one more.
    forms: Vec<Form>,
    /// How many they are.
    count: usize,
}

/// A form.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Form {
    /// Its name or id, where it has one.
    name: String,
    /// Where it is sent, where it says so.
    action: String,
    /// Its fields.
    fields: Vec<Field>,
}

/// A field of a form.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Field {
    /// A locator of it.
    target: String,
    /// What people read beside it.
    label: String,
    /// Its name in what is sent.
    name: String,
    /// `text`, `email`, `select`, `checkbox`, `textarea`, …
    kind: String,
    /// Whether it has to be filled.
    required: bool,
    /// What can be chosen, of a `select`.
    options: Vec<String>,
}

pub(super) fn node() -> Node {
    Node::action("browser.forms", forms)
        .effect(Effect::Live)
        .icon("list-checks")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://shop.example.com/" }
  do:
    - id: found
      use: browser.forms
    - use: log.write
      with: { message: "{{ steps.found.forms[0].fields | map(attribute='label') | join(', ') }}" }
"#;

const SCRIPT: &str = r#"(settings) => {
    const clean = (text) => (text ?? "").replace(/\s+/g, " ").trim();
    const forms = new Map();
    for (const field of document.querySelectorAll("input, select, textarea")) {
        const kind = field instanceof HTMLInputElement ? field.type : field.localName;
        if (["submit", "button", "image", "reset"].includes(kind)) continue;
        const seen = kind !== "hidden" && field.checkVisibility({ visibilityProperty: true });
        if (!seen && !settings.hidden) continue;
        const label = field.labels?.[0];
        // A label's own words, without those of the field in it.
        const words = label && clean([...label.childNodes].filter((node) => !node.contains(field)).map((node) => node.textContent).join(" "));
        const text = words || clean(field.getAttribute("aria-label")) || clean(field.placeholder);
        const css = field.id ? `css=#${CSS.escape(field.id)}` : field.name ? `css=[name="${CSS.escape(field.name)}"]` : "";
        if (!forms.has(field.form)) forms.set(field.form, []);
        forms.get(field.form).push({
            target: words ? `label=${words}` : css,
            label: text, name: field.name, kind, required: field.required,
            options: field instanceof HTMLSelectElement ? [...field.options].map((option) => clean(option.textContent)) : [],
        });
    }
    return [...forms].map(([form, fields]) => ({
        name: form?.getAttribute("name") || form?.id || "",
        action: form?.getAttribute("action") ?? "",
        fields,
    }));
}"#;

async fn forms(cx: &StepContext, settings: Forms) -> Result<Found, NodeError> {
    let page = live::page(cx)?;
    let wanted = json!({ "hidden": settings.hidden });
    let listed = match page.evaluate(SCRIPT, &[wanted], deadline(cx)).await {
        Ok(listed) => listed,
        Err(error) => return Err(fault::on_page(cx, &page, error).await),
    };
    let forms: Vec<Form> = serde_json::from_value(listed)
        .map_err(|error| NodeError::bug(format!("the page listed no forms: {error}")))?;
    Ok(Found {
        count: forms.len(),
        forms,
    })
}

use casare_browser::{BrowserError, Locator, Page};
use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{Any, Effect, value::to_json};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;
use tokio::time::Instant;

use super::{
    aim::{self, Aim, Intent},
    target::{Target, deadline},
};
use crate::crypto::totp;

/// Puts a value into a field, in place of what was there.
///
/// Takes text fields, numbers, dates (`2026-12-31`), times, colours, sliders, rich text, lists (the label or
/// value of an option), checkboxes (true or false) and radio buttons (the label or value of one of the group).
/// A password comes from a credential: `credential` and `field` instead of `value`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Fill {
    /// The field, for example `label=Email`.
    target: Target,
    /// What to put into it.
    #[serde(default)]
    value: Any,
    /// The credential that holds what to put into it, instead of `value`; it is shown nowhere.
    credential: Option<String>,
    /// Which field of the credential: `username`, `password`, …; `password` if not set. `totp` gives the
    /// code of an authenticator app that is good now.
    field: Option<String>,
    /// Type it key by key, for fields that listen to keys; slower.
    #[serde(default)]
    typed: bool,
    /// Whether the element may be looked for another way when it is not found: `true` also where that is
    /// never done by itself (checks, and what cannot be undone), `false` not at all.
    heal: Option<bool>,
}

pub(super) fn node() -> Node {
    Node::action("browser.fill", fill)
        .effect(Effect::Live)
        .icon("text-cursor-input")
        .fails(
            ErrorKind::Denied,
            "There is no such credential, or it lacks the field.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://example.com/" }
  do:
    - use: browser.fill
      with: { target: "label=Email", value: ada@example.com }
"#;

async fn fill(cx: &StepContext, settings: Fill) -> Result<(), NodeError> {
    let value = value(cx, &settings).await?;
    let aim = Aim::new("target", &settings.target, Intent::Fill);
    let (value, typed, credential) = (&value, settings.typed, settings.credential.as_deref());
    let fill = |page: Page, at: Locator, until| async move {
        let filled = put_into(&page, &at, value, typed, until).await;
        filled.map_err(|error| match (error, credential) {
            // What a field says of a value that it refuses has the value in it.
            (BrowserError::InvalidValue { locator, .. }, Some(name)) => {
                BrowserError::InvalidValue {
                    locator,
                    reason: format!("it wants something else than credential `{name}` has"),
                }
            }
            (error, _) => error,
        })
    };
    aim::at(cx, aim, settings.heal, deadline(cx), fill).await
}

async fn put_into(
    page: &Page,
    at: &Locator,
    value: &Json,
    typed: bool,
    until: Instant,
) -> Result<(), BrowserError> {
    if !typed {
        return page.fill(at, value, until).await;
    }
    page.fill(at, &Json::from(""), until).await?;
    let text = match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    };
    page.type_text(Some(at), &text, until).await
}

/// What to put into the field: as written, or a secret.
async fn value(cx: &StepContext, settings: &Fill) -> Result<Json, NodeError> {
    let Some(name) = &settings.credential else {
        if settings.field.is_some() {
            return Err(NodeError::invalid(
                "setting `field`: there is no `credential` to take it from",
            )
            .with_help("set `credential` as well"));
        }
        return Ok(to_json(&settings.value.0));
    };
    if !to_json(&settings.value.0).is_null() {
        return Err(
            NodeError::invalid("both `value` and `credential` are set").with_help("leave one out")
        );
    }
    let field = settings.field.as_deref().unwrap_or("password");
    if field == "totp" {
        let code = totp::code(cx, name).await?;
        cx.mask_secret(&code);
        return Ok(code.into());
    }
    let credential = cx.credential(name).await?;
    Ok(credential.field(field)?.into())
}

use std::collections::HashSet;

use casare_browser as browser;
use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    fault, live,
    target::{Position, Target, deadline, effect},
};

/// Clicks an element as soon as it is visible, at rest, enabled and not covered.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Click {
    /// What to click, for example `role=button[name=Submit]`.
    target: Target,
    /// Which mouse button.
    #[serde(default)]
    button: Button,
    /// How often; 2 is a double click.
    #[serde(default = "one")]
    count: u8,
    /// Keys to hold meanwhile.
    #[serde(default)]
    modifiers: HashSet<Modifier>,
    /// Where, in pixels from its top left corner; in its middle if not set.
    position: Option<Position>,
    /// Click even if it is disabled or covered.
    #[serde(default)]
    force: bool,
    /// Whether it opens a new page (a tab, a pop-up) with which the following steps go on.
    #[serde(default)]
    opens_page: bool,
    /// Whether clicking again does no harm. A run that was interrupted then clicks again where it
    /// has to, on a page that was opened again; otherwise it asks, and never clicks twice.
    #[serde(default)]
    repeatable: bool,
}

fn one() -> u8 {
    1
}

/// A mouse button.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Button {
    /// The usual one.
    #[default]
    Left,
    /// The wheel.
    Middle,
    /// For context menus.
    Right,
}

/// A key that changes what a click does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Modifier {
    /// Alt or Option.
    Alt,
    /// Control.
    Control,
    /// Command or the Windows key.
    Meta,
    /// Shift.
    Shift,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("browser.click", click, |settings: &Click| {
        effect(settings.repeatable)
    })
    .effect(effect(false))
    .icon("mouse-pointer-click")
    .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://example.com/" }
  do:
    - use: browser.click
      with: { target: "role=link[name*=More]" }
"#;

async fn click(cx: &StepContext, settings: Click) -> Result<(), NodeError> {
    let session = live::session(cx)?;
    let page = session.page();
    let click = browser::Click {
        button: match settings.button {
            Button::Left => browser::Button::Left,
            Button::Middle => browser::Button::Middle,
            Button::Right => browser::Button::Right,
        },
        count: settings.count,
        modifiers: settings.modifiers.into_iter().map(held).collect(),
        position: settings.position.map(Into::into),
        force: settings.force,
    };
    let until = deadline(cx);
    let before = session.context().mark();
    let clicked = page.click(&settings.target.0, click, until).await;
    let clicked = match clicked {
        Ok(()) if settings.opens_page => session
            .context()
            .page_after(before, until)
            .await
            .map(|page| session.switch_to(page)),
        other => other,
    };
    match clicked {
        Ok(()) => Ok(()),
        Err(error) => Err(fault::on_page(cx, &page, error).await),
    }
}

fn held(modifier: Modifier) -> browser::Modifier {
    match modifier {
        Modifier::Alt => browser::Modifier::Alt,
        Modifier::Control => browser::Modifier::Control,
        Modifier::Meta => browser::Modifier::Meta,
        Modifier::Shift => browser::Modifier::Shift,
    }
}

use std::collections::HashSet;

use casare_browser::{self as browser, Locator, Page};
use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    aim::{self, Aim, Intent},
    live,
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
    /// Whether the element may be looked for another way when it is not found: `true` also where that is
    /// never done by itself (checks, and what cannot be undone), `false` not at all.
    heal: Option<bool>,
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
    let (until, opens_page) = (deadline(cx), settings.opens_page);
    let (session, click) = (&session, &click);
    let work = |page: Page, at: Locator, found_until| async move {
        let before = session.context().mark();
        page.click(&at, click.clone(), found_until).await?;
        if opens_page {
            let opened = session.context().page_after(before, until).await?;
            session.switch_to(opened);
        }
        Ok(())
    };
    let aim = Aim::new("target", &settings.target, Intent::Press);
    aim::at(cx, aim, settings.heal, until, work).await
}

fn held(modifier: Modifier) -> browser::Modifier {
    match modifier {
        Modifier::Alt => browser::Modifier::Alt,
        Modifier::Control => browser::Modifier::Control,
        Modifier::Meta => browser::Modifier::Meta,
        Modifier::Shift => browser::Modifier::Shift,
    }
}

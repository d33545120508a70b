use casare_browser::{Expect, Locator, Page};
use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    aim::{self, Aim, Intent},
    fault, live,
    target::{Target, deadline},
};

/// Waits until a page is as expected: an element's state, a text, or the address.
///
/// All that is set must come true, in this order: `url`, then `target` with `state` and `text`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WaitFor {
    /// The element, for example `role=status`.
    target: Option<Target>,
    /// How it must be; `visible` if nothing is said.
    state: Option<State>,
    /// Text that it must show: a part of it, `"the whole"` in quotes, or `/a pattern/`.
    text: Option<String>,
    /// The address that the page must have: a part of it, or with `*` for anything.
    url: Option<String>,
    /// Whether the element may be looked for another way when it is not found: only with
    /// `true`, for a check is there to fail.
    heal: Option<bool>,
}

/// How an element must be.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum State {
    /// It can be seen.
    Visible,
    /// It cannot be seen, or is not there.
    Hidden,
    /// It is there, seen or not.
    Attached,
    /// It is not there.
    Detached,
    /// It can be used.
    Enabled,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Found {
    /// The address of the page.
    url: String,
}

pub(super) fn node() -> Node {
    fault::of_elements(Node::action("browser.wait_for", wait_for))
        .effect(Effect::Live)
        .icon("hourglass")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://example.com/" }
  do:
    - use: browser.wait_for
      with: { target: "role=heading", text: Example }
      timeout: 10s
"#;

async fn wait_for(cx: &StepContext, settings: WaitFor) -> Result<Found, NodeError> {
    if settings.target.is_none() && settings.url.is_none() {
        return Err(NodeError::invalid("there is nothing to wait for")
            .with_help("set `target` or `url`; to wait for a time, use `flow.wait`"));
    }
    let page = live::page(cx)?;
    let until = deadline(cx);
    if let Some(url) = &settings.url
        && let Err(error) = page.wait_for_url(url, until).await
    {
        return Err(fault::on_page(cx, &page, error).await);
    }
    let Some(target) = &settings.target else {
        return Ok(Found { url: page.url() });
    };
    let state = match settings.state {
        Some(State::Visible) => Some(Expect::Visible),
        Some(State::Hidden) => Some(Expect::Hidden),
        Some(State::Attached) => Some(Expect::Attached),
        Some(State::Detached) => Some(Expect::Detached),
        Some(State::Enabled) => Some(Expect::Enabled),
        None => settings.text.is_none().then_some(Expect::Visible),
    };
    let text = settings.text.map(Expect::Text);
    let expected = [state.as_ref(), text.as_ref()];
    let wait = |page: Page, at: Locator, until| async move {
        for expected in expected.into_iter().flatten() {
            page.wait_for(&at, expected, until).await?;
        }
        Ok(Found { url: page.url() })
    };
    let aim = Aim::new("target", target, Intent::Assert);
    aim::at(cx, aim, settings.heal, until, wait).await
}

use casare_browser::{BrowserError, Expect};
use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
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
    let waited = async {
        if let Some(url) = &settings.url {
            page.wait_for_url(url, until).await?;
        }
        let Some(Target(target)) = &settings.target else {
            return Ok(());
        };
        let state = match settings.state {
            Some(State::Visible) => Some(Expect::Visible),
            Some(State::Hidden) => Some(Expect::Hidden),
            Some(State::Attached) => Some(Expect::Attached),
            Some(State::Detached) => Some(Expect::Detached),
            Some(State::Enabled) => Some(Expect::Enabled),
            None => settings.text.is_none().then_some(Expect::Visible),
        };
        if let Some(state) = &state {
            page.wait_for(target, state, until).await?;
        }
        if let Some(text) = &settings.text {
            page.wait_for(target, &Expect::Text(text.clone()), until)
                .await?;
        }
        Ok::<(), BrowserError>(())
    };
    match waited.await {
        Ok(()) => Ok(Found { url: page.url() }),
        Err(error) => Err(fault::on_page(cx, &page, error).await),
    }
}

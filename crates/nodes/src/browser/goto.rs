use casare_browser::Until;
use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{fault, live, target::deadline};

/// Opens an address in the session's page and waits until it is there.
///
/// A status such as 404 is no failure: the page says so in `status`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Goto {
    /// The address.
    url: String,
    /// How far the page must have come.
    #[serde(default)]
    until: WaitUntil,
}

/// How far a page must have come.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum WaitUntil {
    /// The new document has begun to arrive.
    Commit,
    /// Its text is there; pictures may be missing.
    Domcontentloaded,
    /// Everything that it names is there.
    #[default]
    Load,
    /// And there was no request for half a second.
    Networkidle,
}

impl From<WaitUntil> for Until {
    fn from(until: WaitUntil) -> Self {
        match until {
            WaitUntil::Commit => Until::Commit,
            WaitUntil::Domcontentloaded => Until::DomContentLoaded,
            WaitUntil::Load => Until::Load,
            WaitUntil::Networkidle => Until::NetworkIdle,
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Arrived {
    /// The address after redirects.
    url: String,
    /// The HTTP status.
    status: Option<u16>,
}

pub(super) fn node() -> Node {
    fault::of_pages(Node::action("browser.goto", goto))
        .fails(
            ErrorKind::Denied,
            "The site asks for a name and a password; give the session a `login`.",
        )
        .fails(
            ErrorKind::Timeout,
            "The page is not as far as `until` says; the message has what is still loading.",
        )
        .effect(Effect::Live)
        .icon("globe")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  do:
    - use: browser.goto
      with: { url: "https://example.com/", until: domcontentloaded }
"#;

async fn goto(cx: &StepContext, settings: Goto) -> Result<Arrived, NodeError> {
    let page = live::page(cx)?;
    match page
        .goto(&settings.url, settings.until.into(), deadline(cx))
        .await
    {
        Ok(arrived) => Ok(Arrived {
            url: arrived.url,
            status: arrived.status,
        }),
        Err(error) => Err(fault::on_page(cx, &page, error).await),
    }
}

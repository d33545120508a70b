use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{fault, goto::WaitUntil, live, target::deadline};

/// Goes back or forward in the page's history, or loads the page again.
///
/// Where there is nothing to go back or forward to, the page stays as it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct History {
    /// Where to.
    go: Direction,
    /// How far the page must have come.
    #[serde(default)]
    until: WaitUntil,
}

/// Where to go.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Direction {
    /// To the page before.
    Back,
    /// To the page that was left by going back.
    Forward,
    /// To the same page, fresh.
    Reload,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Arrived {
    /// The address of the page now.
    url: String,
    /// The HTTP status, where the page was loaded.
    status: Option<u16>,
}

pub(super) fn node() -> Node {
    Node::action("browser.history", history)
        .effect(Effect::Live)
        .icon("undo-2")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://shop.example.com/" }
  do:
    - use: browser.history
      with: { go: reload }
"#;

async fn history(cx: &StepContext, settings: History) -> Result<Arrived, NodeError> {
    let page = live::page(cx)?;
    let (until, deadline) = (settings.until.into(), deadline(cx));
    let moved = match settings.go {
        Direction::Back => page.back(until, deadline).await,
        Direction::Forward => page.forward(until, deadline).await,
        Direction::Reload => page.reload(until, deadline).await,
    };
    match moved {
        Ok(arrived) => Ok(Arrived {
            url: arrived.url,
            status: arrived.status,
        }),
        Err(error) => Err(fault::on_page(cx, &page, error).await),
    }
}

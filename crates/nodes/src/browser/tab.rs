use casare_browser::Page;
use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{fault, goto::WaitUntil, live, target::deadline};

/// Opens, chooses, closes or lists the tabs of the session.
///
/// The steps that follow work on the tab that was opened or chosen; after closing it, on the newest
/// one that is left.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Tab {
    /// What to do.
    action: Action,
    /// For `open`: the address; an empty tab if not set.
    url: Option<String>,
    /// For `switch` and `close`: the tab whose address or title has this in it.
    matching: Option<String>,
    /// For `switch` and `close`: the place of the tab, from 0, oldest first; negative ones count
    /// from the newest.
    index: Option<i64>,
}

/// What to do with tabs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// Opens one.
    Open,
    /// Goes on with another one.
    Switch,
    /// Closes one: the current one if no other is named.
    Close,
    /// Only tells which there are.
    List,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Tabs {
    /// The address of the current tab.
    url: String,
    /// The title of the current tab.
    title: String,
    /// All tabs, oldest first.
    tabs: Vec<OneTab>,
}

/// A tab.
#[derive(Debug, Serialize, JsonSchema)]
struct OneTab {
    /// Its address.
    url: String,
    /// Its title.
    title: String,
}

pub(super) fn node() -> Node {
    fault::of_pages(Node::action("browser.tab", tab))
        .fails(
            ErrorKind::NotFound,
            "No tab is meant by `matching` or `index`.",
        )
        .effect(Effect::Live)
        .icon("app-window")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://shop.example.com/" }
  do:
    - use: browser.tab
      with: { action: open, url: "https://shop.example.com/" }
    - id: tabs
      use: browser.tab
      with: { action: switch, index: 0 }
    - use: log.write
      with: { message: "{{ steps.tabs.tabs | length }} tabs" }
"#;

async fn tab(cx: &StepContext, settings: Tab) -> Result<Tabs, NodeError> {
    let session = live::session(cx)?;
    let failed = |error| fault::explain(&error);
    match settings.action {
        Action::List => {}
        Action::Open => {
            let page = session
                .context()
                .new_page(deadline(cx))
                .await
                .map_err(failed)?;
            session.switch_to(page.clone());
            if let Some(url) = &settings.url
                && let Err(error) = page.goto(url, WaitUntil::Load.into(), deadline(cx)).await
            {
                return Err(fault::on_page(cx, &page, error).await);
            }
        }
        Action::Switch => {
            let page = chosen(cx, &settings, session.context().pages()).await?;
            let page = page.ok_or_else(|| {
                NodeError::invalid("which tab to switch to is not said")
                    .with_help("set `matching` or `index`")
            })?;
            session.switch_to(page);
        }
        Action::Close => {
            let named = chosen(cx, &settings, session.context().pages()).await?;
            let page = named.unwrap_or_else(|| session.page());
            page.close().await.map_err(failed)?;
        }
    }
    let mut tabs = Vec::new();
    for page in session.context().pages() {
        let title = page.title(deadline(cx)).await.map_err(failed)?;
        tabs.push(OneTab {
            url: page.url(),
            title,
        });
    }
    if tabs.is_empty() {
        return Ok(Tabs {
            url: String::new(),
            title: String::new(),
            tabs,
        });
    }
    let current = session.page();
    Ok(Tabs {
        url: current.url(),
        title: current.title(deadline(cx)).await.map_err(failed)?,
        tabs,
    })
}

/// The tab that the settings name; `None` where they name none.
async fn chosen(
    cx: &StepContext,
    settings: &Tab,
    pages: Vec<Page>,
) -> Result<Option<Page>, NodeError> {
    let count = pages.len() as i64;
    if let Some(index) = settings.index {
        let place = if index < 0 { count + index } else { index };
        let page = usize::try_from(place)
            .ok()
            .and_then(|place| pages.get(place));
        return match page {
            Some(page) => Ok(Some(page.clone())),
            None => Err(NodeError::not_found(format!(
                "there is no tab {index}; there are {count}"
            ))),
        };
    }
    let Some(matching) = &settings.matching else {
        return Ok(None);
    };
    let mut seen = Vec::new();
    for page in pages {
        let title = page
            .title(deadline(cx))
            .await
            .map_err(|error| fault::explain(&error))?;
        let url = page.url();
        if url.contains(matching) || title.contains(matching) {
            return Ok(Some(page));
        }
        seen.push(format!("`{title}` ({url})"));
    }
    Err(
        NodeError::not_found(format!("no tab has `{matching}` in its address or title"))
            .with_help(format!("there are: {}", seen.join(", "))),
    )
}

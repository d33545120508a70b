use casare_browser as browser;
use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    fault, live,
    target::{Target, deadline},
};

/// Scrolls the page, or what an element holds.
///
/// With a `target` alone until that can be seen; with `to` to an edge; with `down` or `right` by turning
/// the mouse's wheel.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Scroll {
    /// The element to bring into view; or, with the other settings, the one whose content moves. The
    /// page if not set.
    target: Option<Target>,
    /// The edge to go to.
    to: Option<Edge>,
    /// How far to turn the wheel down, in pixels; up if negative.
    down: Option<f64>,
    /// How far to turn the wheel to the right, in pixels; to the left if negative.
    right: Option<f64>,
}

/// An edge of what can be scrolled.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Edge {
    /// The upper one.
    Top,
    /// The lower one.
    Bottom,
    /// The left one.
    Left,
    /// The right one.
    Right,
}

pub(super) fn node() -> Node {
    fault::of_elements(Node::action("browser.scroll", scroll))
        .effect(Effect::Live)
        .icon("scroll")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://shop.example.com/" }
  do:
    - use: browser.scroll
      with: { to: bottom }
    - use: browser.scroll
      with: { target: "role=button[name=Send]" }
"#;

async fn scroll(cx: &StepContext, settings: Scroll) -> Result<(), NodeError> {
    let target = settings.target.map(|target| target.0);
    let wheel = settings.down.is_some() || settings.right.is_some();
    let scroll = match (settings.to, target) {
        (Some(_), _) if wheel => {
            return Err(NodeError::invalid("an edge and a distance are both set")
                .with_help("set `to`, or `down` and `right`"));
        }
        (Some(edge), of) => browser::Scroll::To {
            of,
            edge: match edge {
                Edge::Top => browser::Edge::Top,
                Edge::Bottom => browser::Edge::Bottom,
                Edge::Left => browser::Edge::Left,
                Edge::Right => browser::Edge::Right,
            },
        },
        (None, over) if wheel => browser::Scroll::Wheel {
            over,
            right: settings.right.unwrap_or_default(),
            down: settings.down.unwrap_or_default(),
        },
        (None, Some(target)) => browser::Scroll::IntoView(target),
        (None, None) => {
            return Err(NodeError::invalid("where to scroll is not said")
                .with_help("set `target`, `to`, `down` or `right`"));
        }
    };
    let page = live::page(cx)?;
    match page.scroll(&scroll, deadline(cx)).await {
        Ok(()) => Ok(()),
        Err(error) => Err(fault::on_page(cx, &page, error).await),
    }
}

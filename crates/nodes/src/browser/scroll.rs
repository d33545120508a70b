use casare_browser::{self as browser, Locator, Page};
use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    aim::{self, Aim, Intent},
    fault,
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
    /// Whether the element may be looked for another way when it is not found: `true` also where that is
    /// never done by itself (checks, and what cannot be undone), `false` not at all.
    heal: Option<bool>,
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
    let wheel = settings.down.is_some() || settings.right.is_some();
    if settings.to.is_some() && wheel {
        return Err(NodeError::invalid("an edge and a distance are both set")
            .with_help("set `to`, or `down` and `right`"));
    }
    if settings.to.is_none() && !wheel && settings.target.is_none() {
        return Err(NodeError::invalid("where to scroll is not said")
            .with_help("set `target`, `to`, `down` or `right`"));
    }
    let target = settings.target.as_ref();
    let aim = target.map(|target| Aim::new("target", target, Intent::Read));
    let (edge, right, down) = (settings.to, settings.right, settings.down);
    let scroll = |page: Page, at: Option<Locator>, until| async move {
        let scroll = match (edge, at) {
            (Some(edge), of) => browser::Scroll::To {
                of,
                edge: edge.into(),
            },
            (None, Some(target)) if !wheel => browser::Scroll::IntoView(target),
            (None, over) => browser::Scroll::Wheel {
                over,
                right: right.unwrap_or_default(),
                down: down.unwrap_or_default(),
            },
        };
        page.scroll(&scroll, until).await
    };
    aim::at_any(cx, aim, settings.heal, deadline(cx), scroll).await
}

impl From<Edge> for browser::Edge {
    fn from(edge: Edge) -> Self {
        match edge {
            Edge::Top => browser::Edge::Top,
            Edge::Bottom => browser::Edge::Bottom,
            Edge::Left => browser::Edge::Left,
            Edge::Right => browser::Edge::Right,
        }
    }
}

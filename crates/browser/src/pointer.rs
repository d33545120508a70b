//! What a mouse or a finger does besides clicking: dragging, scrolling, tapping; and where the focus is.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use crate::{
    action::mouse,
    cdp::input::{
        DispatchDragEvent, DispatchMouseEvent, DispatchTouchEvent, DragData, SetInterceptDrags,
        TouchPoint,
    },
    error::BrowserError,
    keyboard::Modifier,
    locator::Locator,
    page::Page,
    program::{Found, Point, Program},
    scope::Scope,
};

/// How to drag. The default is from the middle of one element to the middle of the other.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Drag {
    /// Where to take it, in pixels from its top left corner.
    pub from: Option<(f64, f64)>,
    /// Where to drop it, in pixels from the other element's top left corner.
    pub to: Option<(f64, f64)>,
    pub modifiers: Vec<Modifier>,
    /// Drag even if an element is covered.
    pub force: bool,
}

/// What to scroll, and how far.
#[derive(Debug, Clone, PartialEq)]
pub enum Scroll {
    /// Until an element can be seen.
    IntoView(Locator),
    /// By turning the wheel over an element (or the middle of the page): pixels to the right and down.
    Wheel {
        over: Option<Locator>,
        right: f64,
        down: f64,
    },
    /// To an edge of an element's content, or of the page.
    To { of: Option<Locator>, edge: Edge },
}

/// An edge of what can be scrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    Top,
    Bottom,
    Left,
    Right,
}

impl Edge {
    fn name(self) -> &'static str {
        match self {
            Edge::Top => "top",
            Edge::Bottom => "bottom",
            Edge::Left => "left",
            Edge::Right => "right",
        }
    }
}

/// A mouse moves in steps; pages that follow it need some.
const STEPS: u32 = 5;
/// How far the mouse moves so that the browser takes it for a drag.
const NUDGE: f64 = 8.0;
/// How long a drag that has begun in the page may take to reach us.
const DRAG_NEWS: Duration = Duration::from_secs(2);

impl Page {
    /// Drags one element onto another with the mouse: both what listens to the mouse itself and what
    /// uses HTML's drag and drop.
    ///
    /// # Errors
    ///
    /// `NotActionable` for either element; the mouse button is let go then.
    pub async fn drag(
        &self,
        what: &Locator,
        onto: &Locator,
        drag: &Drag,
        deadline: Instant,
    ) -> Result<(), BrowserError> {
        let source = pointing(what, drag.from, drag.force)
            .with("enabled", false)
            .with("drags", true);
        let (from, scope) = self.place(&source, deadline).await?;
        let session = &self.core.session;
        self.touch();
        // The browser hands a drag of the page's own to us instead of to the system's drag and drop.
        let intercept = |enabled| SetInterceptDrags { enabled };
        self.core.call(&intercept(true), deadline).await?;
        self.core.state.lock().drag = None;
        let held = |kind: &str, at: Point| DispatchMouseEvent {
            button: Some("left".into()),
            buttons: Some(1),
            click_count: Some(1),
            ..mouse(kind, at, &drag.modifiers)
        };
        session.tell(&mouse("mouseMoved", from, &drag.modifiers));
        session.tell(&held("mousePressed", from));
        let outcome = self.carry(from, scope, onto, drag, &held, deadline).await;
        if !matches!(outcome, Ok(Carried::Dropped)) {
            let at = match outcome {
                Ok(Carried::Moved(to)) => to,
                _ => from,
            };
            let released = DispatchMouseEvent {
                buttons: Some(0),
                ..held("mouseReleased", at)
            };
            self.acknowledged(session.call(&released), deadline).await?;
        }
        session.tell(&intercept(false));
        outcome.map(drop)
    }

    /// With the button held: to the place to drop at.
    async fn carry(
        &self,
        from: Point,
        scope: Option<Scope>,
        onto: &Locator,
        drag: &Drag,
        held: &(impl Fn(&str, Point) -> DispatchMouseEvent + Sync),
        deadline: Instant,
    ) -> Result<Carried, BrowserError> {
        let session = &self.core.session;
        let nudge = |part: f64| Point {
            x: from.x + NUDGE * part,
            y: from.y + NUDGE * part,
        };
        session.tell(&held("mouseMoved", nudge(0.5)));
        self.acknowledged(session.call(&held("mouseMoved", nudge(1.0))), deadline)
            .await?;
        let data = if self.drags_itself(scope, deadline).await? {
            let begun = self
                .core
                .wait(deadline.min(Instant::now() + DRAG_NEWS), |state| {
                    state.drag.take()
                });
            begun.await?
        } else {
            None
        };
        let target = pointing(onto, drag.to, drag.force).with("enabled", false);
        let to = match self.place(&target, deadline).await {
            Ok((to, _)) => to,
            Err(error) => {
                if let Some(data) = data {
                    session.tell(&DispatchDragEvent {
                        r#type: "dragCancel".into(),
                        x: from.x,
                        y: from.y,
                        data,
                        modifiers: None,
                    });
                }
                return Err(error);
            }
        };
        let Some(data) = data else {
            for step in 1..STEPS {
                session.tell(&held("mouseMoved", between(from, to, step)));
            }
            // Twice at the end: pages notice what they are over only when the mouse has moved there.
            session.tell(&held("mouseMoved", to));
            self.acknowledged(session.call(&held("mouseMoved", to)), deadline)
                .await?;
            return Ok(Carried::Moved(to));
        };
        let event = |kind: &str, at: Point| DispatchDragEvent {
            r#type: kind.into(),
            x: at.x,
            y: at.y,
            data: data.clone(),
            modifiers: Some(Modifier::bits(&drag.modifiers)),
        };
        for step in 1..STEPS {
            let at = between(from, to, step);
            session.tell(&event(if step == 1 { "dragEnter" } else { "dragOver" }, at));
        }
        session.tell(&event("dragOver", to));
        session.tell(&event("dragOver", to));
        self.acknowledged(session.call(&event("drop", to)), deadline)
            .await?;
        Ok(Carried::Dropped)
    }

    /// Whether the page drags by HTML's drag and drop.
    async fn drags_itself(
        &self,
        scope: Option<Scope>,
        deadline: Instant,
    ) -> Result<bool, BrowserError> {
        let Some(scope) = scope else { return Ok(false) };
        let nothing = Locator { steps: Vec::new() };
        let outcome = self
            .run_in(&scope, &Program::new("dragging", &nothing), deadline)
            .await;
        match outcome {
            Ok(outcome) => Ok(outcome.ok.is_some_and(|ok| ok.get() == "true")),
            Err(error) if error.is_lost_document() => Ok(false),
            Err(error) => Err(self.core.explain(error)),
        }
    }

    /// Taps an element with a finger, as soon as it is visible, at rest, enabled and not covered.
    pub async fn tap(
        &self,
        locator: &Locator,
        position: Option<(f64, f64)>,
        force: bool,
        deadline: Instant,
    ) -> Result<(), BrowserError> {
        let (at, _) = self
            .place(&pointing(locator, position, force), deadline)
            .await?;
        self.touch();
        let touch = |kind: &str, points: Vec<TouchPoint>| DispatchTouchEvent {
            r#type: kind.into(),
            touch_points: points,
            modifiers: None,
        };
        let finger = TouchPoint { x: at.x, y: at.y };
        let session = &self.core.session;
        session.tell(&touch("touchStart", vec![finger]));
        self.acknowledged(session.call(&touch("touchEnd", Vec::new())), deadline)
            .await
    }

    /// Scrolls.
    pub async fn scroll(&self, scroll: &Scroll, deadline: Instant) -> Result<(), BrowserError> {
        match scroll {
            Scroll::IntoView(locator) => {
                let program = Program::new("scroll", locator).repeatable();
                self.run::<()>(&program, deadline).await.map(drop)
            }
            Scroll::To { of: Some(of), edge } => {
                let program = Program::new("scroll", of).with("edge", edge.name());
                self.run::<()>(&program, deadline).await.map(drop)
            }
            Scroll::To { of: None, edge } => {
                let settings = [("edge", json!(edge.name()))];
                self.run_here_with("scroll", settings, deadline).await
            }
            Scroll::Wheel { over, right, down } => {
                let at = match over {
                    Some(over) => {
                        let program = pointing(over, None, false).with("enabled", false);
                        self.place(&program, deadline).await?.0
                    }
                    None => self.run_here("middle", deadline).await?,
                };
                let turn = DispatchMouseEvent {
                    delta_x: Some(*right),
                    delta_y: Some(*down),
                    ..mouse("mouseWheel", at, &[])
                };
                self.core.session.tell(&mouse("mouseMoved", at, &[]));
                self.acknowledged(self.core.session.call(&turn), deadline)
                    .await
            }
        }
    }

    /// Gives an element the focus.
    pub async fn focus(&self, locator: &Locator, deadline: Instant) -> Result<(), BrowserError> {
        let program = Program::new("focus", locator).repeatable();
        self.run::<()>(&program, deadline).await.map(drop)
    }

    /// Takes the focus from an element, upon which many fields check what they hold.
    pub async fn blur(&self, locator: &Locator, deadline: Instant) -> Result<(), BrowserError> {
        let program = Program::new("blur", locator).repeatable();
        self.run::<()>(&program, deadline).await.map(drop)
    }

    /// Where on the page an element is to be touched, and the document that it is in.
    pub(crate) async fn place(
        &self,
        program: &Program<'_>,
        deadline: Instant,
    ) -> Result<(Point, Option<Scope>), BrowserError> {
        if let Some(locator) = program.locators.first().filter(|one| one.is_sighted()) {
            let position = program.settings.get("position").cloned();
            let position = position.and_then(|at| serde_json::from_value(at).ok());
            return Ok((self.spot(locator, position, deadline).await?, None));
        }
        let Found {
            value,
            offset,
            scope,
        } = self.run::<Point>(program, deadline).await?;
        let at = Point {
            x: value.x + offset.x,
            y: value.y + offset.y,
        };
        Ok((at, scope))
    }

    /// Whether the click that a guard was set for has arrived; what was in its way if not.
    pub(crate) async fn arrived(&self, scope: &Scope, guard: u64, deadline: Instant) -> Arrival {
        #[derive(Deserialize)]
        struct Answer {
            hit: bool,
            by: String,
        }
        let nothing = Locator { steps: Vec::new() };
        let program = Program::new("hit", &nothing).with("guard", guard);
        let asked = self.run_in(scope, &program, deadline);
        // A document that went away under the click has seen it.
        let Ok(Ok(outcome)) = timeout_at(deadline, asked).await else {
            return Arrival::Arrived;
        };
        let answer = outcome
            .ok
            .and_then(|ok| serde_json::from_str::<Answer>(ok.get()).ok());
        match answer {
            Some(Answer { hit: false, by }) => Arrival::Missed(by),
            _ => Arrival::Arrived,
        }
    }
}

/// What became of a click.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    Arrived,
    /// Something else would have got it; it was swallowed.
    Missed(String),
}

enum Carried {
    /// The mouse is there, its button still held.
    Moved(Point),
    /// The page's own drag has ended.
    Dropped,
}

/// The program that finds the point of an element to touch.
pub(crate) fn pointing(
    locator: &Locator,
    position: Option<(f64, f64)>,
    force: bool,
) -> Program<'_> {
    let program = Program::new("point", locator)
        .with("force", force)
        .repeatable();
    match position {
        Some((x, y)) => program.with("position", json!({ "x": x, "y": y })),
        None => program,
    }
}

fn between(from: Point, to: Point, step: u32) -> Point {
    let part = f64::from(step) / f64::from(STEPS);
    Point {
        x: from.x + (to.x - from.x) * part,
        y: from.y + (to.y - from.y) * part,
    }
}

/// The data of a drag that the page has begun.
pub(crate) type DragBegun = DragData;

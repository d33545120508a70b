//! Acting on elements with the events that a person's mouse and keyboard cause.
//!
//! An action costs one call into the page, which waits there until the element is ready and answers
//! where it is, and then its input events, sent one after another without waiting in between.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout, timeout_at};

use crate::{
    cdp::input::{DispatchKeyEvent, DispatchMouseEvent, ImeSetComposition, InsertText},
    connection::CallError,
    download::Download,
    error::{BrowserError, Check},
    keyboard::{self, Keys, Modifier},
    locator::Locator,
    page::Page,
    pointer::{Arrival, pointing},
    program::{Found, Point, Program, steps_of},
};

/// Tells the guards of clicks from one another.
static GUARDS: AtomicU64 = AtomicU64::new(1);
/// How long a click may take to be handled before it counts as arrived.
const ARRIVAL: Duration = Duration::from_secs(3);
/// How long the news of a click may come after its acknowledgement; none comes where a list of options
/// has opened under the mouse.
const LATE_ARRIVAL: Duration = Duration::from_millis(100);

/// A mouse button.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Button {
    #[default]
    Left,
    Middle,
    Right,
}

impl Button {
    fn name(self) -> &'static str {
        match self {
            Button::Left => "left",
            Button::Middle => "middle",
            Button::Right => "right",
        }
    }

    fn bit(self) -> i64 {
        match self {
            Button::Left => 1,
            Button::Right => 2,
            Button::Middle => 4,
        }
    }
}

/// How to click. The default is once, with the left button, in the middle.
#[derive(Debug, Clone, PartialEq)]
pub struct Click {
    pub button: Button,
    /// 2 for a double click.
    pub count: u8,
    pub modifiers: Vec<Modifier>,
    /// Where, in pixels from the element's top left corner.
    pub position: Option<(f64, f64)>,
    /// Click even if the element is disabled or covered.
    pub force: bool,
}

impl Default for Click {
    fn default() -> Self {
        Click {
            button: Button::Left,
            count: 1,
            modifiers: Vec::new(),
            position: None,
            force: false,
        }
    }
}

/// Which option of a list is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// By what it shows.
    Label(String),
    /// By the value that is sent.
    Value(String),
    /// By its place, from 0.
    Index(usize),
    /// By label or else by value.
    #[serde(untagged)]
    Any(String),
}

/// A field of a form and what to put into it.
pub type FieldValue = (Locator, Value);

impl Page {
    /// Clicks an element as soon as it is visible, at rest, enabled and not covered.
    ///
    /// Returns when the page has handled the click; what the click sets off, a navigation or a request,
    /// is waited for by the next action.
    ///
    /// # Errors
    ///
    /// `NotActionable` with the check that failed last; `Ambiguous`.
    pub async fn click(
        &self,
        locator: &Locator,
        click: Click,
        deadline: Instant,
    ) -> Result<(), BrowserError> {
        let started = Instant::now();
        loop {
            let mut program = pointing(locator, click.position, click.force);
            let guard = GUARDS.fetch_add(1, Ordering::Relaxed);
            if !click.force {
                program = program
                    .with("guard", guard)
                    .with("clicks", click.count.max(1));
            }
            let (point, scope) = self.place(&program, deadline).await?;
            let guarded = scope.filter(|_| !click.force);
            let Some(scope) = guarded else {
                return self.click_at(point, &click, deadline).await;
            };
            let clicking = self.click_at(point, &click, deadline);
            // Polled after the click was sent; both answers come in one round trip.
            let arriving = self.arrived(&scope, guard, Instant::now() + ARRIVAL);
            tokio::pin!(clicking, arriving);
            let mut arrival = None;
            let clicked = loop {
                tokio::select! {
                    biased;
                    clicked = &mut clicking => break clicked,
                    news = &mut arriving, if arrival.is_none() => arrival = Some(news),
                }
            };
            clicked?;
            let arrival = match arrival {
                Some(arrival) => arrival,
                None => timeout(LATE_ARRIVAL, arriving)
                    .await
                    .unwrap_or(Arrival::Arrived),
            };
            let Arrival::Missed(by) = arrival else {
                return Ok(());
            };
            if Instant::now() >= deadline {
                return Err(BrowserError::NotActionable {
                    locator: Box::new(locator.clone()),
                    check: Check::CoveredBy(by),
                    waited: started.elapsed(),
                    url: self.url(),
                    nearest: Vec::new(),
                });
            }
        }
    }

    /// Moves the mouse over an element.
    pub async fn hover(&self, locator: &Locator, deadline: Instant) -> Result<(), BrowserError> {
        let program = pointing(locator, None, false).with("enabled", false);
        let (point, _) = self.place(&program, deadline).await?;
        let moved = self.core.session.call(&mouse("mouseMoved", point, &[]));
        self.acknowledged(moved, deadline).await
    }

    /// One plain click where an element was found to be.
    pub(crate) async fn click_point(
        &self,
        point: Point,
        deadline: Instant,
    ) -> Result<(), BrowserError> {
        self.click_at(point, &Click::default(), deadline).await
    }

    async fn click_at(
        &self,
        point: Point,
        click: &Click,
        deadline: Instant,
    ) -> Result<(), BrowserError> {
        self.touch();
        let session = &self.core.session;
        session.tell(&mouse("mouseMoved", point, &click.modifiers));
        let mut released = None;
        for count in 1..=i64::from(click.count.max(1)) {
            let event = |kind: &str, buttons: i64| DispatchMouseEvent {
                button: Some(click.button.name().into()),
                buttons: Some(buttons),
                click_count: Some(count),
                ..mouse(kind, point, &click.modifiers)
            };
            session.tell(&event("mousePressed", click.button.bit()));
            released = Some(session.call(&event("mouseReleased", 0)));
        }
        match released {
            Some(released) => self.acknowledged(released, deadline).await,
            None => Ok(()),
        }
    }

    /// Waits until the page has handled the last of some input events.
    pub(crate) async fn acknowledged<T>(
        &self,
        reply: impl Future<Output = Result<T, CallError>>,
        deadline: Instant,
    ) -> Result<(), BrowserError> {
        let started = Instant::now();
        // An element may become ready just before the deadline; its click still gets its time.
        let deadline = deadline.max(started + std::time::Duration::from_secs(1));
        match timeout_at(deadline, reply).await {
            Ok(Ok(_)) => Ok(()),
            // The click has closed its page, or replaced it: it was handled.
            Ok(Err(CallError::SessionGone)) if self.core.session.connection().ended().is_none() => {
                Ok(())
            }
            Ok(Err(error)) => Err(self.core.explain(error)),
            Err(_) => Err(self.core.unresponsive(started.elapsed())),
        }
    }

    /// Puts `value` into a field: text, number, date (`2026-12-31`), colour, true or false for checkboxes, the
    /// label or value of an option or radio button. What was there is replaced; the page hears `input` and
    /// `change`.
    ///
    /// # Errors
    ///
    /// `NotActionable`; `InvalidValue` where the field refuses the value.
    pub async fn fill(
        &self,
        locator: &Locator,
        value: &Value,
        deadline: Instant,
    ) -> Result<(), BrowserError> {
        let program = Program::new("fill", locator).with("value", value.clone());
        self.touch();
        self.run::<()>(&program, deadline).await.map(drop)
    }

    /// Fills several fields in one call into the page, then clicks `submit`.
    ///
    /// All fields are found and checked before the first is changed, so that a form is not left half
    /// filled because a field is missing.
    pub async fn fill_form(
        &self,
        fields: &[FieldValue],
        submit: Option<&Locator>,
        deadline: Instant,
    ) -> Result<(), BrowserError> {
        let Some((first, _)) = fields.first() else {
            return match submit {
                Some(submit) => self.click(submit, Click::default(), deadline).await,
                None => Ok(()),
            };
        };
        // Fields of a frame of another origin are beyond one call.
        if self.has_foreign_frames() {
            return self.fill_one_by_one(fields, submit, deadline).await;
        }
        self.touch();
        let mut program = Program::new("fill-form", first);
        program.locators = fields
            .iter()
            .map(|(locator, _)| locator)
            .chain(submit)
            .collect();
        let field =
            |(locator, value): &FieldValue| json!({ "steps": steps_of(locator), "value": value });
        program = program.with("fields", fields.iter().map(field).collect::<Vec<_>>());
        if let Some(submit) = submit {
            program = program.with("submit", json!({ "steps": steps_of(submit) }));
        }
        let Found { value: point, .. } = self.run::<Option<Point>>(&program, deadline).await?;
        match (submit, point) {
            (Some(_), Some(point)) => self.click_at(point, &Click::default(), deadline).await,
            _ => Ok(()),
        }
    }

    fn has_foreign_frames(&self) -> bool {
        let state = self.core.state.lock();
        state
            .frames
            .iter()
            .any(|(id, _)| state.frames.is_foreign(id))
    }

    async fn fill_one_by_one(
        &self,
        fields: &[FieldValue],
        submit: Option<&Locator>,
        deadline: Instant,
    ) -> Result<(), BrowserError> {
        for (locator, _) in fields {
            let there = Program::new("wait-for", locator).with("state", "attached");
            self.run::<u64>(&there, deadline).await?;
        }
        for (locator, value) in fields {
            self.fill(locator, value, deadline).await?;
        }
        match submit {
            Some(submit) => self.click(submit, Click::default(), deadline).await,
            None => Ok(()),
        }
    }

    /// Selects options of a list, as soon as it has them; what was selected before is not any more.
    /// Answers the selected values.
    pub async fn select(
        &self,
        locator: &Locator,
        choices: &[Choice],
        deadline: Instant,
    ) -> Result<Vec<String>, BrowserError> {
        let choices: Vec<Value> = choices
            .iter()
            .map(|choice| match choice {
                Choice::Label(label) => json!({ "label": label }),
                Choice::Value(value) => json!({ "value": value }),
                Choice::Index(index) => json!({ "index": index }),
                Choice::Any(text) => json!(text),
            })
            .collect();
        let program = Program::new("select", locator).with("choices", choices);
        self.touch();
        Ok(self.run(&program, deadline).await?.value)
    }

    /// Checks or unchecks a checkbox, radio button or switch by a click, unless it is so already; and
    /// makes sure of it.
    pub async fn set_checked(
        &self,
        locator: &Locator,
        checked: bool,
        deadline: Instant,
    ) -> Result<(), BrowserError> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Answer {
            At(Point),
            Done {},
        }
        let program = Program::new("check", locator)
            .with("want", checked)
            .repeatable();
        let Found { value, offset, .. } = self.run::<Answer>(&program, deadline).await?;
        let Answer::At(point) = value else {
            return Ok(());
        };
        let point = Point {
            x: point.x + offset.x,
            y: point.y + offset.y,
        };
        self.click_at(point, &Click::default(), deadline).await?;
        let verify = Program::new("check", locator)
            .with("want", checked)
            .with("verify", true);
        self.run::<Answer>(&verify, deadline).await.map(drop)
    }

    /// Presses a key, such as `Enter` or `Control+A`, on an element or on whatever has the focus.
    pub async fn press(
        &self,
        locator: Option<&Locator>,
        keys: &Keys,
        deadline: Instant,
    ) -> Result<(), BrowserError> {
        self.focus_or_settle(locator, deadline).await?;
        self.send_keys(&keys.events(), deadline).await
    }

    /// Types text key by key, into an element or into whatever has the focus. Slower than
    /// [`Page::fill`]; for fields that listen to keys. Adds to what is there.
    pub async fn type_text(
        &self,
        locator: Option<&Locator>,
        text: &str,
        deadline: Instant,
    ) -> Result<(), BrowserError> {
        self.focus_or_settle(locator, deadline).await?;
        let layout = self.keyboard_layout();
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            // Each key waits for the one before: the page has to keep up.
            if let Some(events) = keyboard::typing(letter, layout) {
                self.send_keys(&events, deadline).await?;
                rest = &rest[letter.len_utf8()..];
            } else {
                let end = rest
                    .find(|letter| keyboard::typing(letter, layout).is_some())
                    .unwrap_or(rest.len());
                let (composed, after) = rest.split_at(end);
                self.compose(composed, deadline).await?;
                rest = after;
            }
        }
        Ok(())
    }

    /// Writes what no key has as an input method does: composed first, then put in.
    async fn compose(&self, text: &str, deadline: Instant) -> Result<(), BrowserError> {
        self.touch();
        let end = text.encode_utf16().count() as i64;
        self.core.session.tell(&ImeSetComposition {
            text: text.to_owned(),
            selection_start: end,
            selection_end: end,
        });
        let text = text.to_owned();
        let inserted = self.core.session.call(&InsertText { text });
        self.acknowledged(inserted, deadline).await
    }

    async fn focus_or_settle(
        &self,
        locator: Option<&Locator>,
        deadline: Instant,
    ) -> Result<(), BrowserError> {
        match locator {
            Some(locator) => self.focus(locator, deadline).await,
            None => self.core.settle(deadline).await,
        }
    }

    async fn send_keys(
        &self,
        events: &[DispatchKeyEvent],
        deadline: Instant,
    ) -> Result<(), BrowserError> {
        let Some((last, before)) = events.split_last() else {
            return Ok(());
        };
        self.touch();
        for event in before {
            self.core.session.tell(event);
        }
        self.acknowledged(self.core.session.call(last), deadline)
            .await
    }

    /// Clicks an element and waits until the download which that begins is complete, in the downloads
    /// folder of the session.
    ///
    /// # Errors
    ///
    /// As [`Page::click`]; `WaitTimeout` if none begins or completes; `DownloadCancelled`.
    pub async fn download(
        &self,
        locator: &Locator,
        deadline: Instant,
    ) -> Result<Download, BrowserError> {
        let seen = self.browser_core()?.downloads.lock().count();
        self.click(locator, Click::default(), deadline).await?;
        self.finished_download(seen, deadline).await
    }
}

pub(crate) fn mouse(kind: &str, at: Point, modifiers: &[Modifier]) -> DispatchMouseEvent {
    DispatchMouseEvent {
        r#type: kind.into(),
        x: at.x,
        y: at.y,
        modifiers: Some(Modifier::bits(modifiers)),
        ..DispatchMouseEvent::default()
    }
}

//! What every step on an element goes through: its target becomes a selector, and where that finds nothing, the
//! element is looked for another way, as far as the session allows.
//!
//! ```ignore
//! let aim = Aim::new("target", &settings.target, Intent::Press);
//! aim::at(cx, aim, settings.heal, deadline(cx), |page, at, until| async move { page.hover(&at, until).await }).await
//! ```

use casare_browser::{BrowserError, Check, Locator, Page};
use casare_engine::{NodeError, StepContext};
use tokio::time::Instant;

use super::{
    fault,
    healing::attempt::{Attempt, Known},
    live::{self, LiveBrowser},
    target::Target,
};

/// What a step wants of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent {
    /// To press it, which may do what cannot be undone.
    Press,
    /// To put something into it, or to point at it.
    Fill,
    /// To read it.
    Read,
    /// To check that it is there, or what it says.
    Assert,
}

/// An element that a step works on, and where the step names it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Aim<'a> {
    /// The setting, as keys below `with`.
    pub(super) setting: [&'a str; 2],
    /// The selector is the key itself, as in the `fields` of a form.
    pub(super) is_key: bool,
    pub(super) target: &'a Target,
    pub(super) intent: Intent,
}

impl<'a> Aim<'a> {
    /// The target under one setting.
    pub(super) fn new(setting: &'a str, target: &'a Target, intent: Intent) -> Self {
        Aim {
            setting: [setting, ""],
            is_key: false,
            target,
            intent,
        }
    }

    /// The target that is a key of a setting: `fields: { label=Email: … }`.
    pub(super) fn of_key(
        setting: &'a str,
        key: &'a str,
        target: &'a Target,
        intent: Intent,
    ) -> Self {
        Aim {
            setting: [setting, key],
            is_key: true,
            target,
            intent,
        }
    }

    /// Its keys below `with`.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.setting.into_iter().filter(|key| !key.is_empty())
    }
}

/// Does `work` with the one element that `aim` means, until `until` at most. `heal` is the step's own setting.
///
/// # Errors
///
/// The node's error, with a picture of the page and with what healing has to say.
pub(super) async fn at<T, F, R>(
    cx: &StepContext,
    aim: Aim<'_>,
    heal: Option<bool>,
    until: Instant,
    work: F,
) -> Result<T, NodeError>
where
    F: Fn(Page, Locator, Instant) -> R + Send + Sync,
    R: Future<Output = Result<T, BrowserError>> + Send,
    T: Send,
{
    let one = |page: Page, mut at: Vec<Locator>, until: Instant| {
        // One selector for each aim, always.
        let selector = at.swap_remove(0);
        work(page, selector, until)
    };
    at_all(cx, &[aim], heal, until, one).await
}

/// Does `work`, if there is an element to do it with; where there is none, without.
///
/// # Errors
///
/// As for [`at`].
pub(super) async fn at_any<T, F, R>(
    cx: &StepContext,
    aim: Option<Aim<'_>>,
    heal: Option<bool>,
    until: Instant,
    work: F,
) -> Result<T, NodeError>
where
    F: Fn(Page, Option<Locator>, Instant) -> R + Send + Sync,
    R: Future<Output = Result<T, BrowserError>> + Send,
    T: Send,
{
    let one = |page: Page, mut at: Vec<Locator>, until: Instant| work(page, at.pop(), until);
    let aims: Vec<Aim<'_>> = aim.into_iter().collect();
    at_all(cx, &aims, heal, until, one).await
}

/// Does `work` with several elements at once: it is given a selector for each aim, in their order.
///
/// # Errors
///
/// As for [`at`].
pub(super) async fn at_all<T, F, R>(
    cx: &StepContext,
    aims: &[Aim<'_>],
    heal: Option<bool>,
    until: Instant,
    work: F,
) -> Result<T, NodeError>
where
    F: Fn(Page, Vec<Locator>, Instant) -> R + Send + Sync,
    R: Future<Output = Result<T, BrowserError>> + Send,
    T: Send,
{
    let session = live::session(cx)?;
    let page = session.page();
    let mut round = Round::new(cx, &session, &page, aims, heal)?;
    let failure = loop {
        let patience = round.patience(until);
        if let Err(error) = round.learn_before(patience).await {
            match round.after(error, until).await {
                Ok(()) => continue,
                Err(failure) => break failure,
            }
        }
        match work(page.clone(), round.selectors.clone(), patience).await {
            Ok(done) => {
                round.succeeded().await;
                return Ok(done);
            }
            Err(error) => {
                if let Err(failure) = round.after(error, until).await {
                    break failure;
                }
            }
        }
    };
    Err(round.explained(failure).await)
}

/// One step's attempts on its elements.
struct Round<'a> {
    cx: &'a StepContext,
    session: &'a LiveBrowser,
    page: &'a Page,
    aims: &'a [Aim<'a>],
    /// What finds each aim's element now.
    selectors: Vec<Locator>,
    known: Vec<Known>,
    /// What was found out about those that failed, by aim.
    attempts: Vec<Option<Attempt>>,
    heal: Option<bool>,
    /// Nothing is missing: the elements have the whole time to become ready.
    is_extended: bool,
    began: Instant,
}

impl<'a> Round<'a> {
    fn new(
        cx: &'a StepContext,
        session: &'a LiveBrowser,
        page: &'a Page,
        aims: &'a [Aim<'a>],
        heal: Option<bool>,
    ) -> Result<Self, NodeError> {
        let healer = session.healer();
        let mut known = Vec::with_capacity(aims.len());
        for aim in aims {
            known.push(healer.known(cx, aim, heal)?);
        }
        Ok(Round {
            cx,
            session,
            page,
            aims,
            selectors: known.iter().map(|one| one.selector().clone()).collect(),
            attempts: known.iter().map(|_| None).collect(),
            known,
            heal,
            is_extended: false,
            began: Instant::now(),
        })
    }

    /// Until when the selectors as they are may take: a part of the time is kept for those that can heal.
    fn patience(&self, until: Instant) -> Instant {
        let tried = self.is_extended || self.attempts.iter().any(Option::is_some);
        if tried || !self.known.iter().any(Known::can_heal) {
            return until;
        }
        let left = until.saturating_duration_since(Instant::now());
        if self.known.iter().any(Known::was_healed) {
            // It has failed in this session already.
            return until.min(Instant::now() + healing_share(left).min(SECOND_TIME));
        }
        until - healing_share(left)
    }

    /// Remembers elements that are only selectors before they are used: what is pressed may be gone afterwards.
    async fn learn_before(&mut self, patience: Instant) -> Result<(), BrowserError> {
        let healer = self.session.healer();
        for (aim, known) in self.aims.iter().zip(&mut self.known) {
            if matches!(aim.intent, Intent::Press | Intent::Fill) && known.is_to_be_learned() {
                healer
                    .learn(self.cx, self.page, aim, known, patience)
                    .await?;
            }
        }
        Ok(())
    }

    async fn succeeded(&mut self) {
        let healer = self.session.healer();
        for ((aim, known), attempt) in self.aims.iter().zip(&mut self.known).zip(&self.attempts) {
            if let Some(attempt) = attempt {
                healer.used(self.cx, aim, attempt);
            } else if aim.intent == Intent::Read && known.is_to_be_learned() {
                let soon = Instant::now() + LEARNING;
                // A list of elements, or nothing: there is nothing to learn.
                let _ = healer.learn(self.cx, self.page, aim, known, soon).await;
            }
        }
    }

    /// What an error leads to: `Ok` if the work can be tried again.
    async fn after(&mut self, error: BrowserError, until: Instant) -> Result<(), BrowserError> {
        let Some(at) = self.missing(&error) else {
            let is_unready = matches!(error, BrowserError::NotActionable { .. });
            if !is_unready || self.is_extended || until <= Instant::now() + WORTH_WAITING {
                return Err(error);
            }
            self.is_extended = true;
            return Ok(());
        };
        let known = &self.known[at];
        if self.attempts[at].is_some() || !known.can_heal() {
            return Err(error);
        }
        let healer = self.session.healer();
        let attempt = healer
            .attempt(self.cx, self.page, &self.aims[at], known, self.heal, until)
            .await;
        let again = match &attempt {
            Attempt::Found(repair) if repair.is_used => {
                self.selectors[at] = repair.selector().clone();
                true
            }
            // It may only be late: what is left of the time is its own.
            _ => until > Instant::now() + WORTH_WAITING,
        };
        self.attempts[at] = Some(attempt);
        if again { Ok(()) } else { Err(error) }
    }

    /// Which aim's element was not there, or there several times.
    fn missing(&self, error: &BrowserError) -> Option<usize> {
        let (BrowserError::NotActionable {
            locator,
            check: Check::NotAttached,
            ..
        }
        | BrowserError::Ambiguous { locator, .. }) = error
        else {
            return None;
        };
        self.selectors.iter().position(|one| one == &**locator)
    }

    /// The node's error, with the proposals in it.
    async fn explained(mut self, mut error: BrowserError) -> NodeError {
        if let BrowserError::NotActionable { waited, .. } = &mut error {
            // Not only the last round.
            *waited = self.began.elapsed();
        }
        let mut failure = fault::on_page(self.cx, self.page, error).await;
        let healer = self.session.healer();
        for (at, attempt) in std::mem::take(&mut self.attempts).into_iter().enumerate() {
            if let Some(attempt) = attempt {
                let (aim, known) = (&self.aims[at], &self.known[at]);
                failure = healer
                    .explain(self.cx, self.page, aim, known, attempt, failure)
                    .await;
            }
        }
        failure
    }
}

/// What is not worth another look at the page.
const WORTH_WAITING: std::time::Duration = std::time::Duration::from_millis(50);
/// How long a selector that was healed before in this session is waited for.
const SECOND_TIME: std::time::Duration = std::time::Duration::from_secs(1);
/// How long an element may take to describe that has just been read.
const LEARNING: std::time::Duration = std::time::Duration::from_secs(1);

/// What of a step's time is kept for healing.
fn healing_share(left: std::time::Duration) -> std::time::Duration {
    const MOST: std::time::Duration = std::time::Duration::from_secs(4);
    const LEAST: std::time::Duration = std::time::Duration::from_millis(500);
    (left / 5).clamp(LEAST, MOST).min(left / 2)
}

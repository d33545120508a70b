//! The browser that the steps of a session share.

use std::{any::Any, sync::Arc, time::Duration};

use async_trait::async_trait;
use casare_browser::{Browser, BrowserError, Context, ExchangeMark, Page, RouteHandle, Until};
use casare_engine::{BlockEnd, LogLevel, NodeError, Reporter, Resource, StepContext};
use serde_json::Value as Json;
use tokio::{sync::Mutex, task::AbortHandle, time::Instant};

use super::{
    fault::explain, healing::attempt::Healer, kept::KeptState, recording::Recording,
    shared::SharedBrowser,
};

/// How long a checkpoint may wait for a page that is just navigating.
const SETTLING: Duration = Duration::from_secs(2);

/// Asks for the page's own address, with its cookies.
const PING: &str = "() => fetch(location.href, { method: 'HEAD', credentials: 'include', cache: 'no-store' }).then((answer) => answer.status)";
/// How long the site may take to answer that.
const PINGING: Duration = Duration::from_secs(20);

/// How long a page may take to come back after a crash.
const REOPENING: Duration = Duration::from_secs(10);

/// A browser with the page that steps work on.
pub(super) struct LiveBrowser {
    browser: Mutex<Option<Hold>>,
    context: Context,
    page: parking_lot::Mutex<Current>,
    /// What the workflow's steps said of requests, with the names they gave it.
    routes: parking_lot::Mutex<Vec<(Option<String>, RouteHandle)>>,
    /// Up to which answer of a page the steps have looked.
    answered: parking_lot::Mutex<Vec<(Page, ExchangeMark)>>,
    recording: Mutex<Option<Recording>>,
    healer: Healer,
    /// Where its log-in is kept for later sessions.
    kept: parking_lot::Mutex<Option<KeptState>>,
    /// Tells the site that somebody is there.
    alive: parking_lot::Mutex<Option<AbortHandle>>,
    /// The tab that was opened in a browser which is not ours, and goes on without us.
    guest: Option<Page>,
}

/// Whose browser it is.
pub(super) enum Hold {
    /// The session's alone.
    Own(Browser),
    /// That of other sessions as well.
    Shared(Arc<SharedBrowser>),
}

impl Hold {
    /// Whether it was connected to, and goes on without us.
    fn is_foreign(&self) -> bool {
        matches!(self, Hold::Own(browser) if !browser.is_own())
    }

    pub(super) async fn close(self, context: Context) -> Result<(), BrowserError> {
        match self {
            Hold::Own(browser) => browser.close().await,
            Hold::Shared(_browser) => context.close().await,
        }
    }
}

struct Current {
    page: Page,
    /// The document that the last checkpoint was taken of.
    checkpointed: Option<u64>,
}

impl LiveBrowser {
    pub(super) fn new(
        browser: Hold,
        context: Context,
        page: Page,
        recording: Recording,
        healer: Healer,
    ) -> Self {
        LiveBrowser {
            guest: browser.is_foreign().then(|| page.clone()),
            browser: Mutex::new(Some(browser)),
            context,
            page: parking_lot::Mutex::new(Current {
                page,
                checkpointed: None,
            }),
            routes: parking_lot::Mutex::default(),
            answered: parking_lot::Mutex::default(),
            recording: Mutex::new(Some(recording)),
            healer,
            kept: parking_lot::Mutex::default(),
            alive: parking_lot::Mutex::default(),
        }
    }

    /// Keeps the log-in for later sessions when this one has ended well.
    pub(super) fn keep_at_the_end(&self, kept: KeptState) {
        *self.kept.lock() = Some(kept);
    }

    /// Asks for the page's address from time to time, so that the site does not take the session for abandoned.
    pub(super) fn keep_alive(self: &Arc<Self>, every: Duration, reporter: Reporter) {
        let this = Arc::downgrade(self);
        let task = tokio::spawn(async move {
            let mut failed = false;
            loop {
                tokio::time::sleep(every.max(Duration::from_secs(1))).await;
                let Some(session) = this.upgrade() else {
                    return;
                };
                let page = session.page();
                let asked = page.evaluate(PING, &[], Instant::now() + PINGING).await;
                let well = asked.is_ok_and(|status| status.as_u64().is_some_and(|code| code < 400));
                if !well && !failed {
                    let said = "the site does not answer what keeps the session alive";
                    reporter.log(LogLevel::Warn, said);
                }
                failed = !well;
            }
        });
        *self.alive.lock() = Some(task.abort_handle());
    }

    /// Keeps the log-in, or ends it where the block has failed.
    async fn settle_log_in(&self, end: BlockEnd) -> Result<(), NodeError> {
        let Some(kept) = self.kept.lock().take() else {
            return Ok(());
        };
        match end {
            BlockEnd::Completed => {}
            BlockEnd::Failed => {
                kept.forget();
                return Ok(());
            }
            BlockEnd::Cancelled => return Ok(()),
        }
        let taken = self.page().checkpoint(Instant::now() + SETTLING).await;
        let checkpoint = taken.map_err(|error| explain(&error))?;
        let saved = move || kept.save(checkpoint, jiff::Timestamp::now());
        let saved = tokio::task::spawn_blocking(saved).await;
        saved.unwrap_or_else(|error| Err(NodeError::bug(error.to_string())))
    }

    /// Keeps a route until it is removed or the session ends.
    pub(super) fn keep_route(&self, name: Option<String>, route: RouteHandle) {
        self.routes.lock().push((name, route));
    }

    /// Removes the routes of this name, or all; answers how many requests they decided about, `None` if
    /// there is no such route.
    pub(super) async fn remove_routes(
        &self,
        name: Option<&str>,
    ) -> Result<Option<u64>, BrowserError> {
        let (removed, kept): (Vec<_>, Vec<_>) = {
            let mut routes = self.routes.lock();
            std::mem::take(&mut *routes)
                .into_iter()
                .partition(|(known, _)| name.is_none() || known.as_deref() == name)
        };
        self.routes.lock().extend(kept);
        if removed.is_empty() && name.is_some() {
            return Ok(None);
        }
        let mut requests = 0;
        for (_, route) in removed {
            requests += route.hits();
            route.remove().await?;
        }
        Ok(Some(requests))
    }

    /// Up to which answer of `page` the steps have looked.
    pub(super) fn answered(&self, page: &Page) -> ExchangeMark {
        let answered = self.answered.lock();
        let known = answered.iter().find(|(known, _)| known.is_same(page));
        known.map(|(_, mark)| *mark).unwrap_or_default()
    }

    pub(super) fn set_answered(&self, page: &Page, mark: ExchangeMark) {
        let mut answered = self.answered.lock();
        answered.retain(|(known, _)| !known.is_same(page) && !known.is_closed());
        answered.push((page.clone(), mark));
    }

    /// The page to work on: the one opened last by the session, or, when that has closed, the newest
    /// that is still there.
    pub(super) fn page(&self) -> Page {
        let mut current = self.page.lock();
        if current.page.is_closed()
            && let Some(newest) = self.context.pages().pop()
        {
            *current = Current {
                page: newest,
                checkpointed: None,
            };
        }
        current.page.clone()
    }

    /// Goes on in a new page at the address of one that has crashed: cookies and storage are still there,
    /// and a step that is tried again finds the page.
    pub(super) async fn reopen(&self, crashed: &Page) {
        if !self.page.lock().page.is_same(crashed) {
            return;
        }
        let until = Instant::now() + REOPENING;
        let Ok(page) = self.context.new_page(until).await else {
            return;
        };
        let url = crashed.url();
        self.switch_to(page.clone());
        // Whether it comes is seen by the next step.
        let _ = page.goto(&url, Until::DomContentLoaded, until).await;
        let _ = crashed.clone().close().await;
    }

    /// What is known of the session's targets, and what may be done when one is not found.
    pub(super) fn healer(&self) -> &Healer {
        &self.healer
    }

    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    /// Goes on with another page.
    pub(super) fn switch_to(&self, page: Page) {
        if let Ok(mut recording) = self.recording.try_lock()
            && let Some(recording) = recording.as_mut()
        {
            recording.listen_to(&page);
        }
        *self.page.lock() = Current {
            page,
            checkpointed: None,
        };
    }
}

/// The page of the innermost session around a step.
pub(super) fn page(cx: &StepContext) -> Result<Page, NodeError> {
    Ok(session(cx)?.page())
}

pub(super) fn session(cx: &StepContext) -> Result<Arc<LiveBrowser>, NodeError> {
    cx.resource::<LiveBrowser>("browser session")
}

#[async_trait]
impl Resource for LiveBrowser {
    async fn close(&self, end: BlockEnd) -> Result<(), NodeError> {
        if let Some(task) = self.alive.lock().take() {
            task.abort();
        }
        let log_in = self.settle_log_in(end).await;
        let kept = match self.recording.lock().await.take() {
            Some(recording) => recording.finish().await,
            None => Ok(()),
        };
        if let Some(page) = &self.guest {
            // The person whose browser it is may have closed it.
            let _ = page.clone().close().await;
        }
        let closed = match self.browser.lock().await.take() {
            Some(browser) => {
                let closed = browser.close(self.context.clone()).await;
                closed.map_err(|error| explain(&error))
            }
            None => Ok(()),
        };
        // What was learned of the pages helps later runs; this one does without.
        let _ = self.healer.keep();
        closed.and(kept).and(log_in)
    }

    /// Taken of each document while nothing has been done to it yet: its address brings it back, and
    /// the steps that worked on it are done again.
    async fn checkpoint(&self) -> Option<Json> {
        let page = self.page();
        page.settle(Instant::now() + SETTLING).await.ok()?;
        let document = page.untouched_document()?;
        if self.page.lock().checkpointed == Some(document) {
            return None;
        }
        // A page that does not answer now has an older checkpoint, or none.
        let taken = page.checkpoint(Instant::now() + SETTLING).await.ok()?;
        self.page.lock().checkpointed = Some(document);
        serde_json::to_value(taken).ok()
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

//! The browser that the steps of a session share.

use std::{any::Any, sync::Arc, time::Duration};

use async_trait::async_trait;
use casare_browser::{Browser, Context, Page};
use casare_engine::{BlockEnd, NodeError, Resource, StepContext};
use serde_json::Value as Json;
use tokio::{sync::Mutex, time::Instant};

use super::fault::explain;

/// How long a checkpoint may wait for a page that is just navigating.
const SETTLING: Duration = Duration::from_secs(2);

/// A browser with the page that steps work on.
pub(super) struct LiveBrowser {
    browser: Mutex<Option<Browser>>,
    context: Context,
    page: parking_lot::Mutex<Current>,
}

struct Current {
    page: Page,
    /// The document that the last checkpoint was taken of.
    checkpointed: Option<u64>,
}

impl LiveBrowser {
    pub(super) fn new(browser: Browser, context: Context, page: Page) -> Self {
        LiveBrowser {
            browser: Mutex::new(Some(browser)),
            context,
            page: parking_lot::Mutex::new(Current {
                page,
                checkpointed: None,
            }),
        }
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

    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    /// Goes on with another page.
    pub(super) fn switch_to(&self, page: Page) {
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
    async fn close(&self, _end: BlockEnd) -> Result<(), NodeError> {
        match self.browser.lock().await.take() {
            Some(browser) => browser.close().await.map_err(|error| explain(&error)),
            None => Ok(()),
        }
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

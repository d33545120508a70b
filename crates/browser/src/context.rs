//! A browser context: pages that share cookies and storage.

use std::{path::PathBuf, sync::Arc};

use tokio::time::Instant;

use crate::{
    cdp::target,
    core::Core,
    emulation::Emulation,
    error::BrowserError,
    launch::{Proxy, Viewport},
    page::Page,
};

/// How a new context differs from the browser's own.
#[derive(Debug, Clone, Default)]
pub struct ContextOptions {
    pub proxy: Option<Proxy>,
    pub viewport: Option<Viewport>,
    pub downloads: Option<PathBuf>,
    /// What its pages are made to believe.
    pub emulation: Emulation,
}

/// Pages that share cookies and storage. Clones are the same context.
#[derive(Debug, Clone)]
pub struct Context {
    pub(crate) core: Arc<Core>,
    pub(crate) id: Option<String>,
}

/// A moment; answers which pages are newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(u64);

impl Context {
    pub(crate) fn new(core: Arc<Core>, id: Option<String>) -> Self {
        Context { core, id }
    }

    /// Opens an empty page.
    pub async fn new_page(&self, deadline: Instant) -> Result<Page, BrowserError> {
        let created = target::CreateTarget {
            url: "about:blank".into(),
            browser_context_id: self.id.clone(),
        };
        let target = self.core.call(&created).await?.target_id;
        let page = self
            .core
            .wait(deadline, |core| core.page(&target))
            .await?
            .ok_or_else(|| BrowserError::Unresponsive {
                url: "about:blank".into(),
                waited: deadline.elapsed(),
                because: "a new page did not come up".into(),
            })?;
        page.wait_ready(deadline).await?;
        Ok(Page::new(page))
    }

    /// The open pages, oldest first: ours, and those that pages have opened.
    pub fn pages(&self) -> Vec<Page> {
        let pages = self.core.pages.lock();
        pages
            .iter()
            .filter(|page| self.owns(page))
            .cloned()
            .map(Page::new)
            .collect()
    }

    fn owns(&self, page: &crate::page::PageCore) -> bool {
        self.id.is_none() || page.context_id == self.id
    }

    /// This moment, for [`Context::page_after`]: take it before the click that opens a page.
    pub fn mark(&self) -> Mark {
        Mark(self.core.next_serial())
    }

    /// Waits for a page (a popup, a new tab) that was opened after `mark`.
    ///
    /// # Errors
    ///
    /// `WaitTimeout`.
    pub async fn page_after(&self, mark: Mark, deadline: Instant) -> Result<Page, BrowserError> {
        let started = Instant::now();
        let newer = |core: &Core| {
            core.pages
                .lock()
                .iter()
                .find(|page| page.serial > mark.0 && self.owns(page))
                .cloned()
        };
        let page =
            self.core
                .wait(deadline, newer)
                .await?
                .ok_or_else(|| BrowserError::WaitTimeout {
                    what: "a new page".into(),
                    waited: started.elapsed(),
                    found: String::new(),
                })?;
        page.wait_ready(deadline).await?;
        Ok(Page::new(page))
    }

    /// Closes its pages and forgets its cookies; the browser's own context only loses its pages.
    pub async fn close(self) -> Result<(), BrowserError> {
        match &self.id {
            Some(id) => {
                self.core
                    .call(&target::DisposeBrowserContext {
                        browser_context_id: id.clone(),
                    })
                    .await?;
                self.core.contexts.lock().remove(&self.id);
            }
            None => {
                for page in self.pages() {
                    page.close().await?;
                }
            }
        }
        Ok(())
    }
}

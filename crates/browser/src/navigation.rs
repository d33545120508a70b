//! Going to addresses and waiting until they are there.

use std::{future::Future, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

use crate::{
    cdp::{emulation, page as cdp_page, runtime},
    error::{BrowserError, seconds},
    network::matches_address,
    page::{Page, PageCore},
};

/// How long a busy script may take to end when it is told to.
const FREEING: Duration = Duration::from_millis(500);
/// How long it may take to leave a page that is busy for ever.
const LEAVING: Duration = Duration::from_secs(2);

/// When a navigation counts as done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Until {
    /// The new document has begun to arrive.
    Commit,
    /// It has been read; pictures and frames may be missing.
    DomContentLoaded,
    /// With everything that it names.
    #[default]
    Load,
    /// And there was no request for half a second.
    NetworkIdle,
}

impl Until {
    fn lifecycle(self) -> &'static str {
        match self {
            Until::Commit => "commit",
            Until::DomContentLoaded => "DOMContentLoaded",
            Until::Load => "load",
            Until::NetworkIdle => "networkIdle",
        }
    }
}

/// Where a navigation ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Navigation {
    /// The address after redirects.
    pub url: String,
    /// The HTTP status; `None` for other schemes, and where the document stayed the same.
    pub status: Option<u16>,
}

impl Page {
    /// Opens `url` and waits until it has come as far as `until`.
    ///
    /// A status such as 404 is no error: the page is there, and says so in [`Navigation::status`].
    ///
    /// # Errors
    ///
    /// `Navigation` with the network's reason; `NavigationTimeout` with what is still loading.
    pub async fn goto(
        &self,
        url: &str,
        until: Until,
        deadline: Instant,
    ) -> Result<Navigation, BrowserError> {
        let started = Instant::now();
        let refused = |reason: String| BrowserError::Navigation {
            url: url.to_owned(),
            reason,
        };
        if url::Url::parse(url).is_err() {
            return Err(refused("net::ERR_INVALID_URL".into()));
        }
        if !self.core.free().await {
            self.core.leave().await;
        }
        self.core.calm().await;
        let before = self.commits();
        let reply = self.core.session.call(&cdp_page::Navigate {
            url: url.to_owned(),
        });
        let Ok(reply) = timeout_at(deadline, reply).await else {
            self.core.session.tell(&cdp_page::StopLoading {});
            return Err(self.not_ready(url, "the server has not answered", started.elapsed()));
        };
        let reply = reply.map_err(|error| self.core.explain(error))?;
        if reply.is_download == Some(true) {
            return Ok(Navigation {
                url: self.url(),
                status: None,
            });
        }
        if let Some(reason) = reply.error_text.filter(|reason| !reason.is_empty()) {
            return Err(refused(reason));
        }
        let Some(loader) = reply.loader_id else {
            // Only the part after `#` changed: nothing loads.
            return Ok(Navigation {
                url: self.url(),
                status: None,
            });
        };
        self.reach(until, &loader, before, started, deadline).await
    }

    /// Loads the page again.
    pub async fn reload(
        &self,
        until: Until,
        deadline: Instant,
    ) -> Result<Navigation, BrowserError> {
        let session = self.core.session.clone();
        let sent = async move { session.call(&cdp_page::Reload {}).await.map(drop) };
        self.replace_document(sent, until, deadline).await
    }

    /// Goes back in the page's history; stays where it is if there is nothing to go back to.
    pub async fn back(&self, until: Until, deadline: Instant) -> Result<Navigation, BrowserError> {
        self.travel(-1, until, deadline).await
    }

    /// Goes forward in the page's history.
    pub async fn forward(
        &self,
        until: Until,
        deadline: Instant,
    ) -> Result<Navigation, BrowserError> {
        self.travel(1, until, deadline).await
    }

    async fn travel(
        &self,
        steps: i64,
        until: Until,
        deadline: Instant,
    ) -> Result<Navigation, BrowserError> {
        let history = self
            .core
            .call(&cdp_page::GetNavigationHistory {}, deadline)
            .await?;
        let target = usize::try_from(history.current_index + steps).ok();
        let Some(entry) = target.and_then(|at| history.entries.get(at)) else {
            return Ok(Navigation {
                url: self.url(),
                status: None,
            });
        };
        // Between addresses of one document nothing loads.
        let fragmentless = |url: &str| url.split('#').next().unwrap_or_default().to_owned();
        let same_document = fragmentless(&entry.url) == fragmentless(&self.url());
        let command = cdp_page::NavigateToHistoryEntry { entry_id: entry.id };
        if same_document {
            self.core.call(&command, deadline).await?;
            return Ok(Navigation {
                url: entry.url.clone(),
                status: None,
            });
        }
        let session = self.core.session.clone();
        let sent = async move { session.call(&command).await.map(drop) };
        self.replace_document(sent, until, deadline).await
    }

    async fn replace_document(
        &self,
        sent: impl Future<Output = Result<(), crate::connection::CallError>>,
        until: Until,
        deadline: Instant,
    ) -> Result<Navigation, BrowserError> {
        let started = Instant::now();
        let before = self.commits();
        self.core.free().await;
        let late = || {
            self.not_ready(
                &self.url(),
                "the server has not answered",
                started.elapsed(),
            )
        };
        timeout_at(deadline, sent)
            .await
            .map_err(|_| late())?
            .map_err(|error| self.core.explain(error))?;
        let committed = |state: &mut crate::page::PageState| {
            (state.progress.commits > before).then(|| state.progress.loader.clone())
        };
        let loader = self
            .core
            .wait(deadline, committed)
            .await?
            .ok_or_else(late)?;
        self.reach(until, &loader, before, started, deadline).await
    }

    fn commits(&self) -> u64 {
        self.core.state.lock().progress.commits
    }

    /// Waits until the document of `loader`, or one that has replaced it, is as far as `until`.
    async fn reach(
        &self,
        until: Until,
        loader: &str,
        before: u64,
        started: Instant,
        deadline: Instant,
    ) -> Result<Navigation, BrowserError> {
        let reached = self.core.wait(deadline, |state| {
            let progress = &state.progress;
            let current = progress.loader == loader || progress.commits > before + 1;
            let there =
                current && (until == Until::Commit || progress.has_reached(until.lifecycle()));
            there.then(|| Navigation {
                url: state.frames.main().url.clone(),
                status: progress.status(&progress.loader),
            })
        });
        if let Some(navigation) = reached.await? {
            return Ok(navigation);
        }
        let state = {
            let state = self.core.state.lock();
            let progress = &state.progress;
            match until {
                _ if progress.loader != loader && progress.commits <= before => {
                    "the server has not answered".to_owned()
                }
                Until::NetworkIdle if progress.has_reached("load") => {
                    "it has loaded, but requests go on; it may never be idle".to_owned()
                }
                _ if progress.has_reached("DOMContentLoaded") => {
                    "its text is there, but not everything that it names".to_owned()
                }
                _ => "its text has not come completely".to_owned(),
            }
        };
        Err(self.not_ready(&self.url(), &state, started.elapsed()))
    }

    /// What was waited for, as part of an error.
    fn describe_pending(&self) -> Vec<String> {
        let state = self.core.state.lock();
        state
            .progress
            .pending()
            .map(|request| {
                format!(
                    "{} ({}, for {})",
                    request.url,
                    request.kind,
                    seconds(request.since.elapsed())
                )
            })
            .take(5)
            .collect()
    }

    fn not_ready(&self, url: &str, state: &str, waited: Duration) -> BrowserError {
        let pending = self.describe_pending();
        BrowserError::NavigationTimeout {
            url: url.to_owned(),
            waited,
            state: state.to_owned(),
            pending,
        }
    }

    /// Waits until the page's address matches `pattern`: an address in which `*` stands for anything, or
    /// a part of one.
    ///
    /// # Errors
    ///
    /// `WaitTimeout` with the address that the page had instead.
    pub async fn wait_for_url(
        &self,
        pattern: &str,
        deadline: Instant,
    ) -> Result<String, BrowserError> {
        let started = Instant::now();
        let found = self.core.wait(deadline, |state| {
            let url = &state.frames.main().url;
            matches_address(pattern, url).then(|| url.clone())
        });
        found.await?.ok_or_else(|| BrowserError::WaitTimeout {
            what: format!("the address `{pattern}`"),
            waited: started.elapsed(),
            found: format!("the page was at {}", self.url()),
        })
    }
}

impl PageCore {
    /// Ends what a page's script is doing if that has kept the page busy: who navigates leaves it anyway.
    /// Answers whether the page is free now.
    async fn free(&self) -> bool {
        let stuck = std::mem::take(&mut self.state.lock().stuck);
        if !stuck {
            return true;
        }
        let ended = self.session.call(&runtime::TerminateExecution {});
        tokio::time::timeout(FREEING, ended).await.is_ok()
    }

    /// Sees to it that a page that is just going elsewhere by itself does not go on with that over the document
    /// that comes next: its scripts rest until it stands.
    async fn calm(&self) {
        let settled = |state: &mut crate::page::PageState| {
            let progress = &state.progress;
            (progress.has_reached("DOMContentLoaded") && !progress.is_navigating()).then_some(())
        };
        if settled(&mut self.state.lock()).is_some() {
            return;
        }
        let patience = Instant::now() + LEAVING;
        let resting = self
            .session
            .call(&emulation::SetScriptExecutionDisabled { value: true });
        if timeout_at(patience, resting).await.is_ok() {
            drop(self.wait(patience, settled).await);
        }
        self.session
            .tell(&emulation::SetScriptExecutionDisabled { value: false });
    }

    /// Leaves a page whose script cannot be ended, such as a loop of alerts: a document of no site comes in
    /// a process of its own, and the next one does not have to wait for the old.
    async fn leave(&self) {
        let before = self.state.lock().progress.commits;
        self.session.tell(&cdp_page::Navigate {
            url: "data:text/html,".into(),
        });
        let left = self.wait(Instant::now() + LEAVING, |state| {
            (state.progress.commits > before).then_some(())
        });
        // If it cannot be left, the navigation that follows says so.
        drop(left.await);
    }
}

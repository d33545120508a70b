//! What all pages of one browser share: the connection, who is there, and the downloads.

use std::{
    collections::HashMap,
    fmt,
    path::PathBuf,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;
use serde_json::value::RawValue;
use tokio::{sync::watch, time::Instant};

use crate::{
    cdp::{Command, Event, browser, target},
    connection::{CallError, Connection, Listener, Session, parse},
    download::Downloads,
    emulation::Emulation,
    error::BrowserError,
    network::{har::Recording, login::Logins, route::Rule},
    page::PageCore,
    recording::Tap,
    screencast::Camera,
};

/// What a browser context's pages have in common.
#[derive(Debug, Clone, Default)]
pub(crate) struct ContextSettings {
    pub(crate) downloads: PathBuf,
    /// Where the pictures are that locators name.
    pub(crate) pictures: PathBuf,
    pub(crate) emulation: Emulation,
    pub(crate) logins: Logins,
    /// Newest first.
    pub(crate) rules: Vec<Arc<Rule>>,
    pub(crate) recording: Option<Arc<Recording>>,
    pub(crate) camera: Option<Arc<Camera>>,
    /// What a recording of what people do hears by.
    pub(crate) recorder: Option<Arc<Tap>>,
}

pub(crate) struct Core {
    pub(crate) connection: Connection,
    pub(crate) root: Session,
    pub(crate) pages: Mutex<Vec<Arc<PageCore>>>,
    pub(crate) contexts: Mutex<HashMap<Option<String>, ContextSettings>>,
    pub(crate) downloads: Mutex<Downloads>,
    /// Counts changes of pages and downloads; whoever waits for one of them looks again.
    changed: watch::Sender<u64>,
    serial: AtomicU64,
    /// Product and version of the browser, once it has said.
    product: OnceLock<String>,
    this: Weak<Core>,
}

impl fmt::Debug for Core {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Core")
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

impl Core {
    pub(crate) fn new(connection: Connection) -> Arc<Self> {
        let root = connection.root();
        Arc::new_cyclic(|this: &Weak<Core>| {
            let listener: Weak<dyn Listener> = this.clone();
            root.listen(listener);
            Core {
                connection,
                root,
                pages: Mutex::default(),
                contexts: Mutex::default(),
                downloads: Mutex::default(),
                changed: watch::Sender::new(0),
                serial: AtomicU64::new(1),
                product: OnceLock::new(),
                this: this.clone(),
            }
        })
    }

    /// Attaches to every page there is and will be, each held until it is set up.
    pub(crate) async fn attach(&self) -> Result<(), BrowserError> {
        let only_pages = vec![
            target::FilterEntry {
                r#type: Some("page".into()),
                exclude: Some(false),
            },
            target::FilterEntry {
                r#type: None,
                exclude: Some(true),
            },
        ];
        self.call(&target::SetAutoAttach {
            auto_attach: true,
            wait_for_debugger_on_start: true,
            flatten: Some(true),
            filter: Some(only_pages),
        })
        .await?;
        Ok(())
    }

    pub(crate) async fn call<C: Command>(&self, command: &C) -> Result<C::Reply, BrowserError> {
        self.root
            .call(command)
            .await
            .map_err(|error| self.explain(error))
    }

    pub(crate) fn explain(&self, error: CallError) -> BrowserError {
        error.into_error(&self.connection, "")
    }

    pub(crate) fn next_serial(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn set_product(&self, product: &str) {
        // It is said once.
        let _ = self.product.set(product.to_owned());
    }

    pub(crate) fn product(&self) -> String {
        self.product.get().cloned().unwrap_or_default()
    }

    /// Reads the settings of a context. The browser's own context is known by `None` to us, by an id to its
    /// pages.
    pub(crate) fn with_settings<T>(
        &self,
        context: Option<&String>,
        read: impl FnOnce(&ContextSettings) -> T,
    ) -> T {
        let contexts = self.contexts.lock();
        let known = contexts
            .get(&context.cloned())
            .or_else(|| contexts.get(&None));
        match known {
            Some(settings) => read(settings),
            None => read(&ContextSettings::default()),
        }
    }

    /// Changes the settings of a context that was made here.
    pub(crate) fn change_settings(
        &self,
        context: Option<&String>,
        change: impl FnOnce(&mut ContextSettings),
    ) {
        let mut contexts = self.contexts.lock();
        change(contexts.entry(context.cloned()).or_default());
    }

    /// The open pages of a context that was made here.
    pub(crate) fn pages_of(&self, context: Option<&String>) -> Vec<Arc<PageCore>> {
        let contexts = self.contexts.lock();
        let pages = self.pages.lock();
        pages
            .iter()
            .filter(|page| match context {
                Some(_) => page.context_id.as_ref() == context,
                None => !contexts.contains_key(&page.context_id) || page.context_id.is_none(),
            })
            .cloned()
            .collect()
    }

    pub(crate) fn announce_change(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    pub(crate) fn page(&self, target_id: &str) -> Option<Arc<PageCore>> {
        self.pages
            .lock()
            .iter()
            .find(|page| page.target_id == target_id)
            .cloned()
    }

    /// Looks again after each change until `look` finds something; `None` at the deadline.
    pub(crate) async fn wait<T>(
        &self,
        deadline: Instant,
        mut look: impl FnMut(&Core) -> Option<T>,
    ) -> Result<Option<T>, BrowserError> {
        let mut changed = self.changed.subscribe();
        loop {
            if let Some(found) = look(self) {
                return Ok(Some(found));
            }
            tokio::select! {
                outcome = changed.changed() => if outcome.is_err() { return Ok(None) },
                () = self.connection.wait_ended() => return Err(self.explain(CallError::Gone)),
                () = tokio::time::sleep_until(deadline) => return Ok(look(self)),
            }
        }
    }

    fn attached(&self, event: &target::AttachedToTarget) {
        let session = self.connection.session(&event.session_id);
        let Some(core) = self.this.upgrade() else {
            return;
        };
        if event.target_info.r#type == "page" {
            let page = PageCore::attach(core, session, &event.target_info);
            self.pages.lock().push(page);
            self.announce_change();
        } else {
            session.tell(&crate::cdp::runtime::RunIfWaitingForDebugger {});
        }
    }

    /// A tab that a link opened for a download is gone before it is known.
    fn record_ownerless_download(&self, name: &str) {
        let contexts = self.contexts.lock();
        let recorder = contexts
            .values()
            .find_map(|settings| settings.recorder.as_ref());
        if let Some(tap) = recorder {
            tap.download("", name);
        }
    }

    fn detached(&self, session_id: &str) {
        let gone = {
            let mut pages = self.pages.lock();
            let at = pages
                .iter()
                .position(|page| page.session.id() == Some(session_id));
            at.map(|at| pages.remove(at))
        };
        if let Some(page) = gone {
            page.session.forget();
            page.ended();
        }
        self.announce_change();
    }
}

impl Listener for Core {
    fn event(&self, method: &str, params: &RawValue) {
        match method {
            target::AttachedToTarget::METHOD => {
                if let Some(event) = parse(params) {
                    self.attached(&event);
                }
            }
            target::DetachedFromTarget::METHOD => {
                if let Some(event) = parse::<target::DetachedFromTarget>(params) {
                    self.detached(&event.session_id);
                }
            }
            browser::DownloadWillBegin::METHOD => {
                if let Some(event) = parse::<browser::DownloadWillBegin>(params) {
                    // A link that turns out to be a download leaves the page where it is.
                    let mut owned = false;
                    for page in self.pages.lock().iter() {
                        page.navigation_became_download(&event.frame_id);
                        owned |= page.record_download(&event);
                    }
                    if !owned {
                        self.record_ownerless_download(&event.suggested_filename);
                    }
                    self.downloads.lock().begin(event);
                    self.announce_change();
                }
            }
            browser::DownloadProgress::METHOD => {
                if let Some(event) = parse(params) {
                    self.downloads.lock().progress(&event);
                    self.announce_change();
                }
            }
            _ => {}
        }
    }

    fn ended(&self) {
        for page in self.pages.lock().drain(..) {
            page.ended();
        }
        self.announce_change();
    }
}

//! A page: what the browser has told us about it, kept current by its events.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use serde::Deserialize;
use tokio::{
    sync::{broadcast, watch},
    time::Instant,
};
use tracing::debug;

use crate::{
    cdp::{Command, browser, emulation, inspector, network, page, runtime, target},
    connection::{CallError, Session},
    context::Context,
    core::Core,
    error::BrowserError,
    events::{DialogPolicy, DialogRecord, FrameSession, PageEvent},
    frames::{Frames, Progress},
    network::{har::recording_buffers, traffic::Traffic},
    pointer::DragBegun,
    recording::Tap,
};

/// The name of the world that our script lives in, unseen by the page's own scripts.
pub(crate) const WORLD: &str = "casare";
const PAGE_SCRIPT: &str = concat!(
    include_str!("page_script.js"),
    include_str!("healing_script.js")
);
/// Longest time that an announced navigation holds up an action; some never come to anything.
const NAVIGATION_PATIENCE: Duration = Duration::from_secs(10);

/// An open page (a tab, a popup). Clones are the same page.
#[derive(Clone)]
pub struct Page {
    pub(crate) core: Arc<PageCore>,
}

impl fmt::Debug for Page {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Page")
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}

pub(crate) struct PageCore {
    pub(crate) browser: Weak<Core>,
    pub(crate) target_id: String,
    pub(crate) context_id: Option<String>,
    pub(crate) opener: Option<String>,
    pub(crate) session: Session,
    /// Grows from page to page: tells which came after a moment.
    pub(crate) serial: u64,
    pub(crate) state: Mutex<PageState>,
    pub(crate) changed: watch::Sender<u64>,
    pub(crate) events: broadcast::Sender<PageEvent>,
    pub(crate) traffic: Mutex<Traffic>,
    /// How many wait for an exchange to end.
    pub(crate) traffic_watchers: AtomicUsize,
    /// Set where what a person does on this page is recorded.
    pub(crate) recorder: OnceLock<Arc<Tap>>,
    ready: AtomicBool,
}

/// What is known of a page now.
pub(crate) struct PageState {
    pub(crate) frames: Frames,
    pub(crate) progress: Progress,
    pub(crate) policy: DialogPolicy,
    pub(crate) dialogs: Vec<DialogRecord>,
    pub(crate) chooser: Option<(Session, i64)>,
    /// A drag that the page has begun and the browser has handed to us.
    pub(crate) drag: Option<DragBegun>,
    /// Requests whose server was told a name and a password already.
    pub(crate) challenged: HashSet<String>,
    /// Every request is answered with an empty document, while storage is restored.
    pub(crate) stand_in: bool,
    /// Its script did not let us in.
    pub(crate) stuck: bool,
    pub(crate) closed: bool,
    pub(crate) crashed: bool,
    /// Keeps the listeners of this page's sessions alive; the connection only knows them weakly.
    pub(crate) listeners: HashMap<String, Arc<FrameSession>>,
}

impl PageCore {
    /// Takes on a page that the browser has just attached, and sets it up without waiting.
    pub(crate) fn attach(
        core: Arc<Core>,
        session: Session,
        info: &target::TargetInfo,
    ) -> Arc<Self> {
        let context_id = info.browser_context_id.clone();
        let page = Arc::new(PageCore {
            browser: Arc::downgrade(&core),
            target_id: info.target_id.clone(),
            context_id,
            opener: info.opener_id.clone(),
            session: session.clone(),
            serial: core.next_serial(),
            state: Mutex::new(PageState {
                // The main frame of a page has the id of its target.
                frames: Frames::new(&info.target_id, &info.url, session.clone()),
                progress: Progress::default(),
                policy: DialogPolicy::Dismiss,
                dialogs: Vec::new(),
                chooser: None,
                drag: None,
                challenged: HashSet::new(),
                stand_in: false,
                stuck: false,
                closed: false,
                crashed: false,
                listeners: HashMap::new(),
            }),
            changed: watch::Sender::new(0),
            events: broadcast::Sender::new(1024),
            traffic: Mutex::default(),
            traffic_watchers: AtomicUsize::new(0),
            recorder: OnceLock::new(),
            ready: AtomicBool::new(false),
        });
        let recorder = core.with_settings(page.context_id.as_ref(), |settings| {
            settings.recorder.clone()
        });
        if let Some(tap) = recorder.filter(|tap| tap.takes(&page.target_id, page.opener.as_deref()))
        {
            tap.attached(&page);
            // A new page has none yet.
            let _ = page.recorder.set(tap);
        }
        page.add_session(session.clone());
        // Pages behind others, and pages of windows without focus, behave as if a person were on them.
        session.tell(&emulation::SetFocusEmulationEnabled { enabled: true });
        session.tell(&inspector::Enable {});
        let set_up = page.set_up_session(&session);
        let this = Arc::clone(&page);
        tokio::spawn(async move {
            match set_up.await {
                Ok(()) => {
                    this.ready.store(true, Ordering::Release);
                    this.announce();
                }
                // A page that vanishes while it is set up is told as closed to whoever waits.
                Err(error) => debug!(?error, "a page was not set up"),
            }
        });
        page
    }

    /// Hears a session's events; also for the sessions of frames in other processes.
    pub(crate) fn add_session(self: &Arc<Self>, session: Session) {
        let listener = Arc::new(FrameSession::new(Arc::downgrade(self), session.clone()));
        let weak = Arc::downgrade(&listener);
        let id = session.id().unwrap_or_default().to_owned();
        self.state.lock().listeners.insert(id, listener);
        session.listen(weak);
    }

    /// Sends everything a new session needs, in one go; resolves when the browser has taken it.
    pub(crate) fn set_up_session(
        self: &Arc<Self>,
        session: &Session,
    ) -> impl Future<Output = Result<(), CallError>> + Send + use<> {
        session.tell(&page::Enable::default());
        session.tell(&page::SetLifecycleEventsEnabled { enabled: true });
        let tree = session.call(&page::GetFrameTree {});
        session.tell(&runtime::Enable {});
        session.tell(&page::AddScriptToEvaluateOnNewDocument {
            source: PAGE_SCRIPT.into(),
            world_name: Some(WORLD.into()),
            run_immediately: Some(true),
        });
        if self.recorder.get().is_some() {
            Tap::start(session);
        }
        let core = self.browser.upgrade();
        let recorded = core.as_ref().is_some_and(|core| {
            core.with_settings(self.context_id.as_ref(), |settings| {
                settings.recording.is_some()
            })
        });
        session.tell(&if recorded {
            recording_buffers()
        } else {
            // Room for the answer that a step may want to see, not for everything.
            network::Enable {
                max_total_buffer_size: Some(8 << 20),
                max_resource_buffer_size: Some(2 << 20),
                max_post_data_size: Some(1 << 14),
            }
        });
        if let Some(core) = &core {
            self.emulate_in(core, session);
            self.intercept_new(core, session);
            let camera =
                core.with_settings(self.context_id.as_ref(), |settings| settings.camera.clone());
            if let Some(camera) = camera.filter(|_| session.id() == self.session.id()) {
                camera.start(session);
            }
        }
        session.tell(&target::SetAutoAttach {
            auto_attach: true,
            wait_for_debugger_on_start: true,
            flatten: Some(true),
            filter: Some(vec![
                target::FilterEntry {
                    r#type: Some("iframe".into()),
                    exclude: Some(false),
                },
                target::FilterEntry {
                    r#type: None,
                    exclude: Some(true),
                },
            ]),
        });
        let running = session.call(&runtime::RunIfWaitingForDebugger {});
        let (this, session) = (Arc::downgrade(self), session.clone());
        async move {
            let tree = tree.await?;
            if let Some(this) = this.upgrade() {
                this.state.lock().frames.merge(&tree.frame_tree, &session);
            }
            running.await?;
            Ok(())
        }
    }

    /// The sessions of its frames in other processes.
    pub(crate) fn frame_sessions(&self) -> Vec<Session> {
        let state = self.state.lock();
        let sessions = state
            .listeners
            .values()
            .map(|frame| frame.session().clone());
        sessions
            .filter(|session| session.id() != self.session.id())
            .collect()
    }

    /// Its own session and those of its frames.
    pub(crate) fn all_sessions(&self) -> Vec<Session> {
        let mut sessions = self.frame_sessions();
        sessions.push(self.session.clone());
        sessions
    }

    pub(crate) fn announce(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    pub(crate) fn emit(&self, event: PageEvent) {
        // Nobody may be listening.
        let _ = self.events.send(event);
    }

    pub(crate) fn ended(&self) {
        {
            let mut state = self.state.lock();
            if let (Some(tap), false) = (self.recorder.get(), state.closed) {
                tap.ended(self);
            }
            state.closed = true;
            for (_, listener) in state.listeners.drain() {
                listener.session().forget();
            }
        }
        self.announce();
    }

    pub(crate) fn navigation_became_download(&self, frame: &str) {
        let mut state = self.state.lock();
        if frame == self.target_id {
            state.progress.navigation_ended();
            drop(state);
            self.announce();
        }
    }

    /// Tells a recording of a download in one of its frames; answers whether it is in one.
    pub(crate) fn record_download(&self, event: &browser::DownloadWillBegin) -> bool {
        let is_ours = self.state.lock().frames.contains(&event.frame_id);
        if let (Some(tap), true) = (self.recorder.get(), is_ours) {
            tap.download(&self.target_id, &event.suggested_filename);
        }
        is_ours
    }

    pub(crate) async fn wait_ready(&self, deadline: Instant) -> Result<(), BrowserError> {
        let started = Instant::now();
        self.wait(deadline, |_| {
            self.ready.load(Ordering::Acquire).then_some(())
        })
        .await?
        .ok_or_else(|| BrowserError::Unresponsive {
            url: self.url(),
            waited: started.elapsed(),
            because: "it did not come up".into(),
        })
    }

    pub(crate) fn url(&self) -> String {
        self.state.lock().frames.main().url.clone()
    }

    /// Looks at the state again after each change; `None` at the deadline, an error if the page has gone.
    pub(crate) async fn wait<T>(
        &self,
        deadline: Instant,
        mut look: impl FnMut(&mut PageState) -> Option<T>,
    ) -> Result<Option<T>, BrowserError> {
        let mut changed = self.changed.subscribe();
        loop {
            {
                let mut state = self.state.lock();
                if let Some(found) = look(&mut state) {
                    return Ok(Some(found));
                }
                self.ensure_open(&state)?;
            }
            tokio::select! {
                biased;
                outcome = changed.changed() => if outcome.is_err() { return Ok(None) },
                () = tokio::time::sleep_until(deadline) => return Ok(look(&mut self.state.lock())),
            }
        }
    }

    fn ensure_open(&self, state: &PageState) -> Result<(), BrowserError> {
        let url = || state.frames.main().url.clone();
        if let Some(reason) = self.session.connection().ended() {
            Err(BrowserError::Gone { reason })
        } else if state.crashed {
            Err(BrowserError::PageCrashed { url: url() })
        } else if state.closed {
            Err(BrowserError::PageClosed { url: url() })
        } else {
            Ok(())
        }
    }

    /// A navigation that a click or script has announced must have come to something before we act:
    /// the old document is dying, and what is done to it is lost.
    pub(crate) async fn settle(&self, deadline: Instant) -> Result<(), BrowserError> {
        {
            let state = self.state.lock();
            // A page that has crashed answers nothing, ever.
            self.ensure_open(&state)?;
            if !state.progress.is_navigating() {
                return Ok(());
            }
        }
        let patience = deadline.min(Instant::now() + NAVIGATION_PATIENCE);
        self.wait(patience, |state| {
            (!state.progress.is_navigating()).then_some(())
        })
        .await?;
        self.state.lock().progress.navigation_ended();
        Ok(())
    }

    /// What an error of a call means for this page.
    pub(crate) fn explain(&self, error: CallError) -> BrowserError {
        if let CallError::SessionGone = error {
            let state = self.state.lock();
            if let Err(better) = self.ensure_open(&state) {
                return better;
            }
        }
        error.into_error(self.session.connection(), &self.url())
    }

    /// Sends a command to the page and waits for its answer until the deadline.
    pub(crate) async fn call<C: Command>(
        &self,
        command: &C,
        deadline: Instant,
    ) -> Result<C::Reply, BrowserError> {
        let started = Instant::now();
        let reply = self.session.call(command);
        match tokio::time::timeout_at(deadline, reply).await {
            Ok(reply) => reply.map_err(|error| self.explain(error)),
            Err(_) => Err(self.unresponsive(started.elapsed())),
        }
    }

    pub(crate) fn unresponsive(&self, waited: Duration) -> BrowserError {
        let mut state = self.state.lock();
        state.stuck = true;
        let because = if state.crashed {
            "it has crashed"
        } else if state.progress.is_navigating() {
            "it is navigating"
        } else {
            "its own script keeps it busy"
        };
        let url = state.frames.main().url.clone();
        BrowserError::Unresponsive {
            url,
            waited,
            because: because.into(),
        }
    }
}

impl Page {
    pub(crate) fn new(core: Arc<PageCore>) -> Self {
        Page { core }
    }

    /// The address that the page shows now.
    pub fn url(&self) -> String {
        self.core.url()
    }

    /// The number of the document that the page shows, counted from its opening; `None` once something was
    /// done to that document. An untouched document is one that its address alone brings back.
    pub fn untouched_document(&self) -> Option<u64> {
        let state = self.core.state.lock();
        let progress = &state.progress;
        (!progress.touched && !progress.is_navigating()).then_some(progress.commits)
    }

    /// Waits until a navigation that was announced has come to something.
    pub async fn settle(&self, deadline: Instant) -> Result<(), BrowserError> {
        self.core.settle(deadline).await
    }

    /// Notes that something is done to the document.
    pub(crate) fn touch(&self) {
        self.core.state.lock().progress.touched = true;
    }

    /// The title of its document.
    pub async fn title(&self, deadline: Instant) -> Result<String, BrowserError> {
        #[derive(Deserialize)]
        struct Status {
            title: String,
        }
        let status: Status = self.run_here("status", deadline).await?;
        Ok(status.title)
    }

    /// Whether both are the same page.
    pub fn is_same(&self, other: &Page) -> bool {
        Arc::ptr_eq(&self.core, &other.core)
    }

    /// The context that it belongs to; `None` once the browser has been dropped.
    pub fn context(&self) -> Option<Context> {
        let core = self.core.browser.upgrade()?;
        Some(Context::new(core, self.core.context_id.clone()))
    }

    /// Whether the page, or its browser, has gone.
    pub fn is_closed(&self) -> bool {
        let state = self.core.state.lock();
        self.core.ensure_open(&state).is_err()
    }

    /// The pages that this one has opened and that are still there.
    pub fn popups(&self) -> Vec<Page> {
        let Some(core) = self.core.browser.upgrade() else {
            return Vec::new();
        };
        let pages = core.pages.lock();
        let opened = |page: &&Arc<PageCore>| page.opener.as_ref() == Some(&self.core.target_id);
        pages
            .iter()
            .filter(opened)
            .cloned()
            .map(Page::new)
            .collect()
    }

    /// What `alert`, `confirm`, `prompt` are answered from now on; without a word, they are dismissed.
    pub fn set_dialog_policy(&self, policy: DialogPolicy) {
        self.core.state.lock().policy = policy;
    }

    /// The dialogs that the page has shown, oldest first.
    pub fn dialogs(&self) -> Vec<DialogRecord> {
        self.core.state.lock().dialogs.clone()
    }

    /// Console messages, uncaught errors, dialogs and navigations, from now on. A receiver that falls
    /// more than 1,024 events behind loses the oldest.
    pub fn events(&self) -> broadcast::Receiver<PageEvent> {
        self.core.events.subscribe()
    }

    /// Closes the page; `beforeunload` handlers are not asked.
    pub async fn close(self) -> Result<(), BrowserError> {
        let Some(browser) = self.core.browser.upgrade() else {
            return Ok(());
        };
        let target_id = self.core.target_id.clone();
        match browser.root.call(&target::CloseTarget { target_id }).await {
            Ok(_) => {}
            // It has closed itself meanwhile.
            Err(CallError::Refused { .. }) => return Ok(()),
            Err(error) => return Err(browser.explain(error)),
        }
        let deadline = Instant::now() + Duration::from_secs(5);
        self.core
            .wait(deadline, |state| state.closed.then_some(()))
            .await
            .map(drop)
            .or_else(|error| {
                if matches!(
                    error,
                    BrowserError::PageClosed { .. } | BrowserError::PageCrashed { .. }
                ) {
                    Ok(())
                } else {
                    Err(error)
                }
            })
    }

    pub(crate) fn browser_core(&self) -> Result<Arc<Core>, BrowserError> {
        let ended = || self.core.session.connection().ended();
        self.core
            .browser
            .upgrade()
            .ok_or_else(|| BrowserError::Gone {
                reason: ended().unwrap_or_else(|| "it was closed".into()),
            })
    }
}

//! Recording what a person does: pages tell it from inside, the browser what happens around them.
//!
//! A script in each frame's isolated world hears trusted input before the page does and describes the element
//! as it is then. What only the browser knows (addresses typed, tabs, downloads, dialogs) is heard on its
//! sessions. Both come to one task in the order in which they happened, and leave it as actions, each a JSON
//! object in the form of `casare-recorder`'s events.

mod history;
mod listening;
mod place;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout},
};

use self::listening::Listening;
use crate::{
    cdp::{Event, page, runtime},
    connection::{Session, parse},
    context::Context,
    page::{PageCore, WORLD},
    program::call_function,
    target::Target,
};

const SCRIPT: &str = concat!(include_str!("capture.js"), include_str!("overlay.js"));
/// What the script tells us by; only its own world knows it.
const BINDING: &str = "casareRecord";
/// Longest message of a page.
const MOST_TOLD: usize = 1 << 20;
/// How long frames may take to tell what is still being typed.
const FLUSHING: Duration = Duration::from_secs(1);

/// How a recording is made.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RecordOptions {
    /// Whether the recorder's own window is shown in the page.
    pub overlay: bool,
    /// Whether a person answers the page's dialogs; otherwise they are answered as the page's policy says.
    pub dialogs_wait: bool,
    /// Whether tabs count that no recorded page has opened.
    pub new_tabs: bool,
}

impl Default for RecordOptions {
    fn default() -> Self {
        RecordOptions {
            overlay: true,
            dialogs_wait: true,
            new_tabs: true,
        }
    }
}

/// What a recording tells.
#[derive(Debug)]
#[non_exhaustive]
pub enum Recorded {
    /// Something was done, or came of it.
    Did {
        /// Milliseconds since the recording began.
        at: u64,
        /// Which page, by the order in which they were opened, from 0.
        page: usize,
        /// What: an action of `casare-recorder`, as JSON.
        action: Value,
    },
    /// An element was picked, to see what finds it.
    Picked { name: String, target: Box<Target> },
    /// The person wants a pause, or goes on.
    Paused(bool),
    /// The person wants the recording to end.
    Stop,
    /// Something was not recorded.
    Trouble(String),
}

/// A recording under way.
#[derive(Debug)]
pub struct Recording {
    tap: Arc<Tap>,
    told: mpsc::UnboundedReceiver<Recorded>,
    context: Context,
}

impl Context {
    /// Records what is done in the pages that are opened from now on, until the recording is dropped.
    pub fn record(&self, options: &RecordOptions) -> Recording {
        let (raw, heard) = mpsc::unbounded_channel();
        let (tell, told) = mpsc::unbounded_channel();
        let tap = Arc::new(Tap {
            raw,
            options: options.clone(),
            expecting: AtomicBool::new(true),
            known: Mutex::default(),
            worlds: Mutex::default(),
            viewport: Mutex::default(),
        });
        self.core.change_settings(self.id.as_ref(), |settings| {
            settings.recorder = Some(Arc::clone(&tap));
        });
        let listening = Listening::new(Arc::clone(&tap), tell);
        tokio::spawn(listening.run(heard, self.core.connection.clone()));
        Recording {
            tap,
            told,
            context: self.clone(),
        }
    }
}

impl Recording {
    /// What was done next; `None` once the browser has gone.
    pub async fn next(&mut self) -> Option<Recorded> {
        self.told.recv().await
    }

    /// What has been told and not yet been taken.
    pub fn try_next(&mut self) -> Option<Recorded> {
        self.told.try_recv().ok()
    }

    /// Width and height of the first page, once it is there.
    pub fn viewport(&self) -> Option<(u32, u32)> {
        *self.tap.viewport.lock()
    }

    /// Has every frame tell what is still being typed; when this returns, it can be taken.
    pub async fn flush(&self) {
        let worlds: Vec<(Session, i64)> = {
            let worlds = self.tap.worlds.lock();
            let each = worlds.iter();
            each.map(|((_, context), world)| (world.session.clone(), *context))
                .collect()
        };
        let asked = worlds.into_iter().map(|(session, context)| {
            session.call(&call_function(
                "() => globalThis.casare?.recording?.flush()",
                context,
                Vec::new(),
            ))
        });
        // A frame that hangs, or has gone, has nothing more to tell.
        let _ = timeout(FLUSHING, futures::future::join_all(asked)).await;
        let (marker, passed) = oneshot::channel();
        self.tap.hear("", None, What::Marker(marker));
        let _ = timeout(FLUSHING, passed).await;
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let id = self.context.id.as_ref();
        self.context
            .core
            .change_settings(id, |settings| settings.recorder = None);
    }
}

/// What a page is connected to while it is recorded.
#[derive(Debug)]
pub(crate) struct Tap {
    raw: mpsc::UnboundedSender<Raw>,
    options: RecordOptions,
    /// Whether the first page has not come yet.
    expecting: AtomicBool,
    /// The recorded pages.
    known: Mutex<HashSet<String>>,
    /// The worlds of our scripts, by session and context.
    worlds: Mutex<HashMap<(String, i64), World>>,
    viewport: Mutex<Option<(u32, u32)>>,
}

/// Where our script runs.
#[derive(Debug, Clone)]
struct World {
    frame: String,
    session: Session,
}

/// Something heard, not yet understood.
struct Raw {
    /// The page's target; empty for what is about none.
    page: String,
    core: Option<Arc<PageCore>>,
    at: Instant,
    what: What,
}

#[derive(Debug)]
enum What {
    Attached,
    Ended,
    Said { world: (String, i64), text: String },
    Requested,
    Navigated { url: String, within: bool },
    DialogOpened { kind: String },
    DialogClosed { accepted: bool, text: String },
    Download { name: String },
    Marker(oneshot::Sender<()>),
}

impl Tap {
    /// Whether a new page is part of the recording.
    pub(crate) fn takes(&self, target_id: &str, opener: Option<&str>) -> bool {
        let mut known = self.known.lock();
        let takes = match opener {
            Some(opener) if known.contains(opener) => true,
            Some(_) => self.options.new_tabs && !known.is_empty(),
            None => self.expecting.swap(false, Ordering::AcqRel) || self.options.new_tabs,
        };
        if takes {
            known.insert(target_id.to_owned());
        }
        takes
    }

    /// Whether dialogs are left to the person.
    pub(crate) fn leaves_dialogs(&self) -> bool {
        self.options.dialogs_wait
    }

    /// Prepares a session of a recorded page: its own, or that of a frame.
    pub(crate) fn start(session: &Session) {
        session.tell(&runtime::AddBinding {
            name: BINDING.into(),
            execution_context_name: Some(WORLD.into()),
        });
        session.tell(&page::AddScriptToEvaluateOnNewDocument {
            source: SCRIPT.into(),
            world_name: Some(WORLD.into()),
            run_immediately: Some(true),
        });
    }

    fn hear(&self, page: &str, core: Option<&Arc<PageCore>>, what: What) {
        // Nobody listens any more once the recording has ended.
        let _ = self.raw.send(Raw {
            page: page.to_owned(),
            core: core.cloned(),
            at: Instant::now(),
            what,
        });
    }

    pub(crate) fn attached(&self, page: &Arc<PageCore>) {
        self.hear(&page.target_id, Some(page), What::Attached);
    }

    pub(crate) fn ended(&self, page: &PageCore) {
        self.hear(&page.target_id, None, What::Ended);
    }

    /// A download in the page with this target; in nobody's page if it is empty.
    pub(crate) fn download(&self, page: &str, name: &str) {
        let name = name.chars().take(200).collect();
        self.hear(page, None, What::Download { name });
    }

    /// Takes in an event of one of the page's sessions.
    pub(crate) fn event(
        &self,
        page: &Arc<PageCore>,
        session: &Session,
        method: &str,
        params: &RawValue,
    ) {
        let is_main = |frame: &str| frame == page.target_id;
        let what = match method {
            runtime::BindingCalled::METHOD => Self::said(session, params),
            runtime::ExecutionContextCreated::METHOD
            | runtime::ExecutionContextDestroyed::METHOD
            | runtime::ExecutionContextsCleared::METHOD => {
                self.keep_worlds(session, method, params);
                None
            }
            page::FrameRequestedNavigation::METHOD => {
                parse::<page::FrameRequestedNavigation>(params)
                    .filter(|event| is_main(&event.frame_id) && event.disposition == "currentTab")
                    .map(|_| What::Requested)
            }
            page::FrameNavigated::METHOD => parse::<page::FrameNavigated>(params)
                .filter(|event| is_main(&event.frame.id))
                .map(|page::FrameNavigated { frame, .. }| What::Navigated {
                    url: frame.url + frame.url_fragment.as_deref().unwrap_or_default(),
                    within: false,
                }),
            page::NavigatedWithinDocument::METHOD => parse::<page::NavigatedWithinDocument>(params)
                .filter(|event| is_main(&event.frame_id))
                .map(|event| What::Navigated {
                    url: event.url,
                    within: true,
                }),
            page::JavascriptDialogOpening::METHOD => parse::<page::JavascriptDialogOpening>(params)
                .map(|event| What::DialogOpened { kind: event.r#type }),
            page::JavascriptDialogClosed::METHOD => parse::<page::JavascriptDialogClosed>(params)
                .map(|event| What::DialogClosed {
                    accepted: event.result,
                    text: event.user_input,
                }),
            _ => None,
        };
        if let Some(what) = what {
            self.hear(&page.target_id, Some(page), what);
        }
    }

    fn said(session: &Session, params: &RawValue) -> Option<What> {
        let event = parse::<runtime::BindingCalled>(params)?;
        let ours = event.name == BINDING && event.payload.len() <= MOST_TOLD;
        ours.then(|| What::Said {
            world: (
                session.id().unwrap_or_default().to_owned(),
                event.execution_context_id,
            ),
            text: event.payload,
        })
    }

    fn keep_worlds(&self, session: &Session, method: &str, params: &RawValue) {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct AuxData {
            frame_id: String,
        }
        let id = session.id().unwrap_or_default();
        let mut worlds = self.worlds.lock();
        match method {
            runtime::ExecutionContextCreated::METHOD => {
                let created = parse::<runtime::ExecutionContextCreated>(params)
                    .filter(|created| created.context.name == WORLD);
                let Some(context) = created.map(|created| created.context) else {
                    return;
                };
                let aux = context.aux_data.as_deref().map_or("", RawValue::get);
                if let Ok(AuxData { frame_id }) = serde_json::from_str(aux) {
                    let world = World {
                        frame: frame_id,
                        session: session.clone(),
                    };
                    worlds.insert((id.to_owned(), context.id), world);
                }
            }
            runtime::ExecutionContextDestroyed::METHOD => {
                if let Some(event) = parse::<runtime::ExecutionContextDestroyed>(params) {
                    worlds.remove(&(id.to_owned(), event.execution_context_id));
                }
            }
            _ => worlds.retain(|(session, _), _| session != id),
        }
    }
}

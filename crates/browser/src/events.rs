//! What a page's sessions tell: applied to its state, and passed on to whoever listens.

use std::sync::{Arc, Weak};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    cdp::{Event, input, inspector, page, runtime, target},
    connection::{Listener, Session, parse},
    page::{PageCore, WORLD},
};

/// How many dialogs of a page are remembered.
const DIALOGS: usize = 200;

/// How the page's dialogs are answered. Every dialog is recorded, whatever the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DialogPolicy {
    /// Press `Cancel` or the only button.
    Dismiss,
    /// Press `OK`, after typing `text` into a prompt.
    Accept { text: Option<String> },
}

/// A dialog that the page has shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialogRecord {
    /// `alert`, `confirm`, `prompt` or `beforeunload`.
    pub kind: String,
    pub message: String,
    pub accepted: bool,
}

/// Something that happened on a page by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PageEvent {
    /// `level` is `log`, `info`, `warning`, `error`, `debug`, …
    Console {
        level: String,
        text: String,
    },
    /// An exception that nobody caught.
    Error {
        message: String,
    },
    Dialog(DialogRecord),
    /// The main frame shows another document, or another address of the same one.
    Navigated {
        url: String,
    },
}

/// One session of a page: its own, or that of a frame in another process.
pub(crate) struct FrameSession {
    page: Weak<PageCore>,
    session: Session,
}

impl FrameSession {
    pub(crate) fn new(page: Weak<PageCore>, session: Session) -> Self {
        FrameSession { page, session }
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }
}

impl Listener for FrameSession {
    fn event(&self, method: &str, params: &RawValue) {
        if let Some(page) = self.page.upgrade()
            && page.apply(&self.session, method, params)
        {
            page.announce();
        }
    }

    fn ended(&self) {
        // The connection's end is told to the page by the browser's own listener as well.
        if let Some(page) = self.page.upgrade() {
            page.ended();
        }
    }
}

/// Addresses that a navigation to does replace the document; `mailto:` and the like open other programs.
fn replaces_document(url: &str) -> bool {
    ["http:", "https:", "file:", "about:", "blob:", "data:"]
        .iter()
        .any(|scheme| url.starts_with(scheme))
}

impl PageCore {
    /// Takes in one event; answers whether somebody who waits should look again.
    fn apply(self: &Arc<Self>, session: &Session, method: &str, params: &RawValue) -> bool {
        if let Some(tap) = self.recorder.get() {
            tap.event(self, session, method, params);
        }
        match method.split('.').next() {
            Some("Page") => self.apply_page(session, method, params),
            Some("Runtime") => self.apply_runtime(session, method, params),
            Some("Network") => self.apply_network(session, method, params),
            Some("Target") => self.apply_target(session, method, params),
            Some("Fetch") => {
                self.apply_fetch(session, method, params);
                false
            }
            Some("Input") if method == input::DragIntercepted::METHOD => {
                let event = parse::<input::DragIntercepted>(params);
                self.state.lock().drag = event.map(|event| event.data);
                true
            }
            Some("Inspector") if method == inspector::TargetCrashed::METHOD => {
                self.state.lock().crashed = true;
                session.forget();
                true
            }
            _ => false,
        }
    }

    fn apply_page(self: &Arc<Self>, session: &Session, method: &str, params: &RawValue) -> bool {
        let is_main = |id: &str| id == self.target_id;
        match method {
            page::LifecycleEvent::METHOD => {
                let Some(event) = parse::<page::LifecycleEvent>(params) else {
                    return false;
                };
                if is_main(&event.frame_id) {
                    self.state
                        .lock()
                        .progress
                        .lifecycle(&event.loader_id, &event.name);
                }
            }
            page::FrameAttached::METHOD => {
                let Some(event) = parse::<page::FrameAttached>(params) else {
                    return false;
                };
                let mut state = self.state.lock();
                let parent = event.parent_frame_id;
                state.frames.frame(&event.frame_id, None, session).parent = Some(parent);
            }
            page::FrameDetached::METHOD => {
                let Some(event) = parse::<page::FrameDetached>(params) else {
                    return false;
                };
                // On `swap` the frame goes on in another process.
                if event.reason == "remove" {
                    self.state.lock().frames.remove(&event.frame_id);
                }
            }
            page::FrameNavigated::METHOD => {
                let Some(page::FrameNavigated { frame, r#type }) = parse(params) else {
                    return false;
                };
                let mut state = self.state.lock();
                let url = frame.url + frame.url_fragment.as_deref().unwrap_or_default();
                state
                    .frames
                    .navigated(&frame.id, frame.parent_id.as_deref(), &url, session);
                if is_main(&frame.id) {
                    state.progress.committed(&frame.loader_id);
                    if r#type == "BackForwardCacheRestore" {
                        state.progress.restored_whole();
                    }
                    drop(state);
                    self.emit(PageEvent::Navigated { url });
                }
            }
            page::NavigatedWithinDocument::METHOD => {
                let Some(event) = parse::<page::NavigatedWithinDocument>(params) else {
                    return false;
                };
                let mut state = self.state.lock();
                state
                    .frames
                    .navigated(&event.frame_id, None, &event.url, session);
                if is_main(&event.frame_id) {
                    state.progress.navigation_ended();
                    drop(state);
                    self.emit(PageEvent::Navigated { url: event.url });
                }
            }
            page::FrameRequestedNavigation::METHOD => {
                let Some(event) = parse::<page::FrameRequestedNavigation>(params) else {
                    return false;
                };
                let here = is_main(&event.frame_id) && event.disposition == "currentTab";
                if here && replaces_document(&event.url) {
                    self.state.lock().progress.navigation_announced();
                }
            }
            page::FrameStoppedLoading::METHOD => {
                let Some(event) = parse::<page::FrameStoppedLoading>(params) else {
                    return false;
                };
                if is_main(&event.frame_id) {
                    self.state.lock().progress.navigation_ended();
                }
            }
            page::JavascriptDialogOpening::METHOD => {
                let Some(event) = parse(params) else {
                    return false;
                };
                self.answer_dialog(session, event);
            }
            page::ScreencastFrame::METHOD => {
                self.take_frame(session, params);
                return false;
            }
            page::FileChooserOpened::METHOD => {
                let Some(event) = parse::<page::FileChooserOpened>(params) else {
                    return false;
                };
                let field = event.backend_node_id;
                self.state.lock().chooser = field.map(|field| (session.clone(), field));
            }
            _ => return false,
        }
        true
    }

    fn answer_dialog(&self, session: &Session, event: page::JavascriptDialogOpening) {
        if self.recorder.get().is_some_and(|tap| tap.leaves_dialogs()) {
            // The person answers.
            return;
        }
        let mut state = self.state.lock();
        // Who navigates wants to leave the page; its objection would keep us on it for ever.
        let leaving = event.r#type == "beforeunload";
        let (accepted, text) = match &state.policy {
            DialogPolicy::Accept { text } => (true, text.clone().or(event.default_prompt)),
            DialogPolicy::Dismiss => (leaving, None),
        };
        let prompt_text = text.filter(|_| event.r#type == "prompt");
        session.tell(&page::HandleJavaScriptDialog {
            accept: accepted,
            prompt_text,
        });
        let record = DialogRecord {
            kind: event.r#type,
            message: event.message,
            accepted,
        };
        // A page may go on for ever.
        if state.dialogs.len() == DIALOGS {
            state.dialogs.remove(0);
        }
        state.dialogs.push(record.clone());
        drop(state);
        self.emit(PageEvent::Dialog(record));
    }

    fn apply_runtime(&self, session: &Session, method: &str, params: &RawValue) -> bool {
        match method {
            runtime::ExecutionContextCreated::METHOD => {
                #[derive(Deserialize)]
                #[serde(rename_all = "camelCase")]
                struct AuxData {
                    #[serde(default)]
                    frame_id: String,
                    #[serde(default)]
                    is_default: bool,
                }
                let Some(runtime::ExecutionContextCreated { context }) = parse(params) else {
                    return false;
                };
                let Some(aux) = context.aux_data.as_ref() else {
                    return false;
                };
                let Ok(aux) = serde_json::from_str::<AuxData>(aux.get()) else {
                    return false;
                };
                let ours = context.name == WORLD;
                if aux.frame_id.is_empty() || !(ours || aux.is_default) {
                    return false;
                }
                let mut state = self.state.lock();
                state.frames.context_created(
                    &aux.frame_id,
                    context.id,
                    ours,
                    context.origin,
                    session,
                );
            }
            runtime::ExecutionContextDestroyed::METHOD => {
                let Some(event) = parse::<runtime::ExecutionContextDestroyed>(params) else {
                    return false;
                };
                self.state
                    .lock()
                    .frames
                    .context_destroyed(event.execution_context_id, session);
            }
            runtime::ExecutionContextsCleared::METHOD => {
                self.state.lock().frames.contexts_cleared(session);
            }
            runtime::ConsoleAPICalled::METHOD if self.events.receiver_count() > 0 => {
                let Some(event) = parse::<runtime::ConsoleAPICalled>(params) else {
                    return false;
                };
                let text: Vec<String> = event.args.iter().map(describe).collect();
                self.emit(PageEvent::Console {
                    level: event.r#type,
                    text: text.join(" "),
                });
                return false;
            }
            runtime::ExceptionThrown::METHOD if self.events.receiver_count() > 0 => {
                let Some(runtime::ExceptionThrown { exception_details }) = parse(params) else {
                    return false;
                };
                self.emit(PageEvent::Error {
                    message: exception_text(&exception_details),
                });
                return false;
            }
            _ => return false,
        }
        true
    }

    fn apply_target(self: &Arc<Self>, session: &Session, method: &str, params: &RawValue) -> bool {
        match method {
            target::AttachedToTarget::METHOD => {
                let Some(event) = parse::<target::AttachedToTarget>(params) else {
                    return false;
                };
                let frame_session = session.connection().session(&event.session_id);
                self.add_session(frame_session.clone());
                {
                    let mut state = self.state.lock();
                    let frame =
                        state
                            .frames
                            .frame(&event.target_info.target_id, None, &frame_session);
                    frame.session = frame_session.clone();
                    (frame.world, frame.main_world) = (None, None);
                }
                let set_up = self.set_up_session(&frame_session);
                // A frame that goes away while it is set up is of no further interest.
                tokio::spawn(async move { drop(set_up.await) });
            }
            target::DetachedFromTarget::METHOD => {
                let Some(event) = parse::<target::DetachedFromTarget>(params) else {
                    return false;
                };
                let gone = self.state.lock().listeners.remove(&event.session_id);
                if let Some(gone) = gone {
                    self.state.lock().frames.contexts_cleared(gone.session());
                    gone.session().forget();
                }
            }
            _ => return false,
        }
        true
    }
}

/// A console argument as a person would read it.
fn describe(object: &runtime::RemoteObject) -> String {
    if let Some(value) = &object.value {
        return serde_json::from_str::<String>(value.get())
            .unwrap_or_else(|_| value.get().to_owned());
    }
    object
        .unserializable_value
        .as_ref()
        .or(object.description.as_ref())
        .cloned()
        .unwrap_or_else(|| object.r#type.clone())
}

pub(crate) fn exception_text(details: &runtime::ExceptionDetails) -> String {
    match &details.exception {
        Some(exception) => describe(exception),
        None => details.text.clone(),
    }
}

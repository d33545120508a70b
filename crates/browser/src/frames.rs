//! The frames of a page and how far its document has come.

use std::collections::{HashMap, HashSet};

use tokio::time::Instant;

use crate::{cdp::page::FrameTree, connection::Session};

/// One frame, wherever its process is.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) parent: Option<String>,
    pub(crate) url: String,
    /// Empty while unknown; `null` or `://` where the document may touch nothing.
    pub(crate) origin: String,
    pub(crate) session: Session,
    /// The execution context of our script.
    pub(crate) world: Option<i64>,
    /// The execution context of the page's own scripts.
    pub(crate) main_world: Option<i64>,
}

/// All frames of a page.
#[derive(Debug)]
pub(crate) struct Frames {
    main: String,
    all: HashMap<String, Frame>,
    /// Stands in while the main frame is being replaced.
    fallback: Frame,
}

impl Frames {
    pub(crate) fn new(main: &str, url: &str, session: Session) -> Self {
        let frame = Frame {
            parent: None,
            url: url.to_owned(),
            origin: String::new(),
            session,
            world: None,
            main_world: None,
        };
        let all = HashMap::from([(main.to_owned(), frame.clone())]);
        Frames {
            main: main.to_owned(),
            all,
            fallback: frame,
        }
    }

    pub(crate) fn main(&self) -> &Frame {
        self.all.get(&self.main).unwrap_or(&self.fallback)
    }

    pub(crate) fn main_id(&self) -> &str {
        &self.main
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Frame> {
        self.all.get(id)
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        self.all.contains_key(id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Frame)> {
        self.all.iter()
    }

    pub(crate) fn frame(
        &mut self,
        id: &str,
        parent: Option<&str>,
        session: &Session,
    ) -> &mut Frame {
        self.all.entry(id.to_owned()).or_insert_with(|| Frame {
            parent: parent.map(str::to_owned),
            url: String::new(),
            origin: String::new(),
            session: session.clone(),
            world: None,
            main_world: None,
        })
    }

    pub(crate) fn navigated(
        &mut self,
        id: &str,
        parent: Option<&str>,
        url: &str,
        session: &Session,
    ) {
        url.clone_into(&mut self.frame(id, parent, session).url);
    }

    pub(crate) fn merge(&mut self, tree: &FrameTree, session: &Session) {
        let frame = &tree.frame;
        let known = self.frame(&frame.id, frame.parent_id.as_deref(), session);
        if known.url.is_empty() {
            known.url.clone_from(&frame.url);
        }
        for child in tree.child_frames.iter().flatten() {
            self.merge(child, session);
        }
    }

    /// Removes a frame and all inside it.
    pub(crate) fn remove(&mut self, id: &str) {
        if id == self.main {
            return;
        }
        self.all.remove(id);
        let children: Vec<String> = self.children(id).cloned().collect();
        for child in children {
            self.remove(&child);
        }
    }

    pub(crate) fn children(&self, id: &str) -> impl Iterator<Item = &String> {
        self.all
            .iter()
            .filter(move |(_, frame)| frame.parent.as_deref() == Some(id))
            .map(|(id, _)| id)
    }

    pub(crate) fn context_created(
        &mut self,
        frame: &str,
        context: i64,
        ours: bool,
        origin: String,
        session: &Session,
    ) {
        let frame = self.frame(frame, None, session);
        frame.session = session.clone();
        frame.origin = origin;
        *(if ours {
            &mut frame.world
        } else {
            &mut frame.main_world
        }) = Some(context);
    }

    pub(crate) fn context_destroyed(&mut self, context: i64, session: &Session) {
        for frame in self.of_session(session) {
            if frame.world == Some(context) {
                frame.world = None;
            }
            if frame.main_world == Some(context) {
                frame.main_world = None;
            }
        }
    }

    pub(crate) fn contexts_cleared(&mut self, session: &Session) {
        for frame in self.of_session(session) {
            (frame.world, frame.main_world) = (None, None);
        }
    }

    fn of_session(&mut self, session: &Session) -> impl Iterator<Item = &mut Frame> {
        self.all
            .values_mut()
            .filter(|frame| frame.session.id() == session.id())
    }

    /// Whether the script of the parent's document cannot look into this frame.
    pub(crate) fn is_foreign(&self, id: &str) -> bool {
        let Some(frame) = self.all.get(id) else {
            return false;
        };
        let Some(parent) = frame
            .parent
            .as_ref()
            .and_then(|parent| self.all.get(parent))
        else {
            return false;
        };
        let opaque = frame.origin == "null" || frame.origin == "://";
        frame.session.id() != parent.session.id() || frame.origin != parent.origin || opaque
    }
}

/// A request that has not ended.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) url: String,
    pub(crate) kind: String,
    pub(crate) since: Instant,
}

/// How far the main document has come, and what is still on its way.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// The document that the main frame shows.
    pub(crate) loader: String,
    /// How often the main frame has shown another document.
    pub(crate) commits: u64,
    /// Whether something was done to the document since it came.
    pub(crate) touched: bool,
    reached: HashSet<String>,
    requests: HashMap<String, Request>,
    /// HTTP status by loader, for documents.
    statuses: HashMap<String, u16>,
    navigating: bool,
    /// How often a navigation of the main frame was announced.
    pub(crate) announced: u64,
}

impl Progress {
    pub(crate) fn committed(&mut self, loader: &str) {
        if self.loader != loader {
            loader.clone_into(&mut self.loader);
            self.reached.clear();
            self.commits += 1;
            self.touched = false;
            // What the document before had not ended never will, and may not be told: it rests in the browser's
            // memory. A request for a document bears the name of its loader.
            self.requests.retain(|id, _| id == loader);
        }
        self.navigating = false;
    }

    /// The document came back from the browser's memory, with nothing left to load.
    pub(crate) fn restored_whole(&mut self) {
        for name in ["DOMContentLoaded", "load", "networkIdle"] {
            self.reached.insert(name.to_owned());
        }
    }

    pub(crate) fn lifecycle(&mut self, loader: &str, name: &str) {
        if name == "init" || name == "commit" {
            self.committed(loader);
        }
        if loader == self.loader {
            self.reached.insert(name.to_owned());
        }
    }

    pub(crate) fn has_reached(&self, name: &str) -> bool {
        self.reached.contains(name)
    }

    pub(crate) fn navigation_announced(&mut self) {
        self.navigating = true;
        self.announced += 1;
    }

    pub(crate) fn navigation_ended(&mut self) {
        self.navigating = false;
    }

    pub(crate) fn is_navigating(&self) -> bool {
        self.navigating
    }

    pub(crate) fn request_sent(&mut self, id: String, url: &str, kind: Option<String>) {
        // A data: address is as long as its content.
        let url = url.chars().take(200).collect();
        let kind = kind.unwrap_or_else(|| "Other".into());
        self.requests.insert(
            id,
            Request {
                url,
                kind,
                since: Instant::now(),
            },
        );
    }

    pub(crate) fn request_ended(&mut self, id: &str) {
        self.requests.remove(id);
    }

    pub(crate) fn document_answered(&mut self, loader: String, status: i64) {
        self.statuses
            .insert(loader, u16::try_from(status).unwrap_or_default());
    }

    pub(crate) fn status(&self, loader: &str) -> Option<u16> {
        self.statuses.get(loader).copied()
    }

    /// Requests without an end, the oldest first.
    pub(crate) fn pending(&self) -> impl Iterator<Item = &Request> {
        let mut pending: Vec<_> = self.requests.values().collect();
        pending.sort_by_key(|request| request.since);
        pending.into_iter()
    }
}

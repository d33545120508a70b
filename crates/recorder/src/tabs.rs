//! Which tab the steps are in.

use crate::{Action, Event, Folded};

/// What was done in the tab that the steps are in, and how they came there.
#[derive(Debug)]
pub(crate) enum Seen {
    Did {
        event: Box<Event>,
        /// Whether a page came of it, with which the steps go on.
        opens: bool,
    },
    Tab(Folded),
}

/// `events` with the steps from tab to tab between them.
pub(crate) fn by_tab(events: Vec<Event>) -> Vec<Seen> {
    let mut tabs = Tabs {
        seen: Vec::new(),
        open: vec![0],
        current: 0,
        coming: Vec::new(),
    };
    for event in events {
        tabs.take(event);
    }
    tabs.seen
}

/// In place of the current page: it is closing by itself.
const CLOSING: usize = usize::MAX;

struct Tabs {
    seen: Vec<Seen>,
    /// The open pages, the oldest first.
    open: Vec<usize>,
    current: usize,
    /// Pages that a step has opened without waiting for them.
    coming: Vec<usize>,
}

impl Tabs {
    fn take(&mut self, event: Event) {
        match event.action {
            Action::Opened { by } => self.opened(event.page, by),
            Action::NewTab => {
                self.open.push(event.page);
                self.current = event.page;
                self.seen.push(Seen::Tab(Folded::NewTab { url: None }));
            }
            Action::Closed { itself } => self.closed(event.page, itself, event.at),
            Action::Arrived { .. }
            | Action::Appeared { .. }
            | Action::Downloaded { .. }
            | Action::Dialog { .. } => self.seen.push(Seen::Did {
                event: Box::new(event),
                opens: false,
            }),
            Action::Goto { ref url } if event.page == self.current => {
                if let Some(Seen::Tab(Folded::NewTab { url: address })) = self.seen.last_mut()
                    && address.is_none()
                {
                    *address = Some(url.clone());
                    return;
                }
                self.did(event);
            }
            _ => {
                self.turn_to(event.page);
                self.did(event);
            }
        }
    }

    fn did(&mut self, event: Event) {
        self.turn_to(event.page);
        self.seen.push(Seen::Did {
            event: Box::new(event),
            opens: false,
        });
    }

    fn place(&self, page: usize) -> usize {
        let place = self.open.iter().position(|open| *open == page);
        place.unwrap_or(page)
    }

    fn turn_to(&mut self, page: usize) {
        if page == self.current {
            return;
        }
        // A page that is just closing may still be among the tabs.
        let is_coming = self.coming.contains(&page) || self.current == CLOSING;
        self.current = page;
        self.coming.retain(|coming| *coming != page);
        let place = self.place(page);
        self.seen
            .push(Seen::Tab(Folded::Turned { place, is_coming }));
    }

    /// A click that opened a page goes on in it.
    fn opened(&mut self, page: usize, by: usize) {
        self.open.push(page);
        let last = self.seen.iter_mut().rev().find(|seen| {
            !matches!(seen, Seen::Did { event, .. }
                if matches!(event.action, Action::Arrived { .. } | Action::Appeared { .. } | Action::Dialog { .. }))
        });
        match last {
            Some(Seen::Did { event, opens })
                if event.page == by
                    && !*opens
                    && matches!(event.action, Action::Click { .. })
                    && self.current == by =>
            {
                *opens = true;
                self.current = page;
            }
            _ => self.coming.push(page),
        }
    }

    fn closed(&mut self, page: usize, itself: bool, at: u64) {
        let place = self.place(page);
        self.open.retain(|open| *open != page);
        self.coming.retain(|coming| *coming != page);
        if page != self.current {
            if !itself {
                self.seen.push(Seen::Tab(Folded::ClosedOther { place }));
            }
            return;
        }
        if itself {
            // The steps must not go on in a page that is just closing.
            self.current = CLOSING;
            return;
        }
        self.seen.push(Seen::Did {
            event: Box::new(Event {
                at,
                page,
                action: Action::Closed { itself },
            }),
            opens: false,
        });
        self.current = self.open.last().copied().unwrap_or_default();
    }
}

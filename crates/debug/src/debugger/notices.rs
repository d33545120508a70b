//! What a debugger has to say, in order.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use casare_engine::StepView;
use tokio::sync::mpsc;

use super::{Debugger, FileLine};

/// Lines of output that may wait for a slow reader; more are left out.
const MOST_WAITING: usize = 10_000;

/// Something that whoever debugs has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// This thread stands still; [`Debugger::stop`](super::Debugger::stop) says where.
    Stopped(u32),
    /// This thread goes on.
    Continued(u32),
    /// A branch began.
    ThreadStarted(u32),
    /// A branch ended.
    ThreadEnded(u32),
    /// There is something to read; secrets are masked.
    Output {
        /// What it is.
        kind: OutputKind,
        /// The text, without a line break at its end.
        text: String,
        /// The step that says it, where it is known.
        place: Option<FileLine>,
    },
}

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputKind {
    /// A breakpoint's message.
    Message,
    /// The run's log.
    Log,
    /// Warnings and errors of the run's log.
    Problem,
}

/// The way out for notices.
#[derive(Debug)]
pub(super) struct Sender {
    channel: mpsc::UnboundedSender<Notice>,
    waiting: Arc<AtomicUsize>,
}

/// What a debugger has to say.
#[derive(Debug)]
pub struct Notices {
    channel: mpsc::UnboundedReceiver<Notice>,
    waiting: Arc<AtomicUsize>,
}

pub(super) fn channel() -> (Sender, Notices) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    let sender = Sender {
        channel: sender,
        waiting: waiting.clone(),
    };
    let notices = Notices {
        channel: receiver,
        waiting,
    };
    (sender, notices)
}

impl Sender {
    pub(super) fn send(&self, notice: Notice) {
        // Nobody listens any more when the session has ended.
        let _ = self.channel.send(notice);
    }

    pub(super) fn output(&self, kind: OutputKind, text: String, step: Option<&StepView>) {
        let text = match self.waiting.fetch_add(1, Ordering::Relaxed) {
            MOST_WAITING => "… output is left out: there is more than can be shown".to_owned(),
            more if more > MOST_WAITING => {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                return;
            }
            _ => text,
        };
        self.send(Notice::Output {
            kind,
            text,
            place: step.map(FileLine::of),
        });
    }
}

impl Notices {
    /// The next notice; `None` when the debugger is gone. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Notice> {
        let notice = self.channel.recv().await;
        self.read(notice)
    }

    /// The next notice, if there is one already.
    pub fn ready(&mut self) -> Option<Notice> {
        let notice = self.channel.try_recv().ok();
        self.read(notice)
    }

    /// Leaves out what a run had to say that was ended on purpose.
    pub(crate) fn forget(&mut self, debugger: &Debugger) {
        while self.ready().is_some() {}
        // The next run may stand still already.
        for thread in debugger.threads() {
            if thread.stopped {
                debugger.announce(thread.id);
            }
        }
    }

    fn read(&self, notice: Option<Notice>) -> Option<Notice> {
        if let Some(Notice::Output { .. }) = &notice {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        notice
    }
}

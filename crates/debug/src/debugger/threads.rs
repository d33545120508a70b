//! The threads of a run: its main line, and each branch or side-by-side pass.

use std::sync::Arc;

use casare_engine::{StepView, Verdict, path::ListPath};
use tokio::sync::oneshot;

use super::{Notice, Reason, Stop, notices::Sender};

/// A thread, as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadState {
    /// Its number; the main line is 1.
    pub id: u32,
    /// `main`, the branch's name, or the pass.
    pub name: String,
    /// Whether it stands still.
    pub stopped: bool,
}

/// Where a thread stops next, apart from breakpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Run,
    /// At the next step.
    Into(Reason),
    /// At the next step that so many or fewer steps, itself included, stand around.
    UpTo(usize),
    Pause,
}

#[derive(Debug)]
pub(super) struct Thread {
    pub(super) id: u32,
    branch: Option<Arc<ListPath>>,
    name: String,
    pub(super) mode: Mode,
    pub(super) stop: Option<Stop>,
    go: Option<oneshot::Sender<Verdict>>,
}

#[derive(Debug)]
pub(super) struct Threads {
    threads: Vec<Thread>,
    newest: u32,
}

impl Mode {
    pub(super) fn stops(self, view: &StepView) -> Option<Reason> {
        match self {
            Self::Run => None,
            Self::Into(reason) => Some(reason),
            Self::Pause => Some(Reason::Pause),
            Self::UpTo(depth) => (view.stack().count() <= depth).then_some(Reason::Step),
        }
    }
}

impl Thread {
    /// Stands still; the answer comes when it is to go on.
    pub(super) fn stand(&mut self, stop: Stop) -> oneshot::Receiver<Verdict> {
        let (go, waiting) = oneshot::channel();
        (self.mode, self.stop, self.go) = (Mode::Run, Some(stop), Some(go));
        waiting
    }

    /// Goes on; false if it does not stand still.
    pub(super) fn resume(&mut self, mode: Mode, verdict: Verdict) -> bool {
        let Some(go) = self.go.take() else {
            if mode == Mode::Run {
                self.mode = mode;
            }
            return false;
        };
        (self.mode, self.stop) = (mode, None);
        // A branch that was cancelled meanwhile does not listen.
        go.send(verdict).is_ok()
    }

    pub(super) fn state(&self) -> ThreadState {
        ThreadState {
            id: self.id,
            name: self.name.clone(),
            stopped: self.stop.is_some(),
        }
    }
}

impl Default for Threads {
    fn default() -> Self {
        Self::beginning(false)
    }
}

impl Threads {
    /// Those of a run that is about to begin.
    pub(super) fn beginning(stop_on_entry: bool) -> Self {
        let mode = if stop_on_entry {
            Mode::Into(Reason::Entry)
        } else {
            Mode::Run
        };
        Self {
            threads: vec![Thread {
                id: 1,
                branch: None,
                name: "main".to_owned(),
                mode,
                stop: None,
                go: None,
            }],
            newest: 1,
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Thread> {
        self.threads.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Thread> {
        self.threads.iter_mut()
    }

    pub(super) fn get_mut(&mut self, id: u32) -> Option<&mut Thread> {
        self.threads.iter_mut().find(|thread| thread.id == id)
    }

    /// The thread that a step belongs to. A new branch begins as the line that it leaves: who
    /// steps into a step with branches stops in each of them.
    pub(super) fn of(&mut self, view: &StepView, notices: &Sender) -> u32 {
        let Some(branch) = view.branch() else {
            return 1;
        };
        let known = |thread: &&Thread| thread.branch.as_ref() == Some(branch);
        if let Some(thread) = self.threads.iter().find(known) {
            return thread.id;
        }
        let owner = view.stack().find(|outer| *outer.path() == branch.step);
        let line = owner.and_then(StepView::branch);
        let line = self.threads.iter().find(|one| one.branch.as_ref() == line);
        let mode = match line.map(|line| line.mode) {
            Some(mode @ (Mode::Into(_) | Mode::Pause)) => mode,
            _ => Mode::Run,
        };
        self.newest += 1;
        let title = owner.map_or("", |owner| owner.info().title.as_str());
        self.threads.push(Thread {
            id: self.newest,
            branch: Some(branch.clone()),
            name: match branch.pass {
                Some(pass) => format!("{title}: pass {}", pass + 1),
                None => format!("{title}: {}", block_name(&branch.block)),
            },
            mode,
            stop: None,
            go: None,
        });
        notices.send(Notice::ThreadStarted(self.newest));
        self.newest
    }

    /// The branches of a step that has ended are over. Who was stepping in one of them steps on
    /// outside.
    pub(super) fn end_below(&mut self, step: &StepView, notices: &Sender) {
        if self.threads.len() == 1 {
            return;
        }
        let mut stepping = false;
        self.threads.retain(|thread| {
            let ended = thread
                .branch
                .as_ref()
                .is_some_and(|branch| branch.step.is_in(step.path()));
            if ended {
                stepping |= matches!(thread.mode, Mode::Into(_) | Mode::UpTo(_));
                notices.send(Notice::ThreadEnded(thread.id));
            }
            !ended
        });
        if stepping {
            let branch = step.branch();
            let line = self
                .threads
                .iter_mut()
                .find(|thread| thread.branch.as_ref() == branch);
            if let Some(line) = line
                && line.mode == Mode::Run
            {
                line.mode = Mode::Into(Reason::Step);
            }
        }
    }
}

/// `left` of `branches:left`.
fn block_name(block: &str) -> &str {
    block.split_once(':').map_or(block, |(_, name)| name)
}

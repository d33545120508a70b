//! What stops a run, and how it goes on.

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use casare_engine::{
    AfterFailure, Attendant, ErrorReport, EventKind, EventSink, LogLevel, RunEvent, StepEnd,
    StepView, Verdict,
};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use self::{
    breakpoints::{Breakpoints, Hit},
    threads::{Mode, Thread, Threads},
};
use crate::{Program, breakpoint::Breakpoint};

mod breakpoints;
mod notices;
mod threads;

pub use breakpoints::{Group, Status};
use notices::Sender;
pub use notices::{Notice, Notices, OutputKind};
pub use threads::ThreadState;

/// Stops a run where it is asked to. One debugger serves the runs of a session, one at a time.
#[derive(Debug)]
pub struct Debugger {
    state: Mutex<State>,
    notices: Sender,
}

#[derive(Debug)]
struct State {
    breakpoints: Breakpoints,
    failures: Failures,
    threads: Threads,
    /// Nothing stops any more.
    detached: bool,
    /// The id of the run, when it has begun.
    run: Option<String>,
}

/// Which failures stop a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Failures {
    /// None.
    #[default]
    None,
    /// Those that fail the run: that no `catch`, retry or `on_error` handles.
    Unhandled,
    /// All.
    All,
}

/// Why a run stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It has just begun.
    Entry,
    /// A breakpoint.
    Breakpoint,
    /// The end of a step into, over or out.
    Step,
    /// Somebody asked it to.
    Pause,
    /// A step failed.
    Failure,
}

/// Where a thread stands still.
#[derive(Debug, Clone)]
pub struct Stop {
    /// Why.
    pub reason: Reason,
    /// The step that comes next; after a failure, the step that failed.
    pub view: StepView,
    /// The failure.
    pub error: Option<ErrorReport>,
    /// What there is to say, such as a condition that can't be evaluated.
    pub text: Option<String>,
    /// The breakpoints that were hit.
    pub breakpoints: Vec<u32>,
}

/// How a thread goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// To the next breakpoint.
    Continue,
    /// To the next step, inside this one if it has blocks.
    Into,
    /// To the next step that is not inside this one.
    Over,
    /// To the next step outside the block that this one is in.
    Out,
}

impl Debugger {
    /// A debugger without breakpoints, and what it has to say.
    pub fn new() -> (Arc<Self>, Notices) {
        let (sender, notices) = notices::channel();
        let debugger = Self {
            state: Mutex::new(State {
                breakpoints: Breakpoints::default(),
                failures: Failures::None,
                threads: Threads::default(),
                detached: false,
                run: None,
            }),
            notices: sender,
        };
        (Arc::new(debugger), notices)
    }

    /// Prepares for a run of `program`: answers where the breakpoints are in it.
    pub fn begin(&self, program: Arc<Program>, stop_on_entry: bool) -> Vec<Status> {
        let mut state = self.state.lock();
        state.detached = false;
        state.run = None;
        state.threads = Threads::beginning(stop_on_entry);
        state.breakpoints.resolve(program)
    }

    /// Lets everything go on; nothing stops any more.
    pub fn detach(&self) {
        let mut state = self.state.lock();
        state.detached = true;
        for thread in state.threads.iter_mut() {
            thread.resume(Mode::Run, Verdict::Go);
        }
    }

    /// The breakpoints of `group`, instead of those it had.
    pub fn set_breakpoints(&self, group: Group, breakpoints: Vec<Breakpoint>) -> Vec<Status> {
        self.state.lock().breakpoints.set(group, breakpoints)
    }

    /// One more breakpoint in `group`.
    pub fn add_breakpoint(&self, group: Group, breakpoint: Breakpoint) -> Status {
        self.state.lock().breakpoints.add(group, breakpoint)
    }

    /// Takes a breakpoint away; false if there is none with this number.
    pub fn remove_breakpoint(&self, id: u32) -> bool {
        self.state.lock().breakpoints.remove(id)
    }

    /// All breakpoints.
    pub fn breakpoints(&self) -> Vec<Status> {
        self.state.lock().breakpoints.statuses()
    }

    /// Which failures stop a run from now on.
    pub fn set_failures(&self, failures: Failures) {
        self.state.lock().failures = failures;
    }

    /// Stops a thread, or all of them, at its next step.
    pub fn pause(&self, thread: Option<u32>) {
        let mut state = self.state.lock();
        for one in state.threads.iter_mut() {
            if thread.is_none_or(|id| one.id == id) && one.stop.is_none() {
                one.mode = Mode::Pause;
            }
        }
    }

    /// Lets a thread that stands still go on; false if it does not stand still.
    pub fn resume(&self, thread: u32, how: Resume) -> bool {
        self.resume_with(thread, how, Verdict::Go)
    }

    /// As [`Debugger::resume`]; `verdict` says what becomes of the step that it stands at.
    pub fn resume_with(&self, thread: u32, how: Resume, verdict: Verdict) -> bool {
        let mut state = self.state.lock();
        let Some(thread) = state.threads.iter_mut().find(|one| one.id == thread) else {
            return false;
        };
        let Some(stop) = &thread.stop else {
            return false;
        };
        let depth = stop.view.stack().count();
        // A failure is on its way out: the next step is wherever it is handled.
        let mode = match how {
            Resume::Continue => Mode::Run,
            _ if stop.reason == Reason::Failure => Mode::Into(Reason::Step),
            Resume::Into => Mode::Into(Reason::Step),
            Resume::Over => Mode::UpTo(depth),
            Resume::Out => Mode::UpTo(depth.saturating_sub(1)),
        };
        thread.resume(mode, verdict)
    }

    /// Lets all threads that stand still go on.
    pub fn resume_all(&self) {
        let mut state = self.state.lock();
        for thread in state.threads.iter_mut() {
            thread.resume(Mode::Run, Verdict::Go);
        }
    }

    /// Where a thread stands still; `None` while it is under way.
    pub fn stop(&self, thread: u32) -> Option<Stop> {
        let state = self.state.lock();
        state
            .threads
            .iter()
            .find(|one| one.id == thread)?
            .stop
            .clone()
    }

    /// Says once more that a thread stands still.
    pub(crate) fn announce(&self, thread: u32) {
        self.notices.send(Notice::Stopped(thread));
    }

    /// The threads: the main line, and each branch or side-by-side pass.
    pub fn threads(&self) -> Vec<ThreadState> {
        let state = self.state.lock();
        state.threads.iter().map(Thread::state).collect()
    }

    /// The id of the run, when it has begun.
    pub fn run(&self) -> Option<String> {
        self.state.lock().run.clone()
    }

    /// A step comes; answers what to wait for if it stops here.
    fn arrives(&self, view: &StepView) -> Option<(u32, oneshot::Receiver<Verdict>)> {
        let mut state = self.state.lock();
        if state.detached || view.is_gone_on_with() {
            return None;
        }
        let thread = state.threads.of(view, &self.notices);
        let hit = state.breakpoints.ask(view);
        for text in hit.said {
            let text = view.masked_text(&text);
            self.notices.output(OutputKind::Message, text, Some(view));
        }
        let thread = state.threads.get_mut(thread)?;
        let reason = if hit.stops {
            Some(Reason::Breakpoint)
        } else {
            thread.mode.stops(view)
        };
        let reason = reason?;
        Some(self.stand(
            thread,
            Stop {
                reason,
                view: view.clone(),
                error: None,
                text: hit.broken.map(|text| view.masked_text(&text)),
                breakpoints: hit.ids,
            },
        ))
    }

    /// A step has failed; answers what to wait for if that stops the run.
    fn failed(
        &self,
        view: &StepView,
        error: &ErrorReport,
        next: AfterFailure,
    ) -> Option<(u32, oneshot::Receiver<Verdict>)> {
        // The steps around it fail with the same error: it was told at the first.
        if error.path.as_ref() != Some(view.path()) {
            return None;
        }
        let mut state = self.state.lock();
        let stops = match state.failures {
            Failures::None => false,
            Failures::Unhandled => next == AfterFailure::Raise && !view.is_handled(error),
            Failures::All => true,
        };
        if state.detached || !stops {
            return None;
        }
        let thread = state.threads.of(view, &self.notices);
        let thread = state.threads.get_mut(thread)?;
        Some(self.stand(
            thread,
            Stop {
                reason: Reason::Failure,
                view: view.clone(),
                error: Some(error.clone()),
                text: Some(view.masked_text(&error.message)),
                breakpoints: Vec::new(),
            },
        ))
    }

    fn stand(&self, thread: &mut Thread, stop: Stop) -> (u32, oneshot::Receiver<Verdict>) {
        let waiting = thread.stand(stop);
        self.notices.send(Notice::Stopped(thread.id));
        (thread.id, waiting)
    }

    async fn wait(&self, (thread, waiting): (u32, oneshot::Receiver<Verdict>)) -> Verdict {
        let _standing = Standing {
            debugger: self,
            thread,
        };
        waiting.await.unwrap_or_default()
    }
}

/// A thread that stands still, until it goes on or its branch is cancelled.
struct Standing<'a> {
    debugger: &'a Debugger,
    thread: u32,
}

impl Drop for Standing<'_> {
    fn drop(&mut self) {
        let mut state = self.debugger.state.lock();
        if let Some(thread) = state.threads.get_mut(self.thread) {
            thread.stop = None;
        }
        self.debugger.notices.send(Notice::Continued(self.thread));
    }
}

#[async_trait]
impl Attendant for Debugger {
    async fn before(&self, step: &StepView) -> Verdict {
        match self.arrives(step) {
            Some(waiting) => self.wait(waiting).await,
            None => Verdict::Go,
        }
    }

    async fn after(&self, step: &StepView, end: StepEnd<'_>) {
        if let StepEnd::Failed { error, next } = end
            && let Some(waiting) = self.failed(step, error, next)
        {
            self.wait(waiting).await;
        }
        self.state.lock().threads.end_below(step, &self.notices);
    }

    fn takes_its_time(&self) -> bool {
        true
    }
}

impl EventSink for Debugger {
    fn event(&self, event: &RunEvent) {
        match &event.kind {
            EventKind::RunStarted { run, .. } => self.state.lock().run = Some(run.clone()),
            EventKind::Log { level, message, .. } => {
                let kind = match level {
                    LogLevel::Debug | LogLevel::Info => OutputKind::Log,
                    LogLevel::Warn | LogLevel::Error => OutputKind::Problem,
                };
                self.notices.output(kind, message.clone(), None);
            }
            EventKind::StepRetried {
                step,
                attempt,
                delay_ms,
                error,
                ..
            } => {
                let text = format!(
                    "{}: attempt {attempt} failed, the next one in {delay_ms} ms: {}",
                    step.title, error.message
                );
                self.notices.output(OutputKind::Problem, text, None);
            }
            _ => {}
        }
    }
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLine {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: u32,
}

impl FileLine {
    /// Where the step stands.
    pub fn of(view: &StepView) -> Self {
        Self {
            path: crate::program::source_path(view.plan()),
            line: view.info().line,
        }
    }
}

impl Hit {
    fn add(&mut self, id: u32, answer: crate::breakpoint::Answer) {
        use crate::breakpoint::Answer;
        match answer {
            Answer::Pass => {}
            Answer::Stop => {
                self.stops = true;
                self.ids.push(id);
            }
            Answer::Say(text) => self.said.push(text),
            Answer::Broken(text) => {
                self.stops = true;
                self.ids.push(id);
                self.broken = Some(text);
            }
        }
    }
}

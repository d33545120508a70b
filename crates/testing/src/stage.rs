//! Stands at the side of a run that is tested: answers in the place of stubbed steps, and keeps
//! what happened.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use casare_engine::{
    Attendant, ErrorReport, EventKind, EventSink, LogLevel, NodeError, RunEvent, StepEnd, StepView,
    Verdict,
};
use casare_workflow::{
    DocPath, Effect,
    value::{from_json, to_json},
};
use parking_lot::Mutex;
use serde_json::Value as Json;

use crate::{
    coverage::{Hits, place_of},
    file::{Case, Replies, Reply, Selector, Stub, Unstubbed},
};

/// The most executions of steps that are kept, and the most lines of the log.
const MOST_KEPT: usize = 200_000;

/// What a test sees of one execution of a step.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) id: Option<String>,
    pub(crate) title: String,
    pub(crate) node: String,
    /// Without passes: `1.do.0`.
    pub(crate) path: String,
    pub(crate) line: u32,
    /// Where somebody wants to know them.
    pub(crate) settings: Option<Json>,
    pub(crate) outputs: Option<Json>,
}

impl Call {
    pub(crate) fn is_of(&self, steps: &Selector) -> bool {
        steps.selects(&self.node, self.id.as_deref(), &self.title, &self.path)
    }
}

/// Something that the test did not foresee.
#[derive(Debug, Clone)]
pub(crate) struct Unforeseen {
    pub(crate) at: Option<DocPath>,
    pub(crate) message: String,
    pub(crate) help: String,
    /// The step and its line in the workflow.
    pub(crate) step: Option<(String, u32)>,
}

/// Everything that was seen of a run.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) calls: Vec<Call>,
    pub(crate) log: Vec<(LogLevel, String)>,
    pub(crate) unforeseen: Vec<Unforeseen>,
    pub(crate) hits: Hits,
    pub(crate) variables: Json,
    pub(crate) error: Option<ErrorReport>,
}

pub(crate) struct Stage {
    stubs: Vec<Stub>,
    unstubbed: Unstubbed,
    /// Steps whose settings somebody wants to know.
    of_interest: Vec<Selector>,
    /// Steps whose outputs somebody wants to know, by id.
    outputs_of: Vec<String>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    seen: Seen,
    /// How often each stub has answered.
    answered: Vec<usize>,
    /// By path with passes: the place of the call in `seen.calls`.
    open: BTreeMap<String, usize>,
    /// A step of the workflow itself, which sees its variables.
    root: Option<StepView>,
}

impl Stage {
    pub(crate) fn new(case: &Case) -> Self {
        let calls = case.expect.calls.iter();
        let with = calls.filter(|calls| calls.with.is_some());
        let of_interest = with.map(|calls| calls.steps.clone()).collect();
        let stubs = case.setup.stubs.clone();
        Self {
            state: Mutex::new(State {
                answered: vec![0; stubs.len()],
                ..State::default()
            }),
            stubs,
            unstubbed: case.setup.unstubbed.unwrap_or(Unstubbed::Run),
            of_interest,
            outputs_of: case
                .expect
                .steps
                .iter()
                .map(|step| step.name.clone())
                .collect(),
        }
    }

    pub(crate) fn unforeseen(&self, unforeseen: Unforeseen) {
        self.state.lock().seen.unforeseen.push(unforeseen);
    }

    /// What was seen, once the run has ended.
    pub(crate) fn take(&self) -> Seen {
        let mut state = self.state.lock();
        let mut seen = std::mem::take(&mut state.seen);
        if let Some(root) = state.root.take() {
            let variables = root.variables().into_iter();
            let pairs = variables.map(|(name, value)| (name.to_string(), to_json(&value)));
            seen.variables = Json::Object(pairs.collect());
        }
        seen
    }

    fn enter(&self, view: &StepView, path: &str, settings: Option<&Json>) {
        let info = view.info();
        let mut state = self.state.lock();
        if view.attempt() == 1 {
            state.seen.hits.hit(view);
        }
        if state.root.is_none() && place_of(view.path()).0.is_empty() {
            state.root = Some(view.clone());
        }
        if state.seen.calls.len() >= MOST_KEPT {
            return;
        }
        let number = state.seen.calls.len();
        state.seen.calls.push(Call {
            id: info.id.clone(),
            title: info.title.clone(),
            node: info.node.clone(),
            path: path.to_owned(),
            line: info.line,
            settings: settings.cloned(),
            outputs: None,
        });
        if info
            .id
            .as_ref()
            .is_some_and(|id| self.outputs_of.contains(id))
        {
            state.open.insert(view.path().to_string(), number);
        }
    }

    /// The answer of the first stub that fits; `None` if none does.
    fn reply(&self, view: &StepView, path: &str, settings: Option<&Json>) -> Option<Verdict> {
        let info = view.info();
        let (number, stub) = self.stubs.iter().enumerate().find(|(_, stub)| {
            let selected = stub
                .steps
                .selects(&info.node, info.id.as_deref(), &info.title, path);
            let fits = |pattern: &crate::pattern::Pattern| {
                settings.is_some_and(|settings| pattern.has_entries(settings))
            };
            selected && stub.with.as_ref().is_none_or(fits)
        })?;
        let turn = {
            let mut state = self.state.lock();
            state.answered[number] += 1;
            state.answered[number] - 1
        };
        let reply = match &stub.replies {
            Replies::Always(reply) => Some(reply),
            Replies::InTurn(replies) => replies.get(turn),
        };
        let Some(reply) = reply else {
            let known = stub.replies.all().len();
            let message = format!(
                "`{}` was called more often than its stub has answers ({known})",
                info.title
            );
            self.unforeseen(Unforeseen {
                at: Some(stub.at.clone()),
                message: message.clone(),
                help: "add an answer to its `sequence`, or use `outputs` for all calls".to_owned(),
                step: Some((info.title.clone(), info.line)),
            });
            return Some(Verdict::Fail(NodeError::bug(message).permanent()));
        };
        Some(match reply {
            Reply::Outputs(outputs) if stub.skip_block => Verdict::Outputs(from_json(outputs)),
            Reply::Outputs(outputs) => Verdict::Unopened(from_json(outputs)),
            Reply::Error { kind, message } => Verdict::Fail(NodeError::new(*kind, message.clone())),
            Reply::Pass => Verdict::Go,
        })
    }

    fn refused(&self, view: &StepView) -> Verdict {
        let info = view.info();
        let message = format!("the test has no stub for `{}` ({})", info.title, info.node);
        self.unforeseen(Unforeseen {
            at: None,
            message: message.clone(),
            help: "add a stub for it, or change `unstubbed`".to_owned(),
            step: Some((info.title.clone(), info.line)),
        });
        Verdict::Fail(NodeError::denied(message).permanent())
    }
}

#[async_trait]
impl Attendant for Stage {
    async fn before(&self, view: &StepView) -> Verdict {
        let path = plain(view);
        let info = view.info();
        let selects = |selector: &Selector| {
            selector.selects(&info.node, info.id.as_deref(), &info.title, &path)
        };
        let is_asked = self.of_interest.iter().any(selects)
            || self
                .stubs
                .iter()
                .any(|stub| stub.with.is_some() && selects(&stub.steps));
        let is_stubbed = self.stubs.iter().any(|stub| selects(&stub.steps));
        let settings = if is_asked || is_stubbed {
            // Without settings, the step fails by itself.
            let Ok(settings) = view.settings() else {
                self.enter(view, &path, None);
                return Verdict::Go;
            };
            Some(settings)
        } else {
            None
        };
        let settings = settings.filter(|_| is_asked).map(|value| to_json(&value));
        self.enter(view, &path, settings.as_ref());
        if let Some(verdict) = self.reply(view, &path, settings.as_ref()) {
            return verdict;
        }
        let runs = view.is_control()
            || match self.unstubbed {
                Unstubbed::Run => true,
                Unstubbed::Pure => view.effect() == Effect::Pure,
                Unstubbed::Refuse => false,
            };
        if runs {
            Verdict::Go
        } else {
            self.refused(view)
        }
    }

    async fn after(&self, view: &StepView, end: StepEnd<'_>) {
        if let StepEnd::Done {
            outputs: Some(outputs),
            ..
        } = end
        {
            let mut state = self.state.lock();
            if let Some(number) = state.open.remove(&view.path().to_string())
                && let Some(call) = state.seen.calls.get_mut(number)
            {
                call.outputs = Some(to_json(outputs));
            }
        }
    }
}

/// A step's path without passes.
pub(crate) fn plain(view: &StepView) -> String {
    let (above, rest) = place_of(view.path());
    format!("{above}{rest}")
}

impl EventSink for Stage {
    fn event(&self, event: &RunEvent) {
        match &event.kind {
            EventKind::Log { level, message, .. } => {
                let log = &mut self.state.lock().seen.log;
                if log.len() < MOST_KEPT {
                    log.push((*level, message.clone()));
                }
            }
            EventKind::StepSkipped { path, .. } => self.state.lock().seen.hits.skip(path),
            EventKind::RunFinished { error, .. } => {
                self.state.lock().seen.error.clone_from(error);
            }
            _ => {}
        }
    }
}

/// What a step's outputs were, the last time it was done.
pub(crate) fn last_outputs<'s>(seen: &'s Seen, id: &str) -> Option<&'s Json> {
    let calls = seen.calls.iter().rev();
    let mut done = calls.filter(|call| call.id.as_deref() == Some(id));
    done.find_map(|call| call.outputs.as_ref())
}

pub(crate) type SharedStage = Arc<Stage>;

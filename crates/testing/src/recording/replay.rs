//! Runs a recording again, offline, and tells what is different.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::PathBuf,
    sync::Arc,
};

use async_trait::async_trait;
use casare_engine::{
    Attendant, Clock, ErrorReport, Exchanges, NodeError, Plan, RunOptions, RunOutcome, StepEnd,
    StepPath, StepView, Verdict, exchange::Message,
};
use casare_workflow::value::from_json;
use jiff::Timestamp;
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::{
    Body, Exchange, RecordedStep, Recording,
    recorder::{has_settings, kept, recorded_file},
};
use crate::mismatch::{Mismatch, short};

/// The most differences that are kept.
const MOST_DIFFERENCES: usize = 1_000;

/// Categories whose nodes only compute: they are executed again.
const COMPUTING: [&str; 9] = [
    "text", "list", "map", "math", "data", "table", "html", "date", "random",
];
/// Actions of other categories that only compute.
const COMPUTING_ACTIONS: [&str; 5] = ["parse", "format", "query", "transform", "select"];
/// Actions that read a file and change nothing: executed again if the file is as it was.
const READING: [&str; 6] = ["read", "info", "sheets", "tables", "hash", "text"];
/// Nodes that are executed again with the answers that were recorded.
const ASKING: [&str; 4] = ["http.request", "http.graphql", "http.soap", "http.paginate"];

/// Something that is not as it was recorded.
#[derive(Debug, Clone, Serialize)]
pub struct Difference {
    /// The step, as people call it; nothing for the run as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Which execution of it: `1.do[17].0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Its line in the workflow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What is different.
    pub message: String,
}

/// Answers in the place of everything outside, as it was recorded.
pub struct Replay {
    folder: PathBuf,
    steps: HashMap<(String, u32), RecordedStep>,
    exchanges: Vec<Exchange>,
    times: BTreeMap<String, Vec<Timestamp>>,
    started_at: Timestamp,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    seen: HashSet<(String, u32)>,
    /// Steps that are executed, not answered: their outputs are compared.
    executed: HashSet<(String, u32)>,
    given: HashSet<usize>,
    asked: BTreeMap<String, usize>,
    differences: Vec<Difference>,
    /// How many more there are.
    left_out: usize,
}

impl Replay {
    /// Lets a run with these options be answered by `recording`.
    pub fn attach(recording: &Recording, options: &mut RunOptions) -> Arc<Self> {
        let steps = recording.steps.iter().cloned();
        let replay = Arc::new(Self {
            folder: recording.workflow.folder.clone(),
            steps: steps
                .map(|step| ((step.path.clone(), step.attempt), step))
                .collect(),
            exchanges: recording.exchanges.clone(),
            times: recording.times.clone(),
            started_at: recording.started_at,
            state: Mutex::default(),
        });
        options.inputs.clone_from(&recording.inputs);
        options.env = recording.env.clone();
        options.seed = Some(recording.seed);
        options.shown = Map::from_iter([
            ("id".to_owned(), recording.run.clone().into()),
            (
                "started_at".to_owned(),
                recording.started_at.to_string().into(),
            ),
            (
                "folder".to_owned(),
                recording.workflow.folder.display().to_string().into(),
            ),
        ]);
        options.attendant = Some(replay.clone());
        options.clock = Some(replay.clone());
        options.exchanges = Some(replay.clone());
        replay
    }

    /// What was different, once the run has ended.
    pub fn finish(
        &self,
        recording: &Recording,
        plan: &Plan,
        outcome: &RunOutcome,
    ) -> (Vec<Difference>, usize) {
        let mut state = self.state.lock();
        for step in &recording.steps {
            if state.seen.contains(&(step.path.clone(), step.attempt)) {
                continue;
            }
            state.tell(Difference::of(step, "it is not executed any more"));
        }
        let recorded = &recording.outcome;
        let now = outcome.state.as_str();
        if now != recorded.state {
            state.tell(Difference::whole(format!(
                "`{}` {now}, but {} in the recording",
                plan.workflow().name,
                recorded.state
            )));
        }
        let mut found = Vec::new();
        crate::pattern::Pattern::exactly(&recorded.outputs).compare(
            &outcome.outputs,
            "outputs",
            &mut found,
        );
        for mismatch in found {
            state.tell(Difference::whole(differs(&mismatch)));
        }
        if let (Some(old), Some(new)) = (&recorded.error, &outcome.error)
            && let Some(message) = errors_differ(old, new)
        {
            state.tell(Difference::whole(message));
        }
        (std::mem::take(&mut state.differences), state.left_out)
    }

    /// Whether a step can be executed without reaching out.
    fn is_safe(&self, view: &StepView, recorded: &RecordedStep) -> bool {
        let node = view.info().node.as_str();
        let (category, action) = node.split_once('.').unwrap_or((node, ""));
        if view.is_session() || recorded.omitted.is_some() {
            return false;
        }
        if COMPUTING.contains(&category) || node == "log.write" {
            return true;
        }
        if ASKING.contains(&node) {
            let logs_in = recorded
                .settings
                .as_ref()
                .is_some_and(|settings| !settings["credential"].is_null());
            let asked = self
                .exchanges
                .iter()
                .any(|exchange| exchange.step == recorded.path);
            return asked && !logs_in;
        }
        if recorded.files.is_empty() {
            return COMPUTING_ACTIONS.contains(&action)
                && matches!(category, "json" | "yaml" | "xml" | "csv");
        }
        READING.contains(&action) && self.files_are_the_same(recorded)
    }

    /// Whether it is a session whose block was executed.
    fn was_opened(&self, view: &StepView) -> bool {
        let inside = format!("{}.", view.path());
        view.is_session() && self.steps.keys().any(|(path, _)| path.starts_with(&inside))
    }

    fn files_are_the_same(&self, recorded: &RecordedStep) -> bool {
        recorded
            .files
            .iter()
            .all(|file| recorded_file(&file.path, &self.folder).as_ref() == Some(file))
    }

    fn check_files(&self, recorded: &RecordedStep, state: &mut State) {
        let action = recorded.node.split('.').nth(1).unwrap_or_default();
        if !READING.contains(&action) {
            return;
        }
        for file in &recorded.files {
            let now = recorded_file(&file.path, &self.folder);
            if let Some(now) = now
                && now != *file
            {
                state.tell(Difference::of(
                    recorded,
                    &format!(
                        "the file `{}` has changed since; the step is answered from the recording",
                        file.path
                    ),
                ));
            }
        }
    }
}

impl State {
    fn tell(&mut self, difference: Difference) {
        if self.differences.len() < MOST_DIFFERENCES {
            self.differences.push(difference);
        } else {
            self.left_out += 1;
        }
    }
}

impl Difference {
    fn of(step: &RecordedStep, message: &str) -> Self {
        Self {
            step: Some(step.title.clone()),
            path: Some(step.path.clone()),
            line: Some(step.line),
            message: message.to_owned(),
        }
    }

    fn at(view: &StepView, message: String) -> Self {
        Self {
            step: Some(view.info().title.clone()),
            path: Some(view.path().to_string()),
            line: Some(view.info().line),
            message,
        }
    }

    fn whole(message: String) -> Self {
        Self {
            step: None,
            path: None,
            line: None,
            message,
        }
    }
}

/// The old value comes from the recording.
fn differs(mismatch: &Mismatch) -> String {
    let shown = |value: &Option<Json>| value.as_ref().map_or_else(|| "nothing".into(), short);
    format!(
        "{}: {} now, {} in the recording",
        mismatch.path,
        shown(&mismatch.actual),
        shown(&mismatch.expected)
    )
}

fn errors_differ(old: &ErrorReport, new: &ErrorReport) -> Option<String> {
    (old.kind != new.kind || old.message != new.message).then(|| {
        format!(
            "it fails with `{}: {}` now, with `{}: {}` in the recording",
            new.kind, new.message, old.kind, old.message
        )
    })
}

#[async_trait]
impl Attendant for Replay {
    async fn before(&self, view: &StepView) -> Verdict {
        let key = (view.path().to_string(), view.attempt());
        let mut state = self.state.lock();
        state.seen.insert(key.clone());
        let Some(recorded) = self.steps.get(&key) else {
            let message = "it was not executed in the recording".to_owned();
            state.tell(Difference::at(view, message.clone()));
            if view.is_control() {
                return Verdict::Go;
            }
            return Verdict::Fail(NodeError::denied(message).permanent());
        };
        let node = &view.info().node;
        if *node != recorded.node {
            let message = format!(
                "it is a `{node}` now, a `{}` in the recording",
                recorded.node
            );
            state.tell(Difference::at(view, message.clone()));
            if view.is_control() {
                return Verdict::Go;
            }
            return Verdict::Fail(NodeError::denied(message).permanent());
        }
        if has_settings(view) {
            // Without settings, the step fails, and that is compared.
            let Ok(settings) = view.settings() else {
                state.executed.insert(key);
                return Verdict::Go;
            };
            if let (Ok(now), Some(old)) = (kept(view, &settings), &recorded.settings) {
                let mut found = Vec::new();
                crate::pattern::Pattern::exactly(old).compare(&now, "with", &mut found);
                for mismatch in &found {
                    state.tell(Difference::at(view, differs(mismatch)));
                }
            }
        }
        if view.is_control() || self.is_safe(view, recorded) {
            state.executed.insert(key);
            return Verdict::Go;
        }
        self.check_files(recorded, &mut state);
        match (&recorded.error, &recorded.outputs, &recorded.omitted) {
            (Some(error), _, _) if !self.was_opened(view) => {
                let again = NodeError::new(error.kind, error.message.clone());
                Verdict::Fail(if error.retryable {
                    again
                } else {
                    again.permanent()
                })
            }
            (_, None, Some(omitted)) if omitted.starts_with("outputs") => {
                let message = format!("its outputs were not recorded ({omitted})");
                state.tell(Difference::at(view, message.clone()));
                Verdict::Fail(NodeError::unavailable(message).permanent())
            }
            (_, outputs, _) => {
                let outputs = outputs.clone().unwrap_or(Json::Null);
                Verdict::Unopened(from_json(&outputs))
            }
        }
    }

    async fn after(&self, view: &StepView, end: StepEnd<'_>) {
        let key = (view.path().to_string(), view.attempt());
        let mut state = self.state.lock();
        let Some(recorded) = self.steps.get(&key) else {
            return;
        };
        if !state.executed.remove(&key) {
            return;
        }
        match (end, &recorded.outputs, &recorded.error) {
            (StepEnd::Done { .. }, _, Some(old)) => {
                let message = format!(
                    "it is done now, but failed with `{}: {}` in the recording",
                    old.kind, old.message
                );
                state.tell(Difference::at(view, message));
            }
            (StepEnd::Failed { error, .. }, _, None) => {
                let message = format!(
                    "it fails with `{}: {}` now, but was done in the recording",
                    error.kind, error.message
                );
                state.tell(Difference::at(view, message));
            }
            (StepEnd::Failed { error, .. }, _, Some(old)) => {
                if let Some(message) = errors_differ(old, error) {
                    state.tell(Difference::at(view, message));
                }
            }
            (
                StepEnd::Done {
                    outputs: Some(outputs),
                    ..
                },
                Some(old),
                None,
            ) => {
                let Ok(now) = kept(view, outputs) else {
                    return;
                };
                let mut found = Vec::new();
                crate::pattern::Pattern::exactly(old).compare(&now, "outputs", &mut found);
                for mismatch in &found {
                    state.tell(Difference::at(view, differs(mismatch)));
                }
            }
            _ => {}
        }
    }
}

#[async_trait]
impl Clock for Replay {
    fn now(&self, step: &StepPath) -> Timestamp {
        let path = step.to_string();
        let mut state = self.state.lock();
        let turn = state.asked.entry(path.clone()).or_default();
        *turn += 1;
        let times = self.times.get(&path);
        let time = times.and_then(|times| times.get(*turn - 1).or(times.last()));
        time.copied().unwrap_or(self.started_at)
    }

    async fn sleep(&self, _: std::time::Duration) {
        tokio::task::yield_now().await;
    }
}

#[async_trait]
impl Exchanges for Replay {
    async fn replay(
        &self,
        step: &StepPath,
        _: &str,
        request: &Message,
    ) -> Option<Result<Message, NodeError>> {
        let path = step.to_string();
        let text = |key: &str| request.head[key].as_str().unwrap_or_default();
        let mut state = self.state.lock();
        let mut of_step = self
            .exchanges
            .iter()
            .enumerate()
            .filter(|(number, exchange)| exchange.step == path && !state.given.contains(number));
        let Some((number, exchange)) = of_step.next() else {
            let message = format!(
                "it asks for {} {}, which it did not in the recording",
                text("method"),
                text("url")
            );
            state.tell(Difference {
                step: None,
                path: Some(path),
                line: None,
                message: message.clone(),
            });
            return Some(Err(NodeError::unavailable(message).permanent()));
        };
        for key in ["method", "url"] {
            let was = exchange.request.head[key].as_str().unwrap_or_default();
            if was != text(key) {
                let message = format!("{key}: {} now, {was} in the recording", text(key));
                let path = Some(path.clone());
                state.tell(Difference {
                    step: None,
                    path,
                    line: None,
                    message,
                });
            }
        }
        if Body::of(&request.body) != exchange.request.body {
            state.tell(Difference {
                step: None,
                path: Some(path),
                line: None,
                message: "the body of its request is another".to_owned(),
            });
        }
        state.given.insert(number);
        Some(exchange.answer())
    }
}

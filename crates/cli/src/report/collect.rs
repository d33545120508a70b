//! Listens to a run and keeps what the report will tell.
//!
//! A run may have any number of steps; what is kept of it has bounds: of each loop the first
//! passes, the last ones and those that failed, of each value a preview. All else is counted. The
//! steps that a hot loop executes by the million cost a look at their path and a few pointers.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use casare_engine::{EventKind, EventSink, RunEvent, StepPath, event::Outputs, path::ListPath};
use casare_workflow::value::from_json;
use parking_lot::Mutex;
use serde_json::Value as Json;

use super::{
    preview::{cut, preview},
    recent::Recent,
    record::{Attempt, End, StepRecord, StepState},
};

/// How many passes of a loop are kept from its start: of an outermost one, one in it, and deeper.
const FIRST_PASSES: [u64; 3] = [100, 20, 5];
/// How many passes of a loop are kept from its end.
const LAST_PASSES: u64 = 20;
/// How many of the steps that were left out are remembered until it is known which were the last.
const RECENT: usize = 600;
/// How many steps are kept at most: in loops and in all, as the last of their loops, and because
/// they failed.
const STEPS_IN_LOOPS: usize = 2_000;
const STEPS: usize = 3_500;
const LAST_STEPS: usize = 800;
const FAILED_STEPS: usize = 300;
/// Bytes of values in all, and of one value outside and inside loops.
const VALUES: usize = 400_000;
const VALUE: usize = 16_000;
const VALUE_IN_LOOP: usize = 1_000;
pub(super) const VALUE_LEFT_OUT: usize = 400;
/// Bytes of values that are shown even when the room for all of them is used up.
const VALUE_AT_LEAST: usize = 80;
const LOG_LINES: usize = 40;
const ALL_LOG_LINES: usize = 3_000;
const LOG_LINE: usize = 1_000;
const RETRIES: usize = 10;
const ARTIFACTS: usize = 2_000;

/// Collects a run while it goes on.
#[derive(Default)]
pub(crate) struct Collector {
    collected: Mutex<Collected>,
}

impl Collector {
    /// What was collected.
    pub(crate) fn take(&self) -> Collected {
        let mut collected = std::mem::take(&mut *self.collected.lock());
        collected.settle();
        collected
    }
}

impl EventSink for Collector {
    fn event(&self, event: &RunEvent) {
        let ignored = match &event.kind {
            EventKind::StepStarted { path, .. } => left_out(path).is_some(),
            EventKind::BlockStarted { .. }
            | EventKind::PassFinished { .. }
            | EventKind::Progress { .. }
            | EventKind::Checkpoint { .. } => true,
            _ => false,
        };
        if !ignored {
            self.collected.lock().take(event);
        }
    }
}

/// What the report tells of a run.
#[derive(Default)]
pub(crate) struct Collected {
    pub(super) run: String,
    pub(super) workflow: String,
    pub(super) inputs: Json,
    pub(super) attempts: Vec<Attempt>,
    pub(super) end: Option<End>,
    pub(super) steps: Vec<StepRecord>,
    pub(super) loops: HashMap<LoopKey, LeftOut>,
    index: HashMap<StepPath, usize>,
    /// Steps whose blocks have passes that were left out.
    cut_steps: HashSet<StepPath>,
    recent: VecDeque<Recent>,
    hot: Option<Hot>,
    last_steps: usize,
    failed_steps: usize,
    values: usize,
    log_lines: usize,
    artifacts: usize,
}

/// A block of a loop; `None` for the workflow itself.
pub(super) type LoopKey = Option<(StepPath, Arc<str>)>;

/// What was only counted.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct LeftOut {
    /// The last pass that was seen, where passes were left out.
    pub(super) last_pass: Option<u64>,
    pub(super) steps: u64,
    pub(super) failed: u64,
}

/// The loop that steps were left out of last: the same one, most of the time.
struct Hot {
    list: Option<Arc<ListPath>>,
    index: u32,
    block: Arc<str>,
    key: LoopKey,
    left_out: LeftOut,
}

impl Hot {
    fn is(&self, list: &ListPath) -> bool {
        let same = match (&self.list, &list.step.list) {
            (Some(known), Some(list)) => Arc::ptr_eq(known, list),
            (None, None) => true,
            _ => false,
        };
        same && self.index == list.step.index && Arc::ptr_eq(&self.block, &list.block)
    }
}

/// The outermost pass on the way down to `path` that is beyond those that are kept.
fn left_out(path: &StepPath) -> Option<&ListPath> {
    let (mut depth, mut may_be) = (0_usize, false);
    let mut next = path.list.as_deref();
    while let Some(list) = next {
        if let Some(pass) = list.pass {
            depth += 1;
            may_be |= pass >= FIRST_PASSES[2];
        }
        next = list.step.list.as_deref();
    }
    if !may_be {
        return None;
    }
    let mut found = None;
    next = path.list.as_deref();
    while let Some(list) = next {
        if let Some(pass) = list.pass {
            depth -= 1;
            if pass >= FIRST_PASSES[depth.min(2)] {
                found = Some(list);
            }
        }
        next = list.step.list.as_deref();
    }
    found
}

/// Whether `path` is in a block of the step at `ancestor`.
fn is_below(path: &StepPath, ancestor: &StepPath) -> bool {
    let mut next = path.list.as_deref();
    while let Some(list) = next {
        if list.step == *ancestor {
            return true;
        }
        next = list.step.list.as_deref();
    }
    false
}

impl Collected {
    /// Takes one event of the run.
    pub(crate) fn take(&mut self, event: &RunEvent) {
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.ended = event.at;
        }
        match &event.kind {
            EventKind::RunStarted {
                run,
                workflow,
                inputs,
                ..
            } => {
                self.run.clone_from(run);
                self.workflow.clone_from(workflow);
                self.inputs = inputs.clone();
                self.attempts.push(Attempt {
                    began: event.at,
                    ended: event.at,
                });
                self.end = None;
            }
            EventKind::RunFinished {
                state,
                outputs,
                error,
                steps,
                healed,
                ..
            } => {
                let (outputs, error) = (outputs.clone(), error.clone());
                self.end = Some(End {
                    state: *state,
                    outputs,
                    error,
                    steps: *steps,
                    healed: *healed,
                });
            }
            EventKind::StepStarted { path, step, .. } => {
                if left_out(path).is_none()
                    && let Some(record) = self.record(path, false)
                {
                    record.info = step.clone();
                    record.began = event.at;
                    record.state = StepState::Running;
                }
            }
            EventKind::StepFinished { path, .. }
            | EventKind::StepSkipped { path, .. }
            | EventKind::StepRetried { path, .. }
            | EventKind::StepFailed { path, .. }
            | EventKind::Log { path, .. }
            | EventKind::Artifact { path, .. } => match left_out(path) {
                Some(list) => self.leave_out(event, path, Some(list)),
                None if self.record(path, false).is_some() => {
                    self.tell(event, None);
                    if is_end(&event.kind) && self.cut_steps.contains(path) {
                        self.settle_below(path);
                    }
                }
                None => self.leave_out(event, path, None),
            },
            _ => {}
        }
    }

    /// Tells what is known to be the last of each loop. Nothing is taken after that.
    pub(crate) fn settle(&mut self) {
        let recent = std::mem::take(&mut self.recent);
        self.tell_last(recent);
        self.cool();
    }

    /// Steps at the top of the workflow.
    pub(crate) fn top_steps(&self) -> impl Iterator<Item = &StepRecord> {
        self.steps.iter().filter(|step| step.path.list.is_none())
    }

    /// Counts what is not told unless it turns out to be among the last; failures are told.
    fn leave_out(&mut self, event: &RunEvent, path: &StepPath, list: Option<&ListPath>) {
        let failed = matches!(event.kind, EventKind::StepFailed { .. });
        if failed && self.failed_steps < FAILED_STEPS {
            self.failed_steps += 1;
            let about: VecDeque<Recent>;
            (about, self.recent) = std::mem::take(&mut self.recent)
                .into_iter()
                .partition(|recent| recent.path() == Some(path));
            if self.record(path, true).is_some() {
                for recent in about {
                    let (event, outputs) = recent.into_event();
                    self.tell(&event, outputs);
                }
                self.tell(event, None);
            }
            // Told all the same, it counts as a pass of its loop.
            self.counted(path, list);
            return;
        }
        let counts = self.counted(path, list);
        if is_end(&event.kind) {
            counts.steps += 1;
            counts.failed += u64::from(failed);
        }
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(Recent::of(event));
    }

    /// The counts of the loop that `list` is a pass of, or of the outermost loop around `path`.
    fn counted(&mut self, path: &StepPath, list: Option<&ListPath>) -> &mut LeftOut {
        let pass = list.and_then(|list| list.pass);
        let list = list.or_else(|| outermost_loop(path));
        let is_hot = match (&self.hot, list) {
            (Some(hot), Some(list)) => hot.is(list),
            (Some(hot), None) => hot.key.is_none(),
            (None, _) => false,
        };
        if !is_hot {
            self.cool();
            let key = list.map(|list| (list.step.clone(), list.block.clone()));
            if let Some((step, _)) = &key {
                self.cut_steps.insert(step.clone());
            }
            self.hot = Some(Hot {
                list: list.and_then(|list| list.step.list.clone()),
                index: list.map_or(0, |list| list.step.index),
                block: list.map_or_else(|| "".into(), |list| list.block.clone()),
                left_out: self.loops.get(&key).copied().unwrap_or_default(),
                key,
            });
        }
        let hot = self.hot.get_or_insert_with(|| Hot {
            list: None,
            index: 0,
            block: "".into(),
            key: None,
            left_out: LeftOut::default(),
        });
        hot.left_out.last_pass = hot.left_out.last_pass.max(pass);
        &mut hot.left_out
    }

    /// Puts the counts of the hot loop where those of the others are.
    fn cool(&mut self) {
        if let Some(hot) = self.hot.take() {
            self.loops.insert(hot.key, hot.left_out);
        }
    }

    fn settle_below(&mut self, path: &StepPath) {
        let (below, rest) = std::mem::take(&mut self.recent)
            .into_iter()
            .partition(|recent| recent.path().is_some_and(|inner| is_below(inner, path)));
        self.recent = rest;
        self.tell_last(below);
    }

    fn tell_last(&mut self, recent: VecDeque<Recent>) {
        self.cool();
        for recent in recent {
            let (event, outputs) = recent.into_event();
            let Some(path) = path_of(&event) else {
                continue;
            };
            if let Some(list) = left_out(path) {
                let key = Some((list.step.clone(), list.block.clone()));
                let last = self.loops.get(&key).and_then(|counts| counts.last_pass);
                let first_told = last.map(|last| (last + 1).saturating_sub(LAST_PASSES));
                if list.pass < first_told {
                    continue;
                }
            }
            if self.last_steps >= LAST_STEPS {
                return;
            }
            self.last_steps += 1;
            let counts = left_out(path)
                .or_else(|| outermost_loop(path))
                .map(|list| (list.step.clone(), list.block.clone()));
            let counts = self.loops.get_mut(&counts);
            if let Some(counts) = counts.filter(|_| is_end(&event.kind)) {
                counts.steps = counts.steps.saturating_sub(1);
            }
            let _ = self.record(path, true);
            self.tell(&event, outputs);
        }
    }

    /// The record of an execution; a new one only while there is room, or if it `must` be told.
    fn record(&mut self, path: &StepPath, must: bool) -> Option<&mut StepRecord> {
        let place = match self.index.get(path) {
            Some(place) => *place,
            None if must || self.has_room(path) => {
                let place = self.steps.len();
                self.index.insert(path.clone(), place);
                self.steps.push(StepRecord::new(path.clone()));
                place
            }
            None => return None,
        };
        self.steps.get_mut(place)
    }

    fn has_room(&self, path: &StepPath) -> bool {
        let most = if outermost_loop(path).is_some() {
            STEPS_IN_LOOPS
        } else {
            STEPS
        };
        self.steps.len() < most
    }

    /// Writes an event into the record of its step, which exists.
    fn tell(&mut self, event: &RunEvent, previewed: Option<String>) {
        let Some(place) = path_of(event).and_then(|path| self.index.get(path).copied()) else {
            return;
        };
        let room = self.room(&self.steps[place].path);
        let record = &mut self.steps[place];
        match &event.kind {
            EventKind::StepFinished {
                step,
                outputs,
                variables,
                took,
                ..
            } => {
                record.ended(event.at, step, *took, StepState::Done);
                record.error = None;
                record.outputs =
                    previewed.or_else(|| (!outputs.is_empty()).then(|| shown(outputs, room)));
                record.variables = variables.as_ref().map(|variables| shown(variables, room));
                self.values += record.outputs.as_ref().map_or(0, String::len)
                    + record.variables.as_ref().map_or(0, String::len);
            }
            EventKind::StepFailed {
                step,
                error,
                continued,
                took,
                ..
            } => {
                record.ended(
                    event.at,
                    step,
                    *took,
                    StepState::Failed {
                        continued: *continued,
                    },
                );
                record.error = Some(error.clone());
            }
            EventKind::StepSkipped { step, reason, .. } => {
                record.ended(event.at, step, 0, StepState::Skipped(*reason));
            }
            EventKind::StepRetried {
                step,
                attempt,
                delay_ms,
                error,
                ..
            } => {
                record.info = step.clone();
                if record.retries.len() < RETRIES {
                    record
                        .retries
                        .push((*attempt, *delay_ms, cut(&error.message, LOG_LINE)));
                }
            }
            EventKind::Log { level, message, .. } => {
                if record.logs.len() < LOG_LINES && self.log_lines < ALL_LOG_LINES {
                    self.log_lines += 1;
                    record.logs.push((*level, cut(message, LOG_LINE)));
                } else {
                    record.logs_left_out += 1;
                }
            }
            EventKind::Artifact { artifact, .. } if self.artifacts < ARTIFACTS => {
                self.artifacts += 1;
                record.artifacts.push(artifact.clone());
            }
            _ => {}
        }
    }

    /// How many bytes a value of the step at `path` may take.
    fn room(&self, path: &StepPath) -> usize {
        let most = if outermost_loop(path).is_some() {
            VALUE_IN_LOOP
        } else {
            VALUE
        };
        most.min(VALUES.saturating_sub(self.values))
            .max(VALUE_AT_LEAST)
    }
}

fn outermost_loop(path: &StepPath) -> Option<&ListPath> {
    path.lists().into_iter().find(|list| list.pass.is_some())
}

pub(super) fn shown(outputs: &Outputs, limit: usize) -> String {
    match &outputs.0 {
        Some(value) => preview(value, limit),
        None => preview(&from_json(&Json::Null), limit),
    }
}

fn is_end(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::StepFinished { .. }
            | EventKind::StepFailed { .. }
            | EventKind::StepSkipped { .. }
    )
}

pub(super) fn path_of(event: &RunEvent) -> Option<&StepPath> {
    match &event.kind {
        EventKind::StepStarted { path, .. }
        | EventKind::StepFinished { path, .. }
        | EventKind::StepSkipped { path, .. }
        | EventKind::StepRetried { path, .. }
        | EventKind::StepFailed { path, .. }
        | EventKind::Log { path, .. }
        | EventKind::Artifact { path, .. } => Some(path),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

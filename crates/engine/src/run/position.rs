//! Where a run stood when it was interrupted, rebuilt from its journal.
//!
//! The journal is read in order. Of each loop only the newest pass is kept, of each finished step
//! only what later steps can see of it, so that the memory needed does not grow with the run.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use casare_workflow::{Effect, Value};
use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::{
    ErrorReport, EventKind, HealOutcome, RunEvent, RunState, StepPath,
    event::{Outputs, Signal, StepInfo},
    path::ListPath,
};

/// The step instances of one pass of a list that were begun.
pub(crate) type Instances = HashMap<u32, Position>;

/// What the journal says of one step instance.
#[derive(Debug, Default)]
pub(crate) struct Position {
    /// A `once` step that was begun: which one.
    intent: Option<(StepPath, Arc<StepInfo>)>,
    pub(crate) end: Option<End>,
    /// The newest checkpoint of a session.
    pub(crate) checkpoint: Option<Json>,
    checkpointed_at: u64,
    /// The blocks it entered, in order.
    pub(crate) entered: Vec<Entered>,
    /// Results of passes that ended.
    pub(crate) passes: BTreeMap<u64, Option<Json>>,
    /// Outputs of steps below it that can still be referred to.
    pub(crate) outputs: IndexMap<String, Outputs>,
    /// Variables of the workflow it calls.
    pub(crate) variables: IndexMap<String, Value>,
    lists: HashMap<(Arc<str>, Option<u64>), Instances>,
    side_by_side: bool,
    /// Opened something alive: what was done in it since its checkpoint is gone with it.
    session: bool,
    live: bool,
    ended_at: u64,
}

#[derive(Debug)]
pub(crate) enum End {
    Done {
        outputs: Outputs,
        signal: Option<Signal>,
        id: Option<String>,
    },
    Skipped,
    Failed {
        error: Box<ErrorReport>,
        continued: bool,
    },
}

#[derive(Debug)]
pub(crate) struct Entered {
    pub(crate) block: Arc<str>,
    pub(crate) pass: Option<u64>,
    pub(crate) state: Option<Json>,
}

impl Position {
    /// The instances of a pass, to go on with.
    pub(crate) fn take(&mut self, block: &Arc<str>, pass: Option<u64>) -> Option<Instances> {
        self.lists.remove(&(block.clone(), pass))
    }

    /// The newest pass that was begun.
    pub(crate) fn newest_pass(&self) -> Option<u64> {
        let begun = self.lists.keys().filter_map(|(_, pass)| *pass).max();
        let ended = self.passes.keys().max().map(|pass| pass + 1);
        begun.max(ended)
    }

    fn instance(&mut self, list: (Arc<str>, Option<u64>), index: u32) -> &mut Self {
        self.lists
            .entry(list)
            .or_default()
            .entry(index)
            .or_default()
    }

    /// Older passes have ended once a newer one begins.
    fn drop_passes_before(&mut self, pass: u64) {
        if self.side_by_side
            || !self
                .lists
                .keys()
                .any(|(_, known)| known.is_some_and(|known| known < pass))
        {
            return;
        }
        let (ended, current) = std::mem::take(&mut self.lists)
            .into_iter()
            .partition(|((_, known), _)| known.is_some_and(|known| known < pass));
        self.lists = current;
        self.fold(ended);
    }

    /// Keeps of `lists` what later steps can refer to.
    fn fold(&mut self, lists: HashMap<(Arc<str>, Option<u64>), Instances>) {
        if self.side_by_side {
            return;
        }
        for instances in lists.into_values() {
            let mut instances: Vec<_> = instances.into_iter().collect();
            instances.sort_by_key(|(index, _)| *index);
            for (_, position) in instances {
                self.outputs.extend(position.outputs);
                if let Some(End::Done {
                    outputs,
                    id: Some(id),
                    ..
                }) = position.end
                {
                    self.outputs.insert(id, outputs);
                }
            }
        }
    }

    fn finish(&mut self, end: End) {
        self.end = Some(end);
        self.entered.clear();
        self.passes.clear();
        let lists = std::mem::take(&mut self.lists);
        self.fold(lists);
    }

    fn for_each_instance(&mut self, visit: &mut impl FnMut(&mut Self)) {
        for instance in self.lists.values_mut().flat_map(HashMap::values_mut) {
            visit(instance);
            instance.for_each_instance(visit);
        }
    }
}

/// The state of an interrupted run.
#[derive(Debug, Default)]
pub(crate) struct Journaled {
    root: Position,
    events: u64,
    /// Steps executed so far.
    pub(crate) steps: u64,
    /// Failures that were passed over so far.
    pub(crate) failed_steps: u64,
    /// How often a step went on with what was found another way.
    pub(crate) healed: u64,
    /// When the first attempt began, in microseconds since 1970.
    pub(crate) started_at: Option<i64>,
    end: Option<(RunState, Option<StepPath>, Json)>,
}

impl Journaled {
    /// Takes one journaled event.
    pub(crate) fn absorb(&mut self, event: RunEvent) {
        self.events += 1;
        let now = self.events;
        match event.kind {
            EventKind::RunStarted { .. } => {
                self.started_at.get_or_insert(event.at);
                // As that attempt did, whatever became of it.
                self.reopen();
            }
            EventKind::StepStarted { path, step, effect } => {
                let position = self.at(&path);
                position.intent = (effect == Effect::Once).then_some((path, step));
                position.session = effect == Effect::Live;
                position.end = None;
            }
            EventKind::BlockStarted {
                path,
                block,
                pass,
                state,
            } => {
                let position = self.at(&path);
                position.side_by_side |= state
                    .as_ref()
                    .is_some_and(|state| state.get("parallel") == Some(&Json::Bool(true)));
                if let Some(pass) = pass {
                    position.drop_passes_before(pass);
                }
                position.entered.push(Entered { block, pass, state });
            }
            EventKind::PassFinished {
                path, pass, result, ..
            } => {
                let position = self.at(&path);
                position.passes.insert(pass, result);
                if position.side_by_side {
                    position.lists.retain(|(_, known), _| *known != Some(pass));
                }
            }
            EventKind::StepFinished {
                path,
                step,
                effect,
                outputs,
                variables,
                signal,
                again,
                ..
            } => {
                self.steps += 1;
                if let Some(Outputs(Some(variables))) = variables {
                    self.remember_variables(&path, &variables);
                }
                let position = self.at(&path);
                position.live = effect == Effect::Live;
                position.ended_at = now;
                if !again {
                    position.finish(End::Done {
                        outputs,
                        signal,
                        id: step.id.clone(),
                    });
                }
            }
            EventKind::StepSkipped { path, .. } => self.at(&path).finish(End::Skipped),
            EventKind::StepFailed {
                path,
                error,
                continued,
                ..
            } => {
                self.steps += 1;
                self.failed_steps += u64::from(continued);
                let position = self.at(&path);
                position.ended_at = now;
                position.end = Some(End::Failed {
                    error: Box::new(error),
                    continued,
                });
            }
            EventKind::StepRetried { path, .. } => {
                // The next attempt begins with what the step opens itself.
                let position = self.at(&path);
                position.lists.clear();
                position.entered.clear();
                position.passes.clear();
                position.intent = None;
            }
            EventKind::Checkpoint { path, data } => {
                let position = self.at(&path);
                position.checkpoint = Some(data);
                position.checkpointed_at = now;
            }
            EventKind::RunFinished {
                state,
                error,
                outputs,
                ..
            } => {
                self.end = Some((state, error.and_then(|error| error.path), outputs));
            }
            EventKind::Healing { heal, .. } => {
                self.healed += u64::from(heal.outcome == HealOutcome::Used);
            }
            EventKind::Log { .. } | EventKind::Artifact { .. } | EventKind::Progress { .. } => {}
        }
    }

    fn at(&mut self, path: &StepPath) -> &mut Position {
        let mut position = &mut self.root;
        let mut list = (Arc::from(""), None);
        for ListPath { step, block, pass } in path.lists() {
            position = position.instance(list, step.index);
            if let Some(pass) = pass {
                position.drop_passes_before(*pass);
            }
            list = (block.clone(), *pass);
        }
        position.instance(list, path.index)
    }

    /// Variables belong to the innermost workflow that was called.
    fn remember_variables(&mut self, path: &StepPath, variables: &Value) {
        let called = path
            .lists()
            .into_iter()
            .rev()
            .find(|list| &*list.block == "call");
        let position = match called {
            Some(list) => {
                let step = list.step.clone();
                self.at(&step)
            }
            None => &mut self.root,
        };
        for (name, value) in casare_workflow::value::pairs(variables) {
            position.variables.insert(name.to_string(), value);
        }
    }

    /// The outputs, if the journal says that the run has succeeded.
    pub(crate) fn succeeded(&self) -> Option<&Json> {
        match &self.end {
            Some((RunState::Succeeded, _, outputs)) => Some(outputs),
            _ => None,
        }
    }

    /// Makes it possible to go on: what failed for good, and what was cleaned up after it, is open
    /// again; steps on a page that is gone are done again.
    pub(crate) fn reopen(&mut self) {
        match self.end.take() {
            Some((RunState::Failed, Some(path), _)) => self.reopen_failure(&path),
            Some((RunState::Cancelled, ..)) => self.root.for_each_instance(&mut |position| {
                let cancelled = position.entered.iter().position(|entered| {
                    entered
                        .state
                        .as_ref()
                        .is_some_and(|state| state["outcome"] == "cancelled")
                });
                if let Some(cancelled) = cancelled {
                    position.leave_after(cancelled);
                }
            }),
            _ => {}
        }
        self.root.for_each_instance(&mut |position| {
            if position.end.is_none() && position.session {
                let settled = position.checkpointed_at;
                position.for_each_instance(&mut |inner| {
                    if inner.live && inner.ended_at > settled {
                        inner.end = None;
                    }
                });
            }
        });
    }

    fn reopen_failure(&mut self, path: &StepPath) {
        let lists: Vec<(StepPath, Arc<str>, Option<u64>)> = path
            .lists()
            .into_iter()
            .map(|list| (list.step.clone(), list.block.clone(), list.pass))
            .collect();
        for (step, block, pass) in lists {
            let position = self.at(&step);
            position.end = None;
            let on_the_way = position.entered.iter().rposition(|entered| {
                entered.block == block && (entered.pass.is_none() || entered.pass == pass)
            });
            if let Some(on_the_way) = on_the_way {
                position.leave_after(on_the_way + 1);
            }
        }
        let position = self.at(path);
        position.end = None;
        position.intent = None;
    }

    /// The `once` steps that were under way: nobody knows whether they happened.
    pub(crate) fn undecided(&mut self) -> Vec<(StepPath, Arc<StepInfo>)> {
        let mut found = Vec::new();
        self.root.for_each_instance(&mut |position| {
            if let (Some(intent), None) = (&position.intent, &position.end) {
                found.push(intent.clone());
            }
        });
        found.sort_by_key(|(path, _)| path.to_string());
        found
    }

    /// A person says that the step at `path` was done, with these outputs.
    pub(crate) fn decide_done(&mut self, path: &StepPath, id: Option<String>, outputs: &Json) {
        let outputs = Outputs(Some(casare_workflow::value::from_json(outputs)));
        self.at(path).finish(End::Done {
            outputs,
            signal: None,
            id,
        });
    }

    /// The step at `path` is not executed, unless it was given outputs.
    pub(crate) fn pass_over(&mut self, path: &StepPath) {
        self.at(path).end.get_or_insert(End::Skipped);
    }

    /// The run goes on in this list of steps.
    pub(crate) fn enter(&mut self, list: &ListPath) {
        let position = self.at(&list.step);
        position.end = None;
        position.entered.push(Entered {
            block: list.block.clone(),
            pass: list.pass,
            state: None,
        });
        position
            .lists
            .entry((list.block.clone(), list.pass))
            .or_default();
    }

    /// A person says that the step at `path` is to be done.
    pub(crate) fn decide_repeat(&mut self, path: &StepPath) {
        self.at(path).intent = None;
    }

    /// What to go on with.
    pub(crate) fn into_root(self) -> Position {
        self.root
    }
}

impl Position {
    /// Forgets all blocks that were entered after the first `keep`.
    fn leave_after(&mut self, keep: usize) {
        for left in self.entered.split_off(keep.min(self.entered.len())) {
            self.lists.remove(&(left.block, left.pass));
        }
    }
}

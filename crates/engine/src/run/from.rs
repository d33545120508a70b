//! Runs that begin in the middle.

use std::{collections::BTreeMap, sync::Arc};

use casare_store::{Journal, NewRun};
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::{
    Engine, RunError, RunOptions, RunOutcome,
    attempt::{self, Decided, Start},
    inputs,
    position::Journaled,
};
use crate::{Plan, RunEvent, StepPath, plan::Outlined, stream::is_journaled};

/// Where a run begins that does not begin at its first step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Beginning {
    /// The step, by its id or path. An id in a loop means its newest pass in the earlier run, or
    /// the first pass.
    pub step: String,
    /// An earlier run, by its id or the beginning of it: what it did before the step is not done
    /// again, its outputs and variables are read back from the journal.
    pub earlier: Option<String>,
    /// Outputs of steps before it, by id. Without an earlier run, steps without outputs here are
    /// skipped, apart from those that set variables.
    pub outputs: BTreeMap<String, Json>,
}

/// The line of the journal where the step begins, and what comes before it.
struct Earlier {
    journaled: Journaled,
    lines: Vec<u8>,
    inputs: Json,
    target: StepPath,
    /// Where each step with an id was executed last.
    places: BTreeMap<String, StepPath>,
}

impl Engine {
    /// Runs `plan` from a step in the middle, as a new run.
    ///
    /// `options.inputs` may be empty if there is an earlier run: its inputs are taken then.
    ///
    /// # Errors
    ///
    /// When there is no such step, or the earlier run did other things before it.
    pub async fn run_from(
        &self,
        plan: &Arc<Plan>,
        beginning: &Beginning,
        mut options: RunOptions,
    ) -> Result<RunOutcome, RunError> {
        let step = find(plan, &beginning.step)?;
        let earlier = match (&beginning.earlier, options.journal.clone()) {
            (Some(run), Some(journal)) => {
                let earlier = self.earlier(plan, &journal, run, &step, beginning, &options);
                earlier.await?
            }
            (Some(_), None) => {
                return Err(RunError::NotResumable(
                    "a run without a journal can't begin where an earlier one stood".into(),
                ));
            }
            (None, _) => Earlier {
                journaled: Journaled::default(),
                lines: Vec::new(),
                inputs: Json::Null,
                target: with_passes(plan, &step.path),
                places: BTreeMap::new(),
            },
        };
        let Earlier {
            mut journaled,
            lines,
            inputs,
            target,
            places,
        } = earlier;
        if let (true, Json::Object(inputs)) = (options.inputs.is_empty(), inputs) {
            options.inputs = inputs;
        }
        let told = given(plan, &mut journaled, &places, &beginning.outputs)?;
        if beginning.earlier.is_none() {
            place(plan, &mut journaled, &target)?;
        }
        let inputs = inputs::resolve(plan.workflow(), options.inputs.clone());
        let start = Start::fresh(plan, &options, inputs.map_err(RunError::Inputs)?).await?;
        let start = Start {
            journaled,
            copied: lines,
            ..start
        };
        Ok(attempt::attempt(plan, options, start, told).await)
    }

    /// What an earlier run did before the step.
    async fn earlier(
        &self,
        plan: &Arc<Plan>,
        journal: &Journal,
        run: &str,
        step: &Outlined,
        beginning: &Beginning,
        options: &RunOptions,
    ) -> Result<Earlier, RunError> {
        let stored = journal.find(run).await?;
        let recorded = self.recorded_plan(&stored, options)?;
        let mut places = BTreeMap::new();
        read(journal, stored.id, |event, _| {
            if let (Some(path), Some(id)) = (event.kind.path(), event.kind.step_id()) {
                places.insert(id.to_owned(), path.clone());
            }
            true
        })
        .await?;
        let target = match places.get(&beginning.step) {
            Some(path) => path.clone(),
            None => with_passes(plan, &step.path),
        };
        if let Some(changed) = first_difference(plan, &recorded, &target) {
            return Err(RunError::NotResumable(format!(
                "step {changed} is another one than in run {}, so what that run did before \
                 `{}` does not fit this workflow",
                stored.id, beginning.step
            )));
        }
        let mut journaled = Journaled::default();
        let mut lines = Vec::new();
        read(journal, stored.id, |event, line| {
            if event.kind.path().is_some_and(|path| path.is_in(&target)) {
                return false;
            }
            if event.kind.path().is_some() {
                lines.extend_from_slice(line);
                lines.push(b'\n');
            }
            journaled.absorb(event);
            true
        })
        .await?;
        journaled.reopen();
        Ok(Earlier {
            journaled,
            lines,
            inputs: stored.inputs,
            target,
            places,
        })
    }
}

impl Engine {
    /// Takes over a run that began elsewhere, so that [`Engine::resume`] goes on with it here: `lines` are its events
    /// as JSON, in their order, from all of its attempts.
    ///
    /// `options` says what the run is called here, its inputs and its journal.
    ///
    /// # Errors
    ///
    /// When the journal can't be written, or has the run already.
    pub async fn adopt(
        &self,
        plan: &Arc<Plan>,
        options: &RunOptions,
        lines: impl Iterator<Item = &str>,
    ) -> Result<Uuid, RunError> {
        let inputs = inputs::resolve(plan.workflow(), options.inputs.clone());
        let start = Start::fresh(plan, options, inputs.map_err(RunError::Inputs)?).await?;
        if let Some(journal) = &options.journal {
            let writer = journal.writer(start.id);
            for line in lines {
                let is_kept = serde_json::from_str::<RunEvent>(line)
                    .is_ok_and(|event| is_journaled(&event.kind));
                if is_kept {
                    writer.append(|bytes| {
                        bytes.extend_from_slice(line.as_bytes());
                        bytes.push(b'\n');
                    });
                }
            }
            writer.close().await?;
        }
        Ok(start.id)
    }
}

/// Goes through a run's journal until `each` has seen enough.
async fn read(
    journal: &Journal,
    run: Uuid,
    mut each: impl FnMut(RunEvent, &[u8]) -> bool,
) -> Result<(), RunError> {
    let mut going_on = true;
    journal
        .segments(run, |segment| {
            for line in segment.split(|byte| *byte == b'\n') {
                if !going_on || line.is_empty() {
                    continue;
                }
                if let Ok(event) = serde_json::from_slice(line) {
                    going_on = each(event, line);
                }
            }
        })
        .await?;
    Ok(())
}

impl Start {
    /// A new run, told to the journal.
    pub(super) async fn fresh(
        plan: &Plan,
        options: &RunOptions,
        inputs: Map<String, Json>,
    ) -> Result<Self, RunError> {
        let id = options.id.unwrap_or_else(Uuid::now_v7);
        let started_at = Timestamp::now();
        let lock = match &options.journal {
            Some(journal) => {
                let new = NewRun {
                    id,
                    workflow: plan.workflow.name.clone(),
                    file: options.file.clone(),
                    hash: plan.hash.clone(),
                    text: plan.text.clone(),
                    inputs: Json::Object(inputs.clone()),
                    started_at,
                    folder: options.folder.display().to_string(),
                    options: json!({ "name": plan.name, "called": plan.called }),
                };
                Some(journal.begin(&new).await?)
            }
            None => None,
        };
        Ok(Self {
            id,
            started_at,
            attempt: 1,
            inputs,
            journaled: Journaled::default(),
            copied: Vec::new(),
            lock,
        })
    }
}

/// The step that is meant: an id, or a path with or without passes.
fn find(plan: &Plan, step: &str) -> Result<Outlined, RunError> {
    let outline = plan.outline();
    if let Some(found) = outline
        .iter()
        .find(|one| one.info.id.as_deref() == Some(step))
    {
        return Ok(found.clone());
    }
    let path: Option<StepPath> = step.parse().ok();
    path.and_then(|path| plan.step_at(&path)).ok_or_else(|| {
        let ids: Vec<&str> = outline
            .iter()
            .filter_map(|one| one.info.id.as_deref())
            .collect();
        let known = if ids.is_empty() {
            "no step of it has an id; paths look like `1.do.0`".to_owned()
        } else {
            format!("ids: {}", ids.join(", "))
        };
        RunError::NotResumable(format!(
            "`{}` has no step `{step}`; {known}",
            plan.workflow.name
        ))
    })
}

/// `path` with the first pass wherever a loop's is left out.
fn with_passes(plan: &Plan, path: &StepPath) -> StepPath {
    let mut list = None;
    for on_the_way in path.lists() {
        let owner = StepPath::new(list, on_the_way.step.index);
        let first = plan.has_passes(&owner).then_some(0);
        list = Some(owner.list(&on_the_way.block, on_the_way.pass.or(first)));
    }
    StepPath::new(list, path.index)
}

/// The first step before `target` that is not the same in both plans.
fn first_difference(plan: &Plan, recorded: &Plan, target: &StepPath) -> Option<StepPath> {
    let lists = target.lists();
    let ends = lists
        .iter()
        .map(|list| &list.step)
        .chain(std::iter::once(target));
    for end in ends {
        for index in 0..=end.index {
            let path = StepPath::new(end.list.clone(), index);
            // The step itself may be new: that is what one wants to try.
            if path == *target {
                continue;
            }
            let (now, then) = (plan.step_at(&path), recorded.step_at(&path));
            let same = match (now, then) {
                (Some(now), Some(then)) => {
                    now.info.node == then.info.node && now.info.id == then.info.id
                }
                _ => false,
            };
            if !same {
                return Some(path);
            }
        }
    }
    None
}

/// Takes the outputs that a person gave for steps.
fn given(
    plan: &Plan,
    journaled: &mut Journaled,
    places: &BTreeMap<String, StepPath>,
    outputs: &BTreeMap<String, Json>,
) -> Result<Vec<Decided>, RunError> {
    let mut told = Vec::new();
    for (id, outputs) in outputs {
        let step = find(plan, id)?;
        let path = match places.get(id) {
            Some(path) => path.clone(),
            None => with_passes(plan, &step.path),
        };
        journaled.decide_done(&path, step.info.id.clone(), outputs);
        told.push(Decided {
            path,
            step: step.info,
            outputs: outputs.clone(),
        });
    }
    Ok(told)
}

/// Passes over the steps before `target`, and enters the blocks on the way to it.
fn place(plan: &Plan, journaled: &mut Journaled, target: &StepPath) -> Result<(), RunError> {
    let lists = target.lists();
    if let Some(list) = lists
        .iter()
        .find(|list| list.block.split(':').next() == Some("catch"))
    {
        return Err(RunError::NotResumable(format!(
            "step {target} is in the `catch` of step {}: only an earlier run knows the error that \
             it handles",
            list.step
        )));
    }
    let ends = lists
        .iter()
        .map(|list| &list.step)
        .chain(std::iter::once(target));
    for end in ends {
        for index in 0..end.index {
            let path = StepPath::new(end.list.clone(), index);
            let sets = plan.step_at(&path).is_some_and(|step| {
                matches!(step.info.node.as_str(), "data.set" | "data.increment")
            });
            if !sets {
                journaled.pass_over(&path);
            }
        }
    }
    for list in lists {
        journaled.enter(list);
    }
    Ok(())
}

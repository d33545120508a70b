//! One attempt of a run, from its first event to its last.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use casare_store::{RunEnd, RunLock, RunState, StoredRun};
use casare_workflow::{
    Effect, Value,
    value::{from_json, to_json},
};
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::{
    RunError, RunOptions, RunOutcome, Undecided,
    frame::{Frame, Halt},
    interpret::{Interpreter, Limits},
    perform::journal_error,
    position::{Journaled, Position},
};
use crate::{
    Artifacts, CancelReason, ErrorKind, ErrorReport, EventKind, NodeError, Plan, StepPath,
    context::Surroundings,
    event::{Outputs, StepInfo},
    mask::Mask,
    scope::Scope,
    stream::EventStream,
};

const PASSES: u64 = 1_000_000;
const INLINE_OUTPUT: u64 = 16 << 20;
const GRACE: Duration = Duration::from_secs(30);

/// What an attempt begins with.
pub(super) struct Start {
    pub(super) id: Uuid,
    /// When the first attempt began.
    pub(super) started_at: Timestamp,
    pub(super) attempt: u32,
    pub(super) inputs: Map<String, Json>,
    pub(super) journaled: Journaled,
    /// Lines that an earlier run's journal gives to this one's.
    pub(super) copied: Vec<u8>,
    /// Held while the attempt lasts, so that no other process goes on with the same run.
    pub(super) lock: Option<RunLock>,
}

/// A step that a person says was done.
pub(super) struct Decided {
    pub(super) path: StepPath,
    pub(super) step: Arc<StepInfo>,
    pub(super) outputs: Json,
}

pub(super) async fn attempt(
    plan: &Arc<Plan>,
    options: RunOptions,
    mut start: Start,
    told: Vec<Decided>,
) -> RunOutcome {
    let began = Instant::now();
    let mask = Arc::new(Mask::default());
    let writer = options
        .journal
        .as_ref()
        .map(|journal| journal.writer(start.id));
    let events = EventStream::new(options.sinks, writer.clone(), mask.clone());
    let folder = options.runs.join(start.id.to_string());
    let limits = &plan.workflow.limits;
    let interpreter = Interpreter {
        around: Arc::new(Surroundings {
            events,
            artifacts: Artifacts::new(folder.join("artifacts")),
            credentials: options.credentials,
            people: options.people,
            mask,
            folder: options.files.unwrap_or_else(|| plan.folder.clone()),
            run_id: start.id.to_string(),
            headed: options.headed,
            browser: options.browser,
            keep: options.keep.unwrap_or_else(|| options.runs.join("kept")),
            healing: options.healing,
            healed: AtomicU64::new(start.journaled.healed),
            plan: plan.clone(),
            witness: options.witness,
            attendant: options.attendant,
            clock: options.clock,
            exchanges: options.exchanges,
            seed: options.seed.unwrap_or_else(rand::random),
        }),
        limits: Limits {
            passes: limits.passes.unwrap_or(PASSES),
            inline_output: limits.inline_output.unwrap_or(INLINE_OUTPUT),
            grace: limits.grace.map_or(GRACE, Into::into),
        },
        steps: AtomicU64::new(start.journaled.steps),
        failed_steps: AtomicU64::new(start.journaled.failed_steps),
        breath: AtomicU32::new(0),
    };
    let events = &interpreter.around.events;
    events.emit(EventKind::RunStarted {
        run: start.id.to_string(),
        workflow: plan.workflow.name.clone(),
        attempt: start.attempt,
        inputs: Json::Object(start.inputs.clone()),
    });
    if let Some(journal) = events.journal() {
        let copied = std::mem::take(&mut start.copied);
        journal.append(|bytes| bytes.extend_from_slice(&copied));
    }
    for decided in told {
        events.emit(EventKind::StepFinished {
            path: decided.path,
            step: decided.step,
            effect: Effect::Once,
            outputs: Outputs(Some(from_json(&decided.outputs))),
            variables: None,
            signal: None,
            again: false,
            took: 0,
        });
    }
    let undecided: Vec<Undecided> = start
        .journaled
        .undecided()
        .into_iter()
        .map(|(path, info)| Undecided {
            path,
            step: info.title.clone(),
            node: info.node.clone(),
            line: info.line,
        })
        .collect();
    let ended = if undecided.is_empty() {
        let env = chosen_env(plan, &options.env);
        let frame = Frame {
            scope: Scope::new(
                from_json(&Json::Object(start.inputs.clone())),
                env,
                run_value(plan, &start, &options.shown),
            ),
            session: None,
            around: None,
            cancel: options.cancel.child(),
            deadline: None,
        };
        let work = interpreter.whole(
            plan,
            &frame,
            start.journaled.into_root(),
            &options.variables,
        );
        let limit = plan.workflow.limits.run_time;
        let limit = limit.filter(|_| !interpreter.takes_its_time());
        limited(limit, &frame, work).await
    } else {
        Ended::needs_decision(&undecided)
    };
    let (state, outputs) = (ended.state, ended.outputs);
    let error = ended
        .error
        .map(|error| interpreter.around.mask.report(error));
    let mut outcome = RunOutcome {
        run: start.id,
        state,
        outputs,
        error,
        steps: interpreter.steps.load(Ordering::Relaxed),
        failed_steps: interpreter.failed_steps.load(Ordering::Relaxed),
        healed: interpreter.around.healed.load(Ordering::Relaxed),
        took: began.elapsed(),
        undecided,
        folder,
    };
    interpreter
        .close(options.journal.as_ref(), writer, &mut outcome)
        .await;
    drop(start.lock.take());
    outcome
}

/// The process ended after the last step and before the run's row said so.
pub(super) async fn succeeded_before(
    journal: &casare_store::Journal,
    options: &RunOptions,
    stored: &StoredRun,
    journaled: &Journaled,
    outputs: &Json,
) -> Result<RunOutcome, RunError> {
    let end = RunEnd {
        state: RunState::Succeeded,
        ended_at: Timestamp::now(),
        outputs: Some(outputs.clone()),
        error: None,
        steps: journaled.steps,
        healed: journaled.healed,
        duration_ms: stored.duration_ms,
    };
    journal.finish(stored.id, end).await?;
    Ok(RunOutcome {
        run: stored.id,
        state: RunState::Succeeded,
        outputs: outputs.clone(),
        error: None,
        steps: journaled.steps,
        failed_steps: journaled.failed_steps,
        healed: journaled.healed,
        took: Duration::ZERO,
        undecided: Vec::new(),
        folder: options.runs.join(stored.id.to_string()),
    })
}

/// How the steps ended.
struct Ended {
    state: RunState,
    outputs: Json,
    error: Option<ErrorReport>,
}

impl Ended {
    fn failed(error: ErrorReport) -> Self {
        Self {
            state: RunState::Failed,
            outputs: json!({}),
            error: Some(error),
        }
    }

    fn cancelled() -> Self {
        let error = NodeError::new(ErrorKind::Conflict, "the run was cancelled").permanent();
        Self {
            state: RunState::Cancelled,
            outputs: json!({}),
            error: Some(ErrorReport::from(&error)),
        }
    }

    fn needs_decision(undecided: &[Undecided]) -> Self {
        let steps: Vec<String> = undecided
            .iter()
            .map(|one| format!("{} `{}` ({})", one.path, one.step, one.node))
            .collect();
        let error = NodeError::conflict(format!(
            "the run was interrupted while a step was under way that must not be repeated by \
             itself; nobody knows whether it happened: {}",
            steps.join(", ")
        ))
        .with_help("look whether it happened, then resume with `--decide STEP=done` or `--decide STEP=repeat`")
        .permanent();
        Self {
            state: RunState::NeedsDecision,
            outputs: json!({}),
            error: Some(ErrorReport::from(&error)),
        }
    }
}

/// Bounds the whole run by `limits.run_time`.
async fn limited(
    limit: Option<casare_workflow::Span>,
    frame: &Frame,
    work: impl Future<Output = Ended>,
) -> Ended {
    let Some(limit) = limit else {
        return work.await;
    };
    let mut work = Box::pin(work);
    tokio::select! {
        ended = &mut work => ended,
        () = tokio::time::sleep(limit.get()) => {
            frame.cancel.cancel(CancelReason::RunTime);
            work.await
        }
    }
}

impl Interpreter {
    /// All the steps, and the outputs.
    async fn whole(
        &self,
        plan: &Plan,
        frame: &Frame,
        mut known: Position,
        given: &Map<String, Json>,
    ) -> Ended {
        match self.steps_and_outputs(plan, frame, &mut known, given).await {
            Ok(outputs) => Ended {
                state: RunState::Succeeded,
                outputs,
                error: None,
            },
            Err(Halt::Failed(error)) => Ended::failed(*error),
            Err(Halt::Cancelled) => match frame.cancel.reason() {
                Some(CancelReason::RunTime) => {
                    let limit = plan.workflow.limits.run_time.unwrap_or_default();
                    let error = NodeError::timeout(format!("the run took longer than {limit}"))
                        .with_help("raise `limits.run_time` of the workflow, or make it quicker");
                    Ended::failed(ErrorReport::from(&error))
                }
                _ => Ended::cancelled(),
            },
        }
    }

    async fn steps_and_outputs(
        &self,
        plan: &Plan,
        frame: &Frame,
        known: &mut Position,
        given: &Map<String, Json>,
    ) -> Result<Json, Halt> {
        let evaluate = |what: &str, name: &str, template: &casare_workflow::Template| {
            template.evaluate(&frame.scope).map_err(|error| {
                let error = NodeError::invalid(format!("{what} `{name}`: {error}"));
                Halt::Failed(Box::new(ErrorReport::from(&error)))
            })
        };
        for (name, template) in &plan.variables {
            let value = match given.get(&**name) {
                Some(value) => from_json(value),
                None => evaluate("variable", name, template)?,
            };
            frame.scope.set_variable(name, value);
        }
        for (name, value) in std::mem::take(&mut known.variables) {
            frame.scope.set_variable(&name.into(), value);
        }
        for (id, outputs) in std::mem::take(&mut known.outputs) {
            frame.scope.set_outputs(&id.into(), Self::recorded(outputs));
        }
        let instances = known.take(&"".into(), None);
        self.list(&plan.root, frame, None, instances).await?;
        let mut outputs = Map::new();
        for (name, template) in &plan.outputs {
            let mut value = to_json(&evaluate("output", name, template)?);
            self.around.mask.json(&mut value);
            outputs.insert(name.to_string(), value);
        }
        Ok(Json::Object(outputs))
    }

    /// The last event, and the run's row. What can't be recorded did not succeed.
    async fn close(
        &self,
        journal: Option<&casare_store::Journal>,
        writer: Option<casare_store::JournalWriter>,
        outcome: &mut RunOutcome,
    ) {
        if let Some(writer) = &writer
            && let Err(error) = writer.flush(casare_store::Durability::Process).await
        {
            let report = ErrorReport::from(&journal_error(&error));
            let ended = Ended::failed(report);
            (outcome.state, outcome.outputs) = (ended.state, ended.outputs);
            outcome.error = outcome.error.take().or(ended.error);
        }
        self.around.events.emit(EventKind::RunFinished {
            state: outcome.state,
            outputs: outcome.outputs.clone(),
            error: outcome.error.clone(),
            steps: outcome.steps,
            healed: outcome.healed,
            took: outcome.took.as_micros() as u64,
        });
        let (Some(journal), Some(writer)) = (journal, writer) else {
            return;
        };
        let end = RunEnd {
            state: outcome.state,
            ended_at: Timestamp::now(),
            outputs: Some(outcome.outputs.clone()),
            error: outcome
                .error
                .as_ref()
                .and_then(|error| serde_json::to_value(error).ok()),
            steps: outcome.steps,
            healed: outcome.healed,
            duration_ms: outcome.took.as_millis() as u64,
        };
        let recorded = match writer.close().await {
            Ok(()) => journal.finish(outcome.run, end).await,
            Err(error) => Err(error),
        };
        if let Err(error) = recorded
            && outcome.state == RunState::Succeeded
        {
            let report = ErrorReport::from(&journal_error(&error));
            let ended = Ended::failed(report);
            (outcome.state, outcome.outputs, outcome.error) =
                (ended.state, ended.outputs, ended.error);
        }
    }
}

fn chosen_env(plan: &Plan, env: &BTreeMap<String, String>) -> Value {
    Value::from_pairs(plan.workflow.env.iter().filter_map(|name| {
        Some((
            Value::from(name.as_str()),
            Value::from(env.get(name)?.as_str()),
        ))
    }))
}

/// What expressions see as `run`.
fn run_value(plan: &Plan, start: &Start, shown: &Map<String, Json>) -> Value {
    let truth = [
        ("id", Value::from(start.id.to_string())),
        ("workflow", Value::from(plan.workflow.name.as_str())),
        ("started_at", Value::from(start.started_at.to_string())),
        ("attempt", Value::from(start.attempt)),
        ("folder", Value::from(plan.folder.display().to_string())),
    ];
    Value::from_pairs(truth.map(|(name, value)| match shown.get(name) {
        Some(shown) => (name, from_json(shown)),
        None => (name, value),
    }))
}

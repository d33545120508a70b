//! The interpreter: start, resume, cancel.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use casare_store::{Journal, RunState, StoredRun};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use self::{
    attempt::{Decided, Start},
    position::Journaled,
};
use crate::{
    Attendant, Cancel, Clock, Credentials, ErrorReport, EventSink, Exchanges, HealingPolicy,
    NoCredentials, Nobody, People, Plan, PlanError, Registry, RunEvent, StepPath, Witness,
    plan::{Files, PlanCache},
};

mod attempt;
mod attended;
mod branches;
mod call;
mod control;
mod frame;
mod from;
mod inputs;
mod interpret;
mod loops;
mod perform;
mod position;
mod record;
mod rescue;
mod retry;

pub use from::Beginning;
pub(crate) use rescue::{catches, retries};
pub(crate) use retry::again as tried_again;

/// Runs workflows. Cheap to clone; keeps compiled plans.
#[derive(Debug, Clone)]
pub struct Engine {
    registry: Registry,
    plans: Arc<PlanCache>,
}

/// What a run is given.
pub struct RunOptions {
    /// What a new run is called; a new id with `None`.
    pub id: Option<Uuid>,
    /// Values of the workflow's inputs; texts are converted to the declared kinds.
    pub inputs: Map<String, Json>,
    /// Where relative paths start: the workflow file's folder.
    pub folder: PathBuf,
    /// Where files of runs are kept: `<runs>/<run id>/`.
    pub runs: PathBuf,
    /// Where the run is recorded so that it can be resumed; not at all with `None`.
    pub journal: Option<Journal>,
    /// Where secrets come from.
    pub credentials: Arc<dyn Credentials>,
    /// Who answers questions.
    pub people: Arc<dyn People>,
    /// Who listens.
    pub sinks: Vec<Arc<dyn EventSink>>,
    /// Tells the run to stop: `finally` blocks run and resources are closed within the grace time.
    pub cancel: Cancel,
    /// Environment variables that `env` may show; the workflow's own list chooses among them.
    pub env: BTreeMap<String, String>,
    /// Shows or hides browsers whatever the workflow says.
    pub headed: Option<bool>,
    /// The browser to start where a workflow names none; the first known one in `PATH` otherwise.
    pub browser: Option<PathBuf>,
    /// What may be done about selectors that find nothing, whatever the workflow says.
    pub healing: Option<HealingPolicy>,
    /// Where nodes keep what outlives a run and belongs to this machine's user, such as log-ins; `kept` below
    /// `runs` if not set.
    pub keep: Option<PathBuf>,
    /// The workflow's file, for people.
    pub file: Option<String>,
    /// Who has to know of a `once` step before it happens; the journal alone with `None`.
    pub witness: Option<Arc<dyn Witness>>,
    /// Who sees each step coming and decides about it: a debugger, a test, a recorder.
    pub attendant: Option<Arc<dyn Attendant>>,
    /// The time that nodes see and by which the run waits; the machine's own with `None`.
    pub clock: Option<Arc<dyn Clock>>,
    /// What chance begins with ([`StepContext::rng`](crate::StepContext::rng)); a new one with
    /// `None`.
    pub seed: Option<u64>,
    /// Who keeps what nodes say to other systems, or answers in their place.
    pub exchanges: Option<Arc<dyn Exchanges>>,
    /// What expressions see in `run` instead of the truth, by name (`id`, `started_at`, `folder`,
    /// …): a replay shows what the recorded run had.
    pub shown: Map<String, Json>,
    /// Values of variables at the start, instead of those that the workflow gives them.
    pub variables: Map<String, Json>,
    /// Where relative paths of nodes start instead of the workflow's folder: a test's own folder.
    pub files: Option<PathBuf>,
}

impl RunOptions {
    /// The least a run needs.
    pub fn new(folder: impl Into<PathBuf>, runs: impl Into<PathBuf>) -> Self {
        Self {
            id: None,
            inputs: Map::new(),
            folder: folder.into(),
            runs: runs.into(),
            journal: None,
            credentials: Arc::new(NoCredentials),
            people: Arc::new(Nobody),
            sinks: Vec::new(),
            cancel: Cancel::default(),
            env: BTreeMap::new(),
            headed: None,
            browser: None,
            keep: None,
            healing: None,
            file: None,
            witness: None,
            attendant: None,
            clock: None,
            seed: None,
            exchanges: None,
            shown: Map::new(),
            variables: Map::new(),
            files: None,
        }
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct RunOutcome {
    /// The run's id.
    pub run: Uuid,
    /// Succeeded, failed, cancelled or in need of a decision.
    pub state: RunState,
    /// What it answers: a map, empty unless it succeeded.
    pub outputs: Json,
    /// Why it did not succeed.
    pub error: Option<ErrorReport>,
    /// Steps that were executed, over all attempts.
    pub steps: u64,
    /// Steps that failed and were passed over (`on_error: continue`).
    pub failed_steps: u64,
    /// How often a step went on with an element that was found another way than the workflow says, over all
    /// attempts.
    pub healed: u64,
    /// Time since this attempt began.
    pub took: Duration,
    /// `once` steps whose outcome is unknown, when the state is `needs_decision`.
    pub undecided: Vec<Undecided>,
    /// The folder of its files.
    pub folder: PathBuf,
}

/// A `once` step that was under way when the run was interrupted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecided {
    /// Which execution of which step.
    pub path: StepPath,
    /// Its title.
    pub step: String,
    /// Its node.
    pub node: String,
    /// Its line in the file.
    pub line: u32,
}

/// What a person knows about a `once` step whose outcome is unknown.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// It happened; these are its outputs.
    Done(Json),
    /// It did not happen: do it.
    Repeat,
}

/// Why a run could not begin or go on. What happens *in* a run is told by [`RunOutcome`].
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The workflow is not valid.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// An input is missing, unknown or of the wrong kind.
    #[error("{0}")]
    Inputs(String),
    /// The journal can't be read or written.
    #[error(transparent)]
    Store(#[from] casare_store::StoreError),
    /// The run can't be resumed.
    #[error("{0}")]
    NotResumable(String),
}

impl Engine {
    /// An engine that knows these nodes.
    pub fn new(registry: Registry) -> Self {
        Self {
            registry,
            plans: Arc::default(),
        }
    }

    /// The nodes it knows.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Compiles a workflow, or answers the plan it compiled from the same text before.
    ///
    /// # Errors
    ///
    /// Everything that is known to be wrong before a run.
    pub fn load(&self, name: &str, text: &str, folder: &Path) -> Result<Arc<Plan>, PlanError> {
        let key = PlanCache::key(name, text, folder);
        if let Some(plan) = self.plans.get(&key) {
            return Ok(plan);
        }
        let plan = Plan::compile(name, text, folder, &self.registry)?;
        self.plans.keep(key, &plan);
        Ok(plan)
    }

    /// Compiles a workflow whose called workflows are those of [`Plan::called`] of an earlier run,
    /// whatever their files say now.
    ///
    /// # Errors
    ///
    /// Everything that is known to be wrong before a run.
    pub fn load_recorded(
        &self,
        name: &str,
        text: &str,
        folder: &Path,
        called: &BTreeMap<String, String>,
    ) -> Result<Arc<Plan>, PlanError> {
        let files = Files::Recorded(called);
        Plan::compile_from(name, text, folder, &self.registry, &files)
    }

    /// Runs `plan` to its end.
    ///
    /// # Errors
    ///
    /// When it could not even begin.
    pub async fn run(&self, plan: &Arc<Plan>, options: RunOptions) -> Result<RunOutcome, RunError> {
        let inputs =
            inputs::resolve(plan.workflow(), options.inputs.clone()).map_err(RunError::Inputs)?;
        let start = Start::fresh(plan, &options, inputs).await?;
        Ok(attempt::attempt(plan, options, start, Vec::new()).await)
    }

    /// Goes on with a run that was interrupted, has failed, or waits for a decision.
    ///
    /// Finished steps are not executed again. `options.journal` must be set; the inputs and the
    /// folder are those of the first attempt. `decisions` are by step path or id.
    ///
    /// # Errors
    ///
    /// When it can't go on: no such run, it has succeeded, another process is at it.
    pub async fn resume(
        &self,
        run: &str,
        decisions: &BTreeMap<String, Decision>,
        mut options: RunOptions,
    ) -> Result<RunOutcome, RunError> {
        let Some(journal) = options.journal.clone() else {
            return Err(RunError::NotResumable(
                "a run without a journal can't be resumed".into(),
            ));
        };
        let found = journal.find(run).await?;
        if found.state == RunState::Succeeded {
            return Err(RunError::NotResumable(format!(
                "run {} has succeeded; there is nothing left to do",
                found.id
            )));
        }
        options.folder = found.folder.clone().into();
        options.file = found.file.clone();
        let plan = self.recorded_plan(&found, &options)?;
        if !decisions.is_empty() {
            // Before the run is touched: a refused decision leaves it as it was.
            let mut journaled = journaled(&journal, found.id).await?;
            if journaled.succeeded().is_none() {
                journaled.reopen();
                decide(&mut journaled, decisions)?;
            }
        }
        let (stored, lock) = journal.reopen(found.id).await?;
        let mut journaled = journaled(&journal, stored.id).await?;
        if let Some(outputs) = journaled.succeeded() {
            return attempt::succeeded_before(&journal, &options, &stored, &journaled, outputs)
                .await;
        }
        journaled.reopen();
        let told = decide(&mut journaled, decisions)?;
        let inputs = match stored.inputs {
            Json::Object(inputs) => inputs,
            _ => Map::new(),
        };
        let start = Start {
            id: stored.id,
            started_at: stored.started_at,
            attempt: stored.attempt,
            inputs,
            journaled,
            copied: Vec::new(),
            lock: Some(lock),
        };
        Ok(attempt::attempt(&plan, options, start, told).await)
    }

    /// The workflow as it was when the run began, whatever its file says now.
    fn recorded_plan(
        &self,
        stored: &StoredRun,
        options: &RunOptions,
    ) -> Result<Arc<Plan>, RunError> {
        let name = stored.options["name"].as_str().unwrap_or("workflow");
        let called: BTreeMap<String, String> =
            serde_json::from_value(stored.options["called"].clone()).unwrap_or_default();
        let files = Files::Recorded(&called);
        Ok(Plan::compile_from(
            name,
            &stored.text,
            &options.folder,
            &self.registry,
            &files,
        )?)
    }
}

/// What the journal holds of a run.
async fn journaled(journal: &Journal, run: Uuid) -> Result<Journaled, RunError> {
    let mut journaled = Journaled::default();
    journal
        .segments(run, |segment| {
            let lines = segment
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.is_empty());
            for line in lines {
                if let Ok(event) = serde_json::from_slice::<RunEvent>(line) {
                    journaled.absorb(event);
                }
            }
        })
        .await?;
    Ok(journaled)
}

/// Applies what a person decided; tells the steps that are done now, with their outputs.
fn decide(
    journaled: &mut Journaled,
    decisions: &BTreeMap<String, Decision>,
) -> Result<Vec<Decided>, RunError> {
    let undecided = journaled.undecided();
    let mut told = Vec::new();
    for (step, decision) in decisions {
        let matching: Vec<_> = undecided
            .iter()
            .filter(|(path, info)| path.to_string() == *step || info.id.as_ref() == Some(step))
            .collect();
        let (path, info) = match matching.as_slice() {
            [one] => one,
            [] => {
                let waiting: Vec<String> =
                    undecided.iter().map(|(path, _)| path.to_string()).collect();
                return Err(RunError::NotResumable(if waiting.is_empty() {
                    format!("step `{step}` waits for no decision; none does")
                } else {
                    format!(
                        "step `{step}` waits for no decision; these do: {}",
                        waiting.join(", ")
                    )
                }));
            }
            several => {
                let paths: Vec<String> = several.iter().map(|(path, _)| path.to_string()).collect();
                return Err(RunError::NotResumable(format!(
                    "several executions of `{step}` wait for a decision; name one: {}",
                    paths.join(", ")
                )));
            }
        };
        match decision {
            Decision::Done(outputs) => {
                journaled.decide_done(path, info.id.clone(), outputs);
                told.push(Decided {
                    path: path.clone(),
                    step: info.clone(),
                    outputs: outputs.clone(),
                });
            }
            Decision::Repeat => journaled.decide_repeat(path),
        }
    }
    Ok(told)
}

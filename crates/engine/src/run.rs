//! The interpreter: start, resume, cancel.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use casare_store::{Journal, RunState};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::{
    Cancel, Credentials, ErrorReport, EventSink, NoCredentials, Plan, PlanError, Registry, StepPath,
};

/// Runs workflows. Cheap to clone; keeps compiled plans.
#[derive(Debug, Clone)]
pub struct Engine {
    registry: Registry,
}

/// What a run is given.
pub struct RunOptions {
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
    /// Who listens.
    pub sinks: Vec<Arc<dyn EventSink>>,
    /// Tells the run to stop: `finally` blocks run and resources are closed within the grace time.
    pub cancel: Cancel,
    /// Environment variables that `env` may show; the workflow's own list chooses among them.
    pub env: BTreeMap<String, String>,
    /// Shows or hides browsers whatever the workflow says.
    pub headed: Option<bool>,
    /// The workflow's file, for people.
    pub file: Option<String>,
}

impl RunOptions {
    /// The least a run needs.
    pub fn new(folder: impl Into<PathBuf>, runs: impl Into<PathBuf>) -> Self {
        Self {
            inputs: Map::new(),
            folder: folder.into(),
            runs: runs.into(),
            journal: None,
            credentials: Arc::new(NoCredentials),
            sinks: Vec::new(),
            cancel: Cancel::default(),
            env: BTreeMap::new(),
            headed: None,
            file: None,
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
        Self { registry }
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
        Plan::compile(name, text, folder, &self.registry)
    }

    /// Runs `plan` to its end.
    ///
    /// # Errors
    ///
    /// When it could not even begin.
    pub async fn run(&self, plan: &Arc<Plan>, options: RunOptions) -> Result<RunOutcome, RunError> {
        let _ = (plan, options);
        unimplemented!()
    }

    /// Goes on with a run that was interrupted, has failed, or waits for a decision.
    ///
    /// Finished steps are not executed again. `options.journal` must be set; its `inputs` and
    /// `folder` are those of the first attempt and ignored here.
    ///
    /// # Errors
    ///
    /// When it can't go on: no such run, it has succeeded, another process is at it.
    pub async fn resume(
        &self,
        run: &str,
        decisions: &BTreeMap<String, Decision>,
        options: RunOptions,
    ) -> Result<RunOutcome, RunError> {
        let _ = (run, decisions, options);
        unimplemented!()
    }
}

//! The one stream of what happens in a run.
//!
//! Console, report, journal, live pages and metrics all read it.

use std::sync::Arc;

use casare_workflow::{Effect, Value};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

use crate::{ErrorKind, Heal, NodeError, StepPath};

/// Something that happened, and when.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunEvent {
    /// Microseconds since 1970, UTC.
    pub at: i64,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What can happen in a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// The run begins, or goes on after a resume.
    RunStarted {
        /// The run's id.
        run: String,
        /// The workflow's name.
        workflow: String,
        /// 1, and one more for each resume.
        attempt: u32,
        /// What it was given.
        inputs: Json,
    },
    /// A step begins.
    StepStarted {
        /// Which execution of which step.
        path: StepPath,
        /// The step.
        step: Arc<StepInfo>,
        /// What repeating it means.
        effect: Effect,
    },
    /// A step enters one of its blocks.
    BlockStarted {
        /// The step.
        path: StepPath,
        /// The block, such as `catch` or `cases:paid`.
        block: Arc<str>,
        /// The pass or attempt, from 0, where passes matter.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pass: Option<u64>,
        /// What the block was entered with: the error that `catch` handles, the items of a loop.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        state: Option<Json>,
    },
    /// A pass of a loop whose passes run side by side, or collect a result, has ended.
    PassFinished {
        /// The loop.
        path: StepPath,
        /// The block.
        block: Arc<str>,
        /// The pass, from 0.
        pass: u64,
        /// What it adds to the loop's results.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<Json>,
    },
    /// A step has done its work.
    StepFinished {
        /// Which execution of which step.
        path: StepPath,
        /// The step.
        step: Arc<StepInfo>,
        /// What repeating it means.
        effect: Effect,
        /// What other steps see of it.
        #[serde(default, skip_serializing_if = "Outputs::is_empty")]
        outputs: Outputs,
        /// Variables that it set.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        variables: Option<Outputs>,
        /// How it changes what comes next: `break`, `continue` or `return`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signal: Option<Signal>,
        /// Whether a resumed run executes it again, because its outputs are a stream.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
        /// Microseconds it took.
        took: u64,
    },
    /// A step was not executed.
    StepSkipped {
        /// Which execution of which step.
        path: StepPath,
        /// The step.
        step: Arc<StepInfo>,
        /// Why.
        reason: SkipReason,
    },
    /// An attempt failed; another follows.
    StepRetried {
        /// Which execution of which step.
        path: StepPath,
        /// The step.
        step: Arc<StepInfo>,
        /// The attempt that failed, from 1.
        attempt: u32,
        /// Milliseconds until the next one.
        delay_ms: u64,
        /// Why it failed.
        error: ErrorReport,
    },
    /// A step has failed for good.
    StepFailed {
        /// Which execution of which step.
        path: StepPath,
        /// The step.
        step: Arc<StepInfo>,
        /// Why.
        error: ErrorReport,
        /// Whether the next step runs all the same (`on_error: continue`).
        continued: bool,
        /// Microseconds it took.
        took: u64,
    },
    /// A step wrote to the run's log.
    Log {
        /// The step.
        path: StepPath,
        /// How important it is.
        level: LogLevel,
        /// What it says.
        message: String,
    },
    /// A step kept a file.
    Artifact {
        /// The step.
        path: StepPath,
        /// The file.
        artifact: Artifact,
    },
    /// A step says how far it is.
    Progress {
        /// The step.
        path: StepPath,
        /// How many are done.
        done: u64,
        /// Of how many, where known.
        total: Option<u64>,
    },
    /// A selector found nothing, and the element was looked for another way.
    Healing {
        /// The step.
        path: StepPath,
        /// What came of it.
        heal: Heal,
    },
    /// What is needed to open a session again where it stands now.
    Checkpoint {
        /// The session step.
        path: StepPath,
        /// The session's own data.
        data: Json,
    },
    /// The run has ended.
    RunFinished {
        /// How.
        state: RunState,
        /// What it answers.
        outputs: Json,
        /// Why it did not succeed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<ErrorReport>,
        /// Steps executed, in all attempts.
        steps: u64,
        /// How often a step went on with an element that was found another way than the workflow says.
        #[serde(default, skip_serializing_if = "is_zero")]
        healed: u64,
        /// Microseconds since the start of this attempt.
        took: u64,
    },
}

impl EventKind {
    /// The step that it is about.
    pub fn path(&self) -> Option<&StepPath> {
        match self {
            Self::StepStarted { path, .. }
            | Self::BlockStarted { path, .. }
            | Self::PassFinished { path, .. }
            | Self::StepFinished { path, .. }
            | Self::StepSkipped { path, .. }
            | Self::StepRetried { path, .. }
            | Self::StepFailed { path, .. }
            | Self::Log { path, .. }
            | Self::Artifact { path, .. }
            | Self::Progress { path, .. }
            | Self::Healing { path, .. }
            | Self::Checkpoint { path, .. } => Some(path),
            Self::RunStarted { .. } | Self::RunFinished { .. } => None,
        }
    }

    /// The id of that step, where the event tells it.
    pub fn step_id(&self) -> Option<&str> {
        match self {
            Self::StepStarted { step, .. }
            | Self::StepFinished { step, .. }
            | Self::StepSkipped { step, .. }
            | Self::StepRetried { step, .. }
            | Self::StepFailed { step, .. } => step.id.as_deref(),
            _ => None,
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What an event says of a step, shared by all its executions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepInfo {
    /// The node.
    pub node: String,
    /// What people read.
    pub title: String,
    /// Name that other steps refer to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Line of the file, from 1; 0 when unknown.
    #[serde(default)]
    pub line: u32,
}

/// Values in an event. Written as JSON; a stream as its description.
#[derive(Debug, Clone, Default)]
pub struct Outputs(pub Option<Value>);

impl Outputs {
    /// Whether there is nothing to see.
    pub fn is_empty(&self) -> bool {
        self.0
            .as_ref()
            .is_none_or(|value| value.is_none() || value.is_undefined() || value.len() == Some(0))
    }

    /// As JSON.
    pub fn to_json(&self) -> Json {
        self.0
            .as_ref()
            .map_or(Json::Null, casare_workflow::value::to_json)
    }
}

impl Serialize for Outputs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Outputs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        Ok(Self(Some(casare_workflow::value::from_json(&json))))
    }
}

/// How a step changes what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// The loop ends.
    Break,
    /// The next pass begins.
    Continue,
    /// The workflow ends, successfully.
    Return,
}

/// Why a step was not executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Its `when` was not true.
    When,
    /// It is disabled.
    Disabled,
}

/// How important a log line is.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// For whoever looks for a fault.
    Debug,
    /// For whoever follows the run.
    #[default]
    Info,
    /// Worth a look.
    Warn,
    /// Something went wrong.
    Error,
}

/// A failure as events, reports and `catch` blocks show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorReport {
    /// What sort of failure it is.
    pub kind: ErrorKind,
    /// What failed and why.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The step that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<StepPath>,
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Its node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Its line in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Json>,
    /// Artifacts that show it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<String>,
    /// Whether trying again may help.
    #[serde(default)]
    pub retryable: bool,
}

impl ErrorReport {
    /// `error` as it happened in the step at `path`.
    pub fn of_step(error: &NodeError, path: &StepPath, step: &StepInfo) -> Self {
        Self {
            path: Some(path.clone()),
            step: Some(step.title.clone()),
            node: Some(step.node.clone()),
            line: (step.line > 0).then_some(step.line),
            ..Self::from(error)
        }
    }
}

impl From<&NodeError> for ErrorReport {
    fn from(error: &NodeError) -> Self {
        Self {
            kind: error.kind(),
            message: error.message().to_owned(),
            help: error.help().map(str::to_owned),
            path: None,
            step: None,
            node: None,
            line: None,
            details: error.details().cloned(),
            artifacts: error.artifacts().to_vec(),
            retryable: error.is_retryable(),
        }
    }
}

/// A file that a run kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Artifact {
    /// Its name in the run.
    pub name: String,
    /// Where it lies on this machine.
    pub path: String,
    /// Its media type, such as `image/png`.
    pub media_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// BLAKE3 hash of its content, hexadecimal.
    pub hash: String,
}

pub use casare_store::RunState;

/// Where events go. Called on the run's own task: quick, never blocking.
pub trait EventSink: Send + Sync {
    /// Takes one event.
    fn event(&self, event: &RunEvent);
}

//! What the journal knows about a run.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// A run as it begins.
#[derive(Debug, Clone, Serialize)]
pub struct NewRun {
    /// A UUIDv7: the order of ids is the order in which the runs are listed.
    pub id: Uuid,
    /// The workflow's name.
    pub workflow: String,
    /// The file the workflow was read from.
    pub file: Option<String>,
    /// The hash of the workflow.
    pub hash: String,
    /// The whole text of the workflow, so that the run can be resumed although the file changed.
    pub text: String,
    pub inputs: Value,
    pub started_at: Timestamp,
    /// The working folder.
    pub folder: String,
    /// How the run was asked for. Opaque to the journal.
    pub options: Value,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct RunEnd {
    /// Any state but `Running`.
    pub state: RunState,
    pub outputs: Option<Value>,
    pub error: Option<Value>,
    /// Steps executed, over all attempts.
    pub steps: u64,
    /// How often a step went on with an element that was found another way than the workflow says.
    pub healed: u64,
    /// Milliseconds spent executing, over all attempts.
    pub duration_ms: u64,
    pub ended_at: Timestamp,
}

/// A run as the journal has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StoredRun {
    pub id: Uuid,
    pub workflow: String,
    pub file: Option<String>,
    pub hash: String,
    /// The whole text of the workflow; empty in a list.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
    pub inputs: Value,
    pub started_at: Timestamp,
    pub folder: String,
    pub options: Value,
    pub state: RunState,
    /// 1 for the first execution, one more for every resume.
    pub attempt: u32,
    pub ended_at: Option<Timestamp>,
    pub outputs: Option<Value>,
    pub error: Option<Value>,
    /// Steps executed, as [`RunEnd::steps`] last said.
    pub steps: u64,
    /// As [`RunEnd::healed`] last said.
    #[serde(skip_serializing_if = "is_zero")]
    pub healed: u64,
    /// Milliseconds spent executing, as [`RunEnd::duration_ms`] last said.
    pub duration_ms: u64,
    /// The state is `Running`, but the process that executed the run is gone: it can be resumed.
    pub interrupted: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Which runs to list. The default is all.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    pub state: Option<RunState>,
    /// The workflow's name.
    pub workflow: Option<String>,
    /// At most this many.
    pub limit: Option<u32>,
    /// Only runs before this one: the last of a page asks for the next page.
    pub before: Option<Uuid>,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Under way, or interrupted: [`StoredRun::interrupted`] tells which.
    Running,
    Succeeded,
    Failed,
    Cancelled,
    /// Stopped at a step that may or may not have happened: a person must say which.
    NeedsDecision,
}

impl RunState {
    const ALL: [Self; 5] = [
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::NeedsDecision,
    ];

    /// The state's name in the file, in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::NeedsDecision => "needs_decision",
        }
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text names no state of a run.
#[derive(Debug, Clone, thiserror::Error)]
#[error(
    "`{0}` is not a state of a run; write running, succeeded, failed, cancelled or needs_decision"
)]
pub struct UnknownRunState(String);

impl FromStr for RunState {
    type Err = UnknownRunState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| UnknownRunState(text.to_owned()))
    }
}

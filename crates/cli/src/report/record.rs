//! What the report tells of a run and of a step.

use std::sync::Arc;

use casare_engine::{
    Artifact, ErrorReport, LogLevel, RunState, SkipReason, StepPath, event::StepInfo,
};
use serde_json::Value as Json;

/// From a start or resume to the end, or to the last thing that is known of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt {
    /// Microseconds since 1970.
    pub(super) began: i64,
    pub(super) ended: i64,
}

/// How the run ended.
pub(super) struct End {
    pub(super) state: RunState,
    pub(super) outputs: Json,
    pub(super) error: Option<ErrorReport>,
    pub(super) steps: u64,
    pub(super) healed: u64,
}

/// One execution of a step.
pub(crate) struct StepRecord {
    pub(crate) path: StepPath,
    pub(crate) info: Arc<StepInfo>,
    pub(crate) state: StepState,
    /// Microseconds.
    pub(crate) took: u64,
    pub(super) began: i64,
    pub(super) outputs: Option<String>,
    pub(super) variables: Option<String>,
    pub(super) error: Option<ErrorReport>,
    pub(super) logs: Vec<(LogLevel, String)>,
    pub(super) logs_left_out: u64,
    pub(super) retries: Vec<(u32, u64, String)>,
    pub(super) artifacts: Vec<Artifact>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepState {
    /// It began, and nothing is known of its end.
    Running,
    Done,
    Failed {
        continued: bool,
    },
    Skipped(SkipReason),
}

impl StepRecord {
    pub(super) fn new(path: StepPath) -> Self {
        Self {
            path,
            info: Arc::new(StepInfo {
                node: String::new(),
                title: "step".into(),
                id: None,
                line: 0,
            }),
            state: StepState::Running,
            took: 0,
            began: 0,
            outputs: None,
            variables: None,
            error: None,
            logs: Vec::new(),
            logs_left_out: 0,
            retries: Vec::new(),
            artifacts: Vec::new(),
        }
    }

    pub(super) fn ended(&mut self, at: i64, step: &Arc<StepInfo>, took: u64, state: StepState) {
        self.info = step.clone();
        self.took = took;
        self.state = state;
        // The journal has no start of a step that may simply be executed again.
        if self.began == 0 {
            self.began = at - took as i64;
        }
    }
}

//! Watching and steering a run step by step: debuggers, test stubs, recorders.
//!
//! [`RunOptions::attendant`](crate::RunOptions::attendant) is awaited before each attempt of each
//! step and decides what becomes of it, and is told how the attempt ended. Without one, a run does
//! nothing of this.
//!
//! | to | do |
//! |---|---|
//! | pause | take your time in [`Attendant::before`]; the other branches go on |
//! | look around | [`StepView::evaluate`], [`StepView::variables`], [`StepView::outer`] |
//! | change a variable | [`StepView::set_variable`]: the settings are evaluated afterwards |
//! | change the settings | answer [`Verdict::Settings`] |
//! | stub a step | answer [`Verdict::Outputs`] or [`Verdict::Fail`] |
//! | stub a session | answer [`Verdict::Unopened`]: its block runs without it |
//! | record | [`StepView::settings`] before, [`StepEnd`] after |
//! | skip waiting | [`Clock::sleep`](crate::Clock::sleep) |
//!
//! What is told here is as the run has it: secrets that a credential gave stand in it where a node
//! put them. Use [`StepView::masked`] for all that leaves the process.

use async_trait::async_trait;
use casare_workflow::Value;

use crate::{ErrorReport, NodeError, StepView};

/// Someone at the side of a run who sees each step coming and decides about it.
///
/// Called on the run's own task. A call that waits holds up its own branch alone; a cancelled run
/// does not wait for it.
#[async_trait]
pub trait Attendant: Send + Sync {
    /// Before each attempt of a step whose `when` holds. Disabled steps are not announced.
    async fn before(&self, _step: &StepView) -> Verdict {
        Verdict::Go
    }

    /// After each attempt, its outputs in scope already. Not called when it was cancelled.
    async fn after(&self, _step: &StepView, _end: StepEnd<'_>) {}

    /// Whether the run's time limit and the timeouts of steps with blocks are off, because a
    /// person looks at the steps in them.
    fn takes_its_time(&self) -> bool {
        false
    }
}

/// What becomes of a step.
#[derive(Debug, Clone, Default)]
pub enum Verdict {
    /// It is executed.
    #[default]
    Go,
    /// It is executed with these settings, a map, instead of its own. For actions, sessions,
    /// `flow.call`, `flow.retry`, `flow.fail` and `data.set`; other control steps keep theirs.
    Settings(Value),
    /// It is not executed, nor is anything in its blocks; these are its outputs.
    Outputs(Value),
    /// A session is not opened, but its block is executed; these are its outputs. The same as
    /// [`Verdict::Outputs`] for other steps.
    Unopened(Value),
    /// It is not executed; it fails with this. `retry` and `on_error` apply as to any failure.
    Fail(NodeError),
}

/// How an attempt of a step ended.
#[derive(Debug, Clone, Copy)]
pub enum StepEnd<'a> {
    /// It is done.
    Done {
        /// What other steps see of it; `None` where it has none.
        outputs: Option<&'a Value>,
        /// Variables that it set, by name.
        variables: Option<&'a Value>,
    },
    /// It failed.
    Failed {
        /// Why.
        error: &'a ErrorReport,
        /// What happens next.
        next: AfterFailure,
    },
}

/// What happens after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    /// Its `retry` begins another attempt.
    Retry,
    /// The next step, because of `on_error: continue`.
    Continue,
    /// The failure goes to the steps around it; see [`StepView::is_handled`].
    Raise,
}

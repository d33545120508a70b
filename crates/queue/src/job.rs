//! What a job is, before, while and after it runs.

use std::{fmt, str::FromStr, time::Duration};

use casare_store::{JobId, Moment, RobotId, RunId, TenantId, WorkflowId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Demands, ErrorKind, RetryPolicy};

/// How urgent a job is: 0 to 100, the largest first. 50 when nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Priority(u8);

impl Priority {
    pub const HIGHEST: Self = Self(100);
    pub const LOWEST: Self = Self(0);

    /// `None` above 100.
    pub const fn new(priority: u8) -> Option<Self> {
        if priority <= 100 {
            Some(Self(priority))
        } else {
            None
        }
    }

    pub const fn get(self) -> u8 {
        self.0
    }

    /// As the tables sort it: the smallest first.
    pub(crate) fn rank(self) -> i16 {
        100 - i16::from(self.0.min(100))
    }

    pub(crate) fn from_rank(rank: i16) -> Self {
        Self(u8::try_from(100 - rank.clamp(0, 100)).unwrap_or(50))
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self(50)
    }
}

/// Where a job stands. The last four are ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits until it is due.
    Scheduled,
    /// Waits for a robot.
    Queued,
    /// A robot has it and has not said yet that it runs.
    Leased,
    Running,
    /// Waits for a person, a time or an item, and holds no robot.
    Suspended,
    /// A step may or may not have happened: a person has to say.
    NeedsDecision,
    Succeeded,
    /// Ended with an error that trying again does not help.
    Failed,
    Cancelled,
    /// Given up after an error: waits as a dead letter.
    Dead,
}

impl JobState {
    const ALL: [(Self, &'static str); 10] = [
        (Self::Scheduled, "scheduled"),
        (Self::Queued, "queued"),
        (Self::Leased, "leased"),
        (Self::Running, "running"),
        (Self::Suspended, "suspended"),
        (Self::NeedsDecision, "needs_decision"),
        (Self::Succeeded, "succeeded"),
        (Self::Failed, "failed"),
        (Self::Cancelled, "cancelled"),
        (Self::Dead, "dead"),
    ];

    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(state, _)| *state == self)
            .map_or("queued", |(_, name)| name)
    }

    pub fn is_end(self) -> bool {
        matches!(
            self,
            Self::Succeeded | Self::Failed | Self::Cancelled | Self::Dead
        )
    }

    /// Whether a robot has it.
    pub fn is_held(self) -> bool {
        matches!(self, Self::Leased | Self::Running)
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for JobState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .iter()
            .find(|(_, name)| *name == text)
            .map(|(state, _)| *state)
            .ok_or(())
    }
}

/// What happens to a job whose robot was not heard of until the lease ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recovery {
    /// The next robot goes on from the journal, at once.
    Resume,
    /// It begins again, after the delay of its retry policy.
    #[default]
    Retry,
    /// A person decides.
    Ask,
}

/// How a job is treated when things go wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JobOptions {
    pub retry: RetryPolicy,
    pub recovery: Recovery,
    /// Whether it becomes a dead letter when it is given up; it just fails otherwise.
    pub dead_letter: bool,
    /// The job that this one repeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay_of: Option<JobId>,
}

impl Default for JobOptions {
    fn default() -> Self {
        Self {
            retry: RetryPolicy::default(),
            recovery: Recovery::default(),
            dead_letter: true,
            replay_of: None,
        }
    }
}

/// A robot that should have the job if it comes for it soon enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preference {
    pub robot: RobotId,
    /// After that any other may have it.
    pub wait: Duration,
}

/// An order to run a workflow.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NewJob {
    pub workflow: WorkflowId,
    /// The version that is active when it starts, when nothing is said.
    pub version: Option<i64>,
    pub inputs: Value,
    pub priority: Priority,
    /// Now, when nothing is said.
    pub due: Option<Moment>,
    pub demands: Demands,
    pub prefer: Option<Preference>,
    pub options: JobOptions,
    /// Submitting the same job with the same key again answers the first one.
    #[serde(skip)]
    pub key: Option<String>,
}

impl NewJob {
    pub fn of(workflow: WorkflowId) -> Self {
        Self {
            workflow,
            version: None,
            inputs: Value::Object(serde_json::Map::new()),
            priority: Priority::default(),
            due: None,
            demands: Demands::default(),
            prefer: None,
            options: JobOptions::default(),
            key: None,
        }
    }
}

/// What submitting a job came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enqueued {
    pub job: JobId,
    /// It was there already, under the same key.
    pub existing: bool,
}

/// A job, an attempt at it, and the right to report on it. Whoever reports with an older one
/// changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Lease {
    pub job: JobId,
    pub epoch: i64,
}

impl Lease {
    /// The run that this attempt is.
    pub fn run(self) -> RunId {
        RunId::of(self.job, self.epoch)
    }
}

/// A job in the hands of a robot.
#[derive(Debug, Clone, PartialEq)]
pub struct LeasedJob {
    pub lease: Lease,
    pub tenant: TenantId,
    pub workflow: WorkflowId,
    pub version: Option<i64>,
    pub inputs: Value,
    pub options: JobOptions,
    pub priority: Priority,
    pub robot: RobotId,
    /// The environment that it was ordered for.
    pub environment: Option<String>,
    /// Counted from one.
    pub attempt: u32,
    pub due: Moment,
    /// Until when it must be renewed or ended.
    pub until: Moment,
    /// What earlier attempts and people left for this one: go on from the journal, with an answer.
    pub carry: Option<Carry>,
}

/// What the next attempt must know.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Carry {
    /// Go on from the journal rather than from the start.
    pub resume: bool,
    /// What it waits for, as the run put it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<Value>,
    /// What a person or another run answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Value>,
}

/// An error as a run reports it: nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobError {
    pub kind: ErrorKind,
    pub message: String,
}

/// How an attempt came to its end.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Succeeded {
        outputs: Option<Value>,
    },
    /// The job may get another attempt.
    Failed(JobError),
    /// It was asked to stop and has.
    Cancelled,
    /// It waits for something, and goes on from its journal: at `until` at the latest.
    Suspended {
        until: Option<Moment>,
        waits_for: Value,
    },
    /// It does not know whether a step has happened.
    NeedsDecision {
        question: Value,
    },
    /// It was not begun: another robot may have it, and the attempt does not count.
    Released,
}

/// What became of a job whose attempt has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    pub job: JobId,
    pub state: JobState,
    /// When it is tried again.
    pub due: Option<Moment>,
}

/// How a person settles what a run could not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "decision")]
pub enum Decision {
    /// The step did not happen: do it again.
    Repeat,
    /// It happened, with these outputs: go on after it.
    Happened { outputs: Value },
    /// The job ends as failed.
    Fail { message: String },
}

/// What a robot is asked to do with a job that it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// End gracefully: `finally` blocks run.
    Cancel,
    /// End at once.
    Kill,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities_survive_their_way_through_the_table_in_order() {
        let all: Vec<Priority> = (0..=100).filter_map(Priority::new).collect();

        assert!(
            all.iter()
                .all(|one| Priority::from_rank(one.rank()) == *one)
        );
        assert!(all.is_sorted_by_key(|one| -one.rank()));
        assert_eq!(Priority::new(101), None);
    }
}

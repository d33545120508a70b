//! Looking at jobs: where one stands, what was tried, why it waits and why a robot would get it.

use std::sync::Arc;

use casare_store::{
    JobId, Moment, RobotId, TenantId, WorkflowId, fetch_all, fetch_one, fetch_optional, row,
};
use serde::Serialize;
use serde_json::Value;
use sqlx::types::Json;

use crate::{
    Carry, JobOptions, JobState, Obstacle, Pause, Priority, Queue, QueueError, Robot,
    lease::{Held, HeldUnder},
    statements::{AHEAD, ATTEMPTS, COUNTS, ENDED_JOB, HELD_BY_ROBOT, HELD_UNDER, LIVE_JOB},
};

row! {
    struct LiveRow {
        id: JobId,
        tenant_id: TenantId,
        workflow_id: WorkflowId,
        workflow_version: Option<i64>,
        lane_id: i64,
        rank: i16,
        due_at: Moment,
        timer_at: Option<Moment>,
        lease_epoch: i64,
        attempt: i32,
        robot_id: Option<RobotId>,
        leased_at: Option<Moment>,
        started_at: Option<Moment>,
        state: String,
        stop: Option<String>,
        inputs: Json<Value>,
        options: Option<Json<JobOptions>>,
        carry: Option<Json<Carry>>,
    }
    struct EndedRow {
        id: JobId,
        tenant_id: TenantId,
        workflow_id: WorkflowId,
        workflow_version: Option<i64>,
        lane_id: i64,
        rank: i16,
        due_at: Moment,
        lease_epoch: i64,
        attempt: i32,
        robot_id: Option<RobotId>,
        leased_at: Option<Moment>,
        started_at: Option<Moment>,
        finished_at: Moment,
        state: String,
        error_kind: Option<String>,
        error_message: Option<String>,
        inputs: Json<Value>,
        options: Option<Json<JobOptions>>,
        outputs: Option<Json<Value>>,
    }
    struct AttemptRow {
        lease_epoch: i64,
        attempt: i32,
        robot_id: Option<RobotId>,
        leased_at: Option<Moment>,
        started_at: Option<Moment>,
        ended_at: Moment,
        outcome: String,
        error_kind: Option<String>,
        error_message: Option<String>,
    }
    struct CountRow {
        state: String,
        held: i64,
    }
}

/// A job as it stands, with everything that was tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobStory {
    pub job: JobId,
    pub tenant: TenantId,
    pub workflow: WorkflowId,
    pub version: Option<i64>,
    pub state: JobState,
    pub priority: Priority,
    pub submitted: Moment,
    pub due: Moment,
    /// Until when something must happen: its lease, its delay, its wait.
    pub until: Option<Moment>,
    pub finished: Option<Moment>,
    pub stopping: bool,
    pub inputs: Value,
    pub outputs: Option<Value>,
    pub options: JobOptions,
    pub carry: Option<Carry>,
    /// In order; the last one goes on, or is how it ended.
    pub attempts: Vec<Attempt>,
    #[serde(skip)]
    pub(crate) lane: i64,
}

/// One lease of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attempt {
    pub epoch: i64,
    pub number: u32,
    pub robot: Option<RobotId>,
    pub leased: Option<Moment>,
    pub started: Option<Moment>,
    pub ended: Option<Moment>,
    /// `running`, or how it ended.
    pub outcome: String,
    pub error_kind: Option<String>,
    pub error_message: Option<String>,
}

/// Why a job is not with a robot.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Waiting {
    NotDue {
        until: Moment,
    },
    /// A person or another run has to answer.
    Suspended {
        until: Option<Moment>,
        waits_for: Option<Value>,
    },
    NeedsDecision {
        question: Option<Value>,
    },
    Paused {
        scope: String,
        pause: Pause,
    },
    /// No robot that is there may have it; each says why.
    NoRobot {
        robots: Vec<(RobotId, Vec<Obstacle>)>,
    },
    /// Robots that may have it have no free slot.
    RobotsBusy {
        robots: Vec<RobotId>,
    },
    LimitReached {
        scope: String,
        most: i64,
        held: i64,
    },
    /// So many with the same demands go before it; counted up to a thousand.
    Behind {
        jobs: i64,
    },
    /// Nothing is in its way: it is leased as soon as one of these asks.
    Next {
        robots: Vec<RobotId>,
    },
    NotWaiting {
        state: JobState,
    },
}

impl Queue {
    /// A job of the tenant with all its attempts.
    ///
    /// # Errors
    ///
    /// `NoSuchJob`, also for another tenant's.
    pub async fn job(&self, tenant: TenantId, job: JobId) -> Result<JobStory, QueueError> {
        let mut reader = self.inner.store.reader().await?;
        let found = fetch_optional!(reader.link(), LiveRow, LIVE_JOB, job)?;
        let mut story = if let Some(row) = found {
            live(row)
        } else {
            let row = fetch_optional!(reader.link(), EndedRow, ENDED_JOB, job, job.earliest())?;
            ended(row.ok_or(QueueError::NoSuchJob { job })?)
        };
        if story.tenant != tenant {
            return Err(QueueError::NoSuchJob { job });
        }
        let last = std::mem::take(&mut story.attempts);
        let rows = fetch_all!(reader.link(), AttemptRow, ATTEMPTS, job)?;
        story.attempts = rows.into_iter().map(earlier).collect();
        let known: Vec<i64> = story.attempts.iter().map(|attempt| attempt.epoch).collect();
        story.attempts.extend(
            last.into_iter()
                .filter(|attempt| !known.contains(&attempt.epoch)),
        );
        Ok(story)
    }

    /// How many live jobs of the tenant are in each state.
    pub async fn counts(&self, tenant: TenantId) -> Result<Vec<(JobState, i64)>, QueueError> {
        let mut reader = self.inner.store.reader().await?;
        let rows = fetch_all!(reader.link(), CountRow, COUNTS, tenant)?;
        let count = |row: CountRow| row.state.parse().ok().map(|state| (state, row.held));
        Ok(rows.into_iter().filter_map(count).collect())
    }

    /// Everything that keeps a job from being leased, given the robots there are. What leases jobs
    /// answers this, too.
    pub async fn why_waiting(
        &self,
        tenant: TenantId,
        job: JobId,
        robots: &[Robot],
    ) -> Result<Vec<Waiting>, QueueError> {
        let story = self.job(tenant, job).await?;
        let waits_for = || {
            story
                .carry
                .as_ref()
                .and_then(|carry| carry.waits_for.clone())
        };
        let one = match story.state {
            JobState::Queued => None,
            JobState::Scheduled => Some(Waiting::NotDue { until: story.due }),
            JobState::Suspended => Some(Waiting::Suspended {
                until: story.until,
                waits_for: waits_for(),
            }),
            JobState::NeedsDecision => Some(Waiting::NeedsDecision {
                question: waits_for(),
            }),
            state => Some(Waiting::NotWaiting { state }),
        };
        if let Some(one) = one {
            return Ok(vec![one]);
        }
        let mut reader = self.inner.store.reader().await?;
        if !self.inner.rules.read().lanes.contains_key(&story.lane) {
            self.learn_lanes(reader.link(), &[story.lane]).await?;
        }
        let rules = Arc::clone(&self.inner.rules.read());
        let lane = rules
            .lanes
            .get(&story.lane)
            .ok_or(QueueError::NoSuchJob { job })?;
        let mut reasons = Vec::new();
        if let Some((scope, pause)) = rules.pause_of(lane) {
            reasons.push(Waiting::Paused {
                scope: scope.to_owned(),
                pause: pause.clone(),
            });
        }
        for (key, most) in rules.limits_of(lane) {
            let rows = fetch_all!(reader.link(), HeldUnder, HELD_UNDER, Json([key]))?;
            let held = rows.first().map_or(0, |row| row.held);
            if held >= most {
                reasons.push(Waiting::LimitReached {
                    scope: key.to_owned(),
                    most,
                    held,
                });
            }
        }
        let (suited, others): (Vec<&Robot>, Vec<&Robot>) =
            robots.iter().partition(|robot| lane.suits(robot));
        if suited.is_empty() {
            let robots = others
                .iter()
                .map(|robot| (robot.id, lane.obstacles(robot)))
                .collect();
            reasons.push(Waiting::NoRobot { robots });
            return Ok(reasons);
        }
        let mut free = Vec::new();
        let mut busy = Vec::new();
        for robot in suited {
            let held = fetch_one!(reader.link(), Held, HELD_BY_ROBOT, robot.id)?.held;
            let list = if held < i64::from(robot.slots) {
                &mut free
            } else {
                &mut busy
            };
            list.push(robot.id);
        }
        if free.is_empty() {
            reasons.push(Waiting::RobotsBusy { robots: busy });
        }
        let rank = story.priority.rank();
        let ahead = fetch_one!(
            reader.link(),
            Held,
            AHEAD,
            story.lane,
            rank,
            story.due,
            job,
            1_000_i64
        )?;
        if ahead.held > 0 {
            reasons.push(Waiting::Behind { jobs: ahead.held });
        }
        if reasons.is_empty() {
            reasons.push(Waiting::Next { robots: free });
        }
        Ok(reasons)
    }

    /// What keeps each of `robots` from this job; nothing for those that may have it.
    pub async fn why_robots(
        &self,
        tenant: TenantId,
        job: JobId,
        robots: &[Robot],
    ) -> Result<Vec<(RobotId, Vec<Obstacle>)>, QueueError> {
        let story = self.job(tenant, job).await?;
        if !self.inner.rules.read().lanes.contains_key(&story.lane) {
            let mut reader = self.inner.store.reader().await?;
            self.learn_lanes(reader.link(), &[story.lane]).await?;
        }
        let rules = Arc::clone(&self.inner.rules.read());
        let lane = rules
            .lanes
            .get(&story.lane)
            .ok_or(QueueError::NoSuchJob { job })?;
        Ok(robots
            .iter()
            .map(|robot| (robot.id, lane.obstacles(robot)))
            .collect())
    }
}

fn live(row: LiveRow) -> JobStory {
    let state = row.state.parse().unwrap_or(JobState::Queued);
    let going_on = state.is_held().then(|| Attempt {
        epoch: row.lease_epoch,
        number: u32::try_from(row.attempt).unwrap_or(0),
        robot: row.robot_id,
        leased: row.leased_at,
        started: row.started_at,
        ended: None,
        outcome: "running".to_owned(),
        error_kind: None,
        error_message: None,
    });
    JobStory {
        job: row.id,
        tenant: row.tenant_id,
        workflow: row.workflow_id,
        version: row.workflow_version,
        state,
        priority: Priority::from_rank(row.rank),
        submitted: row.id.made_at(),
        due: row.due_at,
        until: row.timer_at,
        finished: None,
        stopping: row.stop.is_some(),
        inputs: row.inputs.0,
        outputs: None,
        options: row.options.map(|options| options.0).unwrap_or_default(),
        carry: row.carry.map(|carry| carry.0),
        attempts: going_on.into_iter().collect(),
        lane: row.lane_id,
    }
}

fn ended(row: EndedRow) -> JobStory {
    let last = (row.lease_epoch > 0).then(|| Attempt {
        epoch: row.lease_epoch,
        number: u32::try_from(row.attempt).unwrap_or(0),
        robot: row.robot_id,
        leased: row.leased_at,
        started: row.started_at,
        ended: Some(row.finished_at),
        outcome: row.state.clone(),
        error_kind: row.error_kind,
        error_message: row.error_message,
    });
    JobStory {
        job: row.id,
        tenant: row.tenant_id,
        workflow: row.workflow_id,
        version: row.workflow_version,
        state: row.state.parse().unwrap_or(JobState::Failed),
        priority: Priority::from_rank(row.rank),
        submitted: row.id.made_at(),
        due: row.due_at,
        until: None,
        finished: Some(row.finished_at),
        stopping: false,
        inputs: row.inputs.0,
        outputs: row.outputs.map(|outputs| outputs.0),
        options: row.options.map(|options| options.0).unwrap_or_default(),
        carry: None,
        attempts: last.into_iter().collect(),
        lane: row.lane_id,
    }
}

fn earlier(row: AttemptRow) -> Attempt {
    Attempt {
        epoch: row.lease_epoch,
        number: u32::try_from(row.attempt).unwrap_or(0),
        robot: row.robot_id,
        leased: row.leased_at,
        started: row.started_at,
        ended: Some(row.ended_at),
        outcome: row.outcome,
        error_kind: row.error_kind,
        error_message: row.error_message,
    }
}

//! Fires schedules when their time has come.
//!
//! A job is ordered under a key of schedule and time, then the firing is noted and the schedule moves
//! on, in one unit of work. Whoever dies in between, and however many servers do the same: the key
//! makes it one job, and the note is unique. What a clock that jumps leaves out is a misfire.

use std::time::Duration;

use casare_queue::{NewJob, QueueError, Scope};
use casare_store::{DueSchedule, JobId, Moment, Store};

use super::{Blocked, Misfire, Overlap, Plan, calendar, jitter};
use crate::{Orchestrator, OrchestratorError, api::new_job, problem::chain};

/// How long to go without looking.
const POLL: Duration = Duration::from_millis(500);
/// Schedules at a time.
const BATCH: u32 = 500;
/// What is later than that was missed.
const GRACE: Duration = Duration::from_mins(1);
const CATCH_UP: u32 = 10;

/// What firing a schedule came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fired {
    pub(crate) at: Moment,
    /// `started`, `blocked`, `overlapped`, `missed` or `refused`.
    pub(crate) outcome: &'static str,
    pub(crate) job: Option<JobId>,
}

/// Fires what is due until the server shuts down.
pub(crate) async fn tick_forever(server: Orchestrator) {
    loop {
        let more = match server.fire_due().await {
            Ok(fired) => fired >= BATCH as usize,
            Err(error) => {
                tracing::warn!(error = %chain(&error), "schedules wait for the database");
                false
            }
        };
        if more {
            continue;
        }
        tokio::select! {
            () = server.closing.cancelled() => return,
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

impl Orchestrator {
    /// Fires schedules whose time has come, some at a time; answers how many.
    pub(crate) async fn fire_due(&self) -> Result<usize, OrchestratorError> {
        let now = self.queue.now();
        let mut held = None;
        let due = match &self.store {
            Store::Sqlite(_) => self.store.due_now(now, BATCH).await?,
            // Other servers leave these alone until this one is done.
            Store::Postgres(_) => {
                let mut work = self.store.begin().await?;
                let due = self.store.due_schedules(&mut work, now, BATCH).await?;
                held = Some(work);
                due
            }
        };
        let count = due.len();
        let mut settled = Vec::new();
        for schedule in due {
            let (fired, next) = self.fire(&schedule, now).await?;
            settled.push((schedule, fired, next));
        }
        if settled.is_empty() {
            return Ok(0);
        }
        let mut work = match held {
            Some(work) => work,
            None => self.store.begin().await?,
        };
        for (schedule, fired, next) in settled {
            for one in &fired {
                let due = DueSchedule {
                    next_at: one.at,
                    ..schedule.clone()
                };
                self.store
                    .fire(&mut work, &due, one.outcome, one.job)
                    .await?;
            }
            self.store
                .advance(&mut work, schedule.id, schedule.next_at, next)
                .await?;
            if let Some(last) = fired.last() {
                let told = serde_json::json!({
                    "schedule": schedule.id, "at": last.at, "outcome": last.outcome, "job": last.job,
                });
                work.tell(Some(schedule.tenant_id), "schedules", told, now)
                    .await?;
            }
        }
        work.commit().await?;
        Ok(count)
    }

    /// Does what a schedule says for the times that have come; answers what, and when is next.
    async fn fire(
        &self,
        schedule: &DueSchedule,
        now: Moment,
    ) -> Result<(Vec<Fired>, Option<Moment>), OrchestratorError> {
        let refused = |outcome| {
            let fired = Fired {
                at: schedule.next_at,
                outcome,
                job: None,
            };
            Ok((vec![fired], None))
        };
        let Ok(plan) = serde_json::from_value::<Plan>(schedule.spec.0.clone()) else {
            tracing::error!(schedule = %schedule.id, "a schedule cannot be read any more");
            return refused("refused");
        };
        let Ok(times) = plan.times() else {
            return refused("refused");
        };
        let most = match plan.misfire {
            Misfire::All => plan.catch_up.unwrap_or(CATCH_UP) as usize,
            Misfire::Once | Misfire::Skip => 1,
        };
        let mut fired = Vec::new();
        for at in times.missed(schedule.next_at, now, most) {
            if plan.misfire == Misfire::Skip && now.since(at) > GRACE {
                fired.push(Fired {
                    at,
                    outcome: "missed",
                    job: None,
                });
                continue;
            }
            fired.push(self.fire_at(schedule, &plan, at).await?);
        }
        Ok((fired, times.next(now)))
    }

    /// Orders the job of one firing.
    pub(crate) async fn fire_at(
        &self,
        schedule: &DueSchedule,
        plan: &Plan,
        at: Moment,
    ) -> Result<Fired, OrchestratorError> {
        let skipped = |outcome| {
            Ok(Fired {
                at,
                outcome,
                job: None,
            })
        };
        let mut starts = at;
        if let Some(name) = &plan.calendar {
            let found = calendar(&self.store, schedule.tenant_id, name).await?;
            let opening = found.and_then(|row| row.spec.0.opening().ok());
            // A calendar that is gone closes: running in a blackout is worse than not running.
            let Some(opening) = opening else {
                return skipped("refused");
            };
            match (plan.blocked, opening.next_open(at)) {
                (_, Some(open)) if open == at => {}
                (Blocked::Defer, Some(open)) => starts = open,
                _ => return skipped("blocked"),
            }
        }
        if !self.make_way(schedule, plan).await? {
            return skipped("overlapped");
        }
        let Ok(mut job) = new_job(schedule.workflow_id, plan.order.clone()) else {
            return skipped("refused");
        };
        let delay = jitter(schedule.id.0, at, plan.jitter_s);
        job.due = (starts + delay > at).then(|| starts + delay);
        if plan.overlap == Overlap::Queue {
            job.demands.resources.insert(resource(schedule.id.0));
        }
        job.key = Some(format!("schedule:{}:{}", schedule.id, at.micros()));
        self.order(schedule, job, at).await
    }

    async fn order(
        &self,
        schedule: &DueSchedule,
        job: NewJob,
        at: Moment,
    ) -> Result<Fired, OrchestratorError> {
        let ordered = match self.queue.submit(schedule.tenant_id, job).await {
            Ok(made) => Some(made.job),
            // It was fired for this time before the schedule was changed.
            Err(QueueError::KeyReused { job, .. }) => Some(job),
            Err(error @ QueueError::Invalid { .. }) => {
                tracing::warn!(schedule = %schedule.id, %error, "a schedule orders what cannot run");
                None
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Fired {
            at,
            outcome: if ordered.is_some() {
                "started"
            } else {
                "refused"
            },
            job: ordered,
        })
    }

    /// Whether the run before leaves room for this one.
    async fn make_way(
        &self,
        schedule: &DueSchedule,
        plan: &Plan,
    ) -> Result<bool, OrchestratorError> {
        if matches!(plan.overlap, Overlap::Allow | Overlap::Queue) {
            return Ok(true);
        }
        let tenant = self.store.tenant(schedule.tenant_id);
        let firings = tenant.firings(schedule.id, None, 20).await?;
        let Some(before) = firings.iter().find_map(|firing| firing.job_id) else {
            return Ok(true);
        };
        let goes_on = match self.queue.job(schedule.tenant_id, before).await {
            Ok(story) => !story.state.is_end(),
            Err(QueueError::NoSuchJob { .. }) => false,
            Err(error) => return Err(error.into()),
        };
        if goes_on && plan.overlap == Overlap::CancelPrevious {
            self.queue.cancel(schedule.tenant_id, &[before]).await?;
            return Ok(true);
        }
        Ok(!goes_on)
    }

    /// Runs of a schedule that wait for each other share a resource of which there is one.
    pub(crate) async fn limit_schedule(
        &self,
        tenant: casare_store::TenantId,
        schedule: uuid::Uuid,
        plan: &Plan,
    ) -> Result<(), OrchestratorError> {
        if plan.overlap == Overlap::Queue {
            let scope = Scope::Resource(tenant, resource(schedule));
            self.queue.limit(&scope, 1).await?;
        }
        Ok(())
    }
}

fn resource(schedule: uuid::Uuid) -> String {
    format!("schedule:{schedule}")
}

//! What people do to jobs, and to all jobs of a kind.

use casare_store::{JobId, Link, Moment, TenantId, execute, fetch_all, fetch_one};
use sqlx::types::Json;

use std::sync::Arc;

use crate::{
    Carry, Decision, ErrorKind, JobError, JobState, Priority, Queue, QueueError, Scope, Stop,
    ends::{LockedJob, Next},
    queue::VersionAndTimer,
    statements::{
        ASK_TO_STOP, DROP_RULE, LOCK_JOBS, NEXT_VERSION, SET_PRIORITY, SET_RULE, SET_WEIGHT,
        VERSION_AND_TIMER,
    },
    timers::PromotedRow,
};

impl Queue {
    /// Cancels jobs: those that wait end now; robots are asked to end the others gracefully, and
    /// hear of it at their next renewal at the latest. Answers the state of each after that; jobs
    /// that are not live are left out.
    pub async fn cancel(
        &self,
        tenant: TenantId,
        jobs: &[JobId],
    ) -> Result<Vec<(JobId, JobState)>, QueueError> {
        self.stop(tenant, jobs, Stop::Cancel).await
    }

    /// Kills jobs: as cancelling, but robots end them at once, and those that do not say so within
    /// the grace time are taken for ended.
    pub async fn kill(
        &self,
        tenant: TenantId,
        jobs: &[JobId],
    ) -> Result<Vec<(JobId, JobState)>, QueueError> {
        self.stop(tenant, jobs, Stop::Kill).await
    }

    async fn stop(
        &self,
        tenant: TenantId,
        jobs: &[JobId],
        stop: Stop,
    ) -> Result<Vec<(JobId, JobState)>, QueueError> {
        let now = self.now();
        let mut work = self.inner.store.begin().await?;
        let rows = fetch_all!(work.link(), LockedJob, LOCK_JOBS, Json(jobs))?;
        let mut states = Vec::new();
        let mut steps = Vec::new();
        let mut deadline = None;
        for job in rows.into_iter().filter(|job| job.tenant_id == tenant) {
            if !job.state().is_held() {
                let end = Next::End {
                    state: JobState::Cancelled,
                    error: None,
                };
                steps.push((job, end));
                continue;
            }
            states.push((job.id, job.state()));
            let (name, limit) = match stop {
                // The lease goes on as before.
                Stop::Cancel if job.stop.is_some() => continue,
                Stop::Cancel => ("cancel", Moment::from_micros(i64::MAX)),
                Stop::Kill => ("kill", now + self.inner.settings.kill_grace),
            };
            execute!(
                work.link(),
                ASK_TO_STOP,
                job.id,
                job.lease_epoch,
                name,
                limit
            )?;
            deadline = deadline.max((stop == Stop::Kill).then_some(limit));
        }
        let applied = self.apply(work.link(), steps, now).await?;
        work.commit().await?;
        self.set_timer(deadline);
        self.announce(&applied);
        states.extend(
            applied
                .iter()
                .map(|step| (step.ended.job, step.ended.state)),
        );
        Ok(states)
    }

    /// Lets a suspended job go on with an answer.
    pub async fn resume(
        &self,
        tenant: TenantId,
        job: JobId,
        answer: serde_json::Value,
    ) -> Result<(), QueueError> {
        self.go_on(tenant, job, JobState::Suspended, "resumed", |carry| {
            Next::Wait {
                state: JobState::Queued,
                due: self.now(),
                timer: None,
                carry: Some(Carry {
                    resume: true,
                    answer: Some(answer),
                    ..carry
                }),
                free: false,
                error: None,
                outcome: "resumed",
            }
        })
        .await
    }

    /// Says what a run could not know, and lets it go on or ends it.
    pub async fn decide(
        &self,
        tenant: TenantId,
        job: JobId,
        decision: Decision,
    ) -> Result<(), QueueError> {
        self.go_on(
            tenant,
            job,
            JobState::NeedsDecision,
            "decided",
            |carry| match &decision {
                Decision::Fail { message } => Next::End {
                    state: JobState::Failed,
                    error: Some(JobError {
                        kind: ErrorKind::Business,
                        message: message.clone(),
                    }),
                },
                decision => Next::Wait {
                    state: JobState::Queued,
                    due: self.now(),
                    timer: None,
                    carry: Some(Carry {
                        resume: true,
                        answer: serde_json::to_value(decision).ok(),
                        ..carry
                    }),
                    free: false,
                    error: None,
                    outcome: "decided",
                },
            },
        )
        .await
    }

    async fn go_on(
        &self,
        tenant: TenantId,
        id: JobId,
        from: JobState,
        wanted: &'static str,
        next: impl FnOnce(Carry) -> Next,
    ) -> Result<(), QueueError> {
        let mut work = self.inner.store.begin().await?;
        let rows = fetch_all!(work.link(), LockedJob, LOCK_JOBS, Json([id]))?;
        let job = rows
            .into_iter()
            .find(|job| job.tenant_id == tenant)
            .ok_or(QueueError::NoSuchJob { job: id })?;
        if job.state() != from {
            return Err(QueueError::WrongState {
                job: id,
                state: job.state().name(),
                wanted,
            });
        }
        let carry = job
            .carry
            .as_ref()
            .map(|carry| carry.0.clone())
            .unwrap_or_default();
        let step = (job, next(carry));
        let applied = self.apply(work.link(), vec![step], self.now()).await?;
        work.commit().await?;
        self.announce(&applied);
        Ok(())
    }

    /// Changes how urgent a waiting job is.
    pub async fn set_priority(
        &self,
        tenant: TenantId,
        job: JobId,
        priority: Priority,
    ) -> Result<(), QueueError> {
        let mut work = self.inner.store.begin().await?;
        let rows = fetch_all!(work.link(), PromotedRow, SET_PRIORITY, job, priority.rank())?;
        if !rows.iter().any(|row| row.tenant_id == tenant) {
            return Err(QueueError::NoSuchJob { job });
        }
        work.commit().await?;
        self.offer_promoted(&rows);
        Ok(())
    }

    /// No job under `scope` is leased until it is resumed. What runs goes on.
    pub async fn pause(
        &self,
        scope: &Scope,
        reason: Option<&str>,
        by: Option<&str>,
    ) -> Result<(), QueueError> {
        self.set_rule("pause", scope, 1, reason, by).await
    }

    /// Leases jobs under `scope` again.
    pub async fn unpause(&self, scope: &Scope) -> Result<(), QueueError> {
        self.drop_rule("pause", scope).await
    }

    /// At most `most` jobs under `scope` are with robots at a time. What runs goes on even if it is
    /// more.
    ///
    /// # Errors
    ///
    /// `Invalid` for everything at once: that is what the robots' slots limit.
    pub async fn limit(&self, scope: &Scope, most: u32) -> Result<(), QueueError> {
        if *scope == Scope::Everything {
            return Err(QueueError::Invalid {
                what: "the limit",
                why: "name a tenant, workflow, environment, pool or resource".to_owned(),
            });
        }
        self.set_rule("limit", scope, i64::from(most), None, None)
            .await
    }

    pub async fn unlimit(&self, scope: &Scope) -> Result<(), QueueError> {
        self.drop_rule("limit", scope).await
    }

    /// A tenant's share when several wait: one of weight 3 gets three times as many robots as one
    /// of weight 1.
    pub async fn set_weight(&self, tenant: TenantId, weight: u16) -> Result<(), QueueError> {
        let mut work = self.inner.store.begin().await?;
        let weight = i32::from(weight.clamp(1, 1_000));
        execute!(work.link(), SET_WEIGHT, tenant, weight)?;
        self.commit_rules(work).await
    }

    async fn set_rule(
        &self,
        kind: &str,
        scope: &Scope,
        value: i64,
        reason: Option<&str>,
        by: Option<&str>,
    ) -> Result<(), QueueError> {
        let mut work = self.inner.store.begin().await?;
        execute!(
            work.link(),
            SET_RULE,
            scope.tenant(),
            kind,
            scope.key(),
            value,
            reason,
            by,
            self.now()
        )?;
        self.commit_rules(work).await
    }

    async fn drop_rule(&self, kind: &str, scope: &Scope) -> Result<(), QueueError> {
        let mut work = self.inner.store.begin().await?;
        execute!(work.link(), DROP_RULE, kind, scope.key())?;
        self.commit_rules(work).await
    }

    /// After this no lease of this process goes by the old rules; those of others do for a moment.
    async fn commit_rules(&self, mut work: casare_store::Work) -> Result<(), QueueError> {
        execute!(work.link(), NEXT_VERSION)?;
        let state = fetch_one!(work.link(), VersionAndTimer, VERSION_AND_TIMER)?;
        let mut rules = (**self.inner.rules.read()).clone();
        rules.load_settings(work.link(), state.version).await?;
        work.commit().await?;
        // Whoever is leasing goes by the rules that it began with.
        let _leasing = self.inner.leasing.lock().await;
        self.take_settings(&rules);
        self.inner.ready.lock().doubt();
        self.inner.store.queue().wake();
        Ok(())
    }

    pub(crate) async fn reload_settings(
        &self,
        link: Link<'_>,
        version: i64,
    ) -> Result<(), QueueError> {
        let mut rules = (**self.inner.rules.read()).clone();
        rules.load_settings(link, version).await?;
        self.take_settings(&rules);
        Ok(())
    }

    /// Takes over settings, and keeps what was learned of lanes meanwhile.
    fn take_settings(&self, read: &crate::rules::Rules) {
        let mut shared = self.inner.rules.write();
        if read.version < shared.version {
            return;
        }
        let mut rules = (**shared).clone();
        rules.take_settings(read);
        *shared = Arc::new(rules);
    }
}

//! Jobs that were given up: looked at, run again as they were or changed, or put away.

use casare_store::{JobId, Moment, TenantId, WorkflowId, execute, fetch_all, row};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Enqueued, JobState, Priority, Queue, QueueError, RetryPolicy,
    lease::HeldUnder,
    statements::{LETTER_STATS, LETTERS, NOTE_LETTER, SETTLE_LETTER},
};

row! {
    struct LetterRow {
        job_id: JobId,
        workflow_id: WorkflowId,
        state: String,
        error_kind: String,
        error_message: Option<String>,
        died_at: Moment,
        settled_at: Option<Moment>,
        settled_by: Option<String>,
        replayed_as: Option<JobId>,
        note: Option<String>,
    }
}

/// A job that was given up. [`Queue::job`] tells its whole story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    pub job: JobId,
    pub workflow: WorkflowId,
    pub error_kind: String,
    pub error_message: Option<String>,
    pub died: Moment,
    /// `open`, `replayed` or `discarded`.
    pub state: String,
    pub settled: Option<Moment>,
    pub settled_by: Option<String>,
    pub replayed_as: Option<JobId>,
    pub note: Option<String>,
}

/// What is changed for a replay; everything else is as it was.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Edit {
    pub inputs: Option<Value>,
    pub priority: Option<Priority>,
    pub version: Option<i64>,
    pub retry: Option<RetryPolicy>,
    pub due: Option<Moment>,
}

impl Queue {
    /// The dead letters of a tenant in one state, from the oldest job on, after `after`.
    pub async fn dead_letters(
        &self,
        tenant: TenantId,
        state: &str,
        after: Option<JobId>,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        let mut reader = self.inner.store.reader().await?;
        let after = after.map_or(Uuid::nil(), |job| job.0);
        let limit = i64::from(limit.min(1_000));
        let rows = fetch_all!(
            reader.link(),
            LetterRow,
            LETTERS,
            tenant,
            state,
            after,
            limit
        )?;
        let letter = |row: LetterRow| DeadLetter {
            job: row.job_id,
            workflow: row.workflow_id,
            error_kind: row.error_kind,
            error_message: row.error_message,
            died: row.died_at,
            state: row.state,
            settled: row.settled_at,
            settled_by: row.settled_by,
            replayed_as: row.replayed_as,
            note: row.note,
        };
        Ok(rows.into_iter().map(letter).collect())
    }

    /// How many are open, by kind of error.
    pub async fn dead_letter_counts(
        &self,
        tenant: TenantId,
    ) -> Result<Vec<(String, i64)>, QueueError> {
        let mut reader = self.inner.store.reader().await?;
        let rows = fetch_all!(reader.link(), HeldUnder, LETTER_STATS, tenant)?;
        Ok(rows.into_iter().map(|row| (row.key, row.held)).collect())
    }

    /// Runs a job that was given up again, as a new job with everything that the old one had.
    /// Doing it twice gives the same new job.
    ///
    /// # Errors
    ///
    /// `NoSuchLetter` when there is none, or it was discarded.
    pub async fn replay(
        &self,
        tenant: TenantId,
        job: JobId,
        edit: Edit,
        by: &str,
    ) -> Result<Enqueued, QueueError> {
        let story = self.job(tenant, job).await.map_err(|error| match error {
            QueueError::NoSuchJob { job } => QueueError::NoSuchLetter { job },
            error => error,
        })?;
        if story.state != JobState::Dead {
            return Err(QueueError::NoSuchLetter { job });
        }
        // Two people who press the button at once make one job.
        let key = Some(format!("replay:{job}"));
        let again = self.order_of(tenant, job, edit, key).await?;
        let submitted = self.enqueue(tenant, vec![again]).await.pop();
        let submitted = match submitted.unwrap_or(Err(QueueError::Closed)) {
            Err(QueueError::KeyReused { job, .. }) => Enqueued {
                job,
                existing: true,
            },
            submitted => submitted?,
        };
        self.settle_letter(tenant, job, "replayed", by, None, Some(submitted.job))
            .await?;
        Ok(submitted)
    }

    /// Replays several as they were; each has its own answer.
    pub async fn replay_all(
        &self,
        tenant: TenantId,
        jobs: &[JobId],
        by: &str,
    ) -> Vec<Result<Enqueued, QueueError>> {
        let mut answers = Vec::new();
        for job in jobs {
            answers.push(self.replay(tenant, *job, Edit::default(), by).await);
        }
        answers
    }

    /// Puts a dead letter away.
    pub async fn discard(
        &self,
        tenant: TenantId,
        job: JobId,
        by: &str,
        note: Option<&str>,
    ) -> Result<(), QueueError> {
        if self
            .settle_letter(tenant, job, "discarded", by, note, None)
            .await?
        {
            return Ok(());
        }
        Err(QueueError::NoSuchLetter { job })
    }

    /// Writes something beside a dead letter.
    pub async fn note(&self, tenant: TenantId, job: JobId, note: &str) -> Result<(), QueueError> {
        let mut work = self.inner.store.begin().await?;
        let changed = execute!(work.link(), NOTE_LETTER, tenant, job, note)?;
        work.commit().await?;
        if changed == 0 {
            return Err(QueueError::NoSuchLetter { job });
        }
        Ok(())
    }

    async fn settle_letter(
        &self,
        tenant: TenantId,
        job: JobId,
        state: &str,
        by: &str,
        note: Option<&str>,
        replayed_as: Option<JobId>,
    ) -> Result<bool, QueueError> {
        let mut work = self.inner.store.begin().await?;
        let changed = execute!(
            work.link(),
            SETTLE_LETTER,
            tenant,
            job,
            state,
            self.now(),
            by,
            note,
            replayed_as
        )?;
        work.commit().await?;
        Ok(changed > 0)
    }

    pub(crate) async fn demands_of(&self, lane: i64) -> Result<crate::Demands, QueueError> {
        if !self.inner.rules.read().lanes.contains_key(&lane) {
            let mut reader = self.inner.store.reader().await?;
            self.learn_lanes(reader.link(), &[lane]).await?;
        }
        let rules = self.inner.rules.read();
        Ok(rules
            .lanes
            .get(&lane)
            .map(|lane| lane.demands.clone())
            .unwrap_or_default())
    }
}

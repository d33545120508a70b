//! Lists of jobs, live and ended, the newest first; and jobs that repeat others.

use casare_store::{JobId, Moment, RobotId, TenantId, WorkflowId, fetch_all, row, statements};
use uuid::Uuid;

use crate::{Edit, Enqueued, JobState, NewJob, Priority, Queue, QueueError};

/// Which jobs to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    pub state: Option<JobState>,
    pub workflow: Option<WorkflowId>,
    pub robot: Option<RobotId>,
    /// Those submitted before this one.
    pub before: Option<JobId>,
}

row! {
    /// A job in a list. [`Queue::job`] tells more.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ListedJob {
        pub id: JobId,
        pub workflow_id: WorkflowId,
        pub workflow_version: Option<i64>,
        pub(crate) rank: i16,
        pub due_at: Moment,
        pub attempt: i32,
        pub robot_id: Option<RobotId>,
        pub state: String,
        pub started_at: Option<Moment>,
        pub finished_at: Option<Moment>,
        pub error_kind: Option<String>,
        pub error_message: Option<String>,
    }
    struct CarriedRow {
        id: JobId,
        workflow_id: WorkflowId,
        timer_at: Option<Moment>,
        state: String,
        carry: Option<sqlx::types::Json<crate::Carry>>,
    }
}

impl ListedJob {
    pub fn priority(&self) -> Priority {
        Priority::from_rank(self.rank)
    }
}

/// A job that waits for an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Asking {
    pub job: JobId,
    pub workflow: WorkflowId,
    /// `suspended` or `needs_decision`.
    pub state: String,
    /// When it goes on without one.
    pub until: Option<Moment>,
    /// What it waits for, as the run put it.
    pub question: Option<serde_json::Value>,
}

statements! {
    /// By id: ids are in the order of submitting. SQLite is kept from choosing the index of the
    /// tenant, which is in another order.
    LIST_JOBS:
        "SELECT * FROM (
            SELECT id, workflow_id, workflow_version, rank, due_at, attempt, robot_id, state,
                started_at, NULL AS finished_at, NULL AS error_kind, NULL AS error_message
            FROM jobs WHERE +tenant_id = $1 AND id < $2 AND ($3 IS NULL OR state = $3)
                AND ($4 IS NULL OR workflow_id = $4) AND ($5 IS NULL OR robot_id = $5)
            ORDER BY id DESC LIMIT $6)
         UNION ALL SELECT * FROM (
            SELECT id, workflow_id, workflow_version, rank, due_at, attempt, robot_id, state,
                started_at, finished_at, error_kind, error_message
            FROM job_history WHERE +tenant_id = $1 AND id < $2 AND ($3 IS NULL OR state = $3)
                AND ($4 IS NULL OR workflow_id = $4) AND ($5 IS NULL OR robot_id = $5)
            ORDER BY id DESC LIMIT $6)
         ORDER BY id DESC LIMIT $6",
        "(SELECT id, workflow_id, workflow_version, rank, due_at, attempt, robot_id, state,
                started_at, CAST(NULL AS bigint) AS finished_at, CAST(NULL AS text) AS error_kind,
                CAST(NULL AS text) AS error_message
            FROM jobs WHERE tenant_id = $1 AND id < $2 AND ($3::text IS NULL OR state = $3)
                AND ($4::uuid IS NULL OR workflow_id = $4) AND ($5::uuid IS NULL OR robot_id = $5)
            ORDER BY id DESC LIMIT $6)
         UNION ALL
         (SELECT id, workflow_id, workflow_version, rank, due_at, attempt, robot_id, state,
                started_at, finished_at, error_kind, error_message
            FROM job_history WHERE tenant_id = $1 AND id < $2 AND ($3::text IS NULL OR state = $3)
                AND ($4::uuid IS NULL OR workflow_id = $4) AND ($5::uuid IS NULL OR robot_id = $5)
            ORDER BY id DESC LIMIT $6)
         ORDER BY id DESC LIMIT $6";
    ASKING:
        "SELECT id, workflow_id, timer_at, state, carry FROM jobs
         WHERE +tenant_id = $1 AND id > $2 AND state IN ('suspended', 'needs_decision')
         ORDER BY id LIMIT $3",
        "SELECT id, workflow_id, timer_at, state, carry FROM jobs
         WHERE tenant_id = $1 AND id > $2 AND state IN ('suspended', 'needs_decision')
         ORDER BY id LIMIT $3";
}

impl Queue {
    /// Jobs of a tenant, the newest first.
    pub async fn jobs(
        &self,
        tenant: TenantId,
        filter: &JobFilter,
        limit: u32,
    ) -> Result<Vec<ListedJob>, QueueError> {
        let mut reader = self.inner.store.reader().await?;
        let before = filter.before.map_or(Uuid::max(), |job| job.0);
        Ok(fetch_all!(
            reader.link(),
            ListedJob,
            LIST_JOBS,
            tenant,
            before,
            filter.state.map(JobState::name),
            filter.workflow,
            filter.robot,
            i64::from(limit.clamp(1, 1_000))
        )?)
    }

    /// Jobs of a tenant that wait for an answer, the oldest first.
    pub async fn asking(
        &self,
        tenant: TenantId,
        after: Option<JobId>,
        limit: u32,
    ) -> Result<Vec<Asking>, QueueError> {
        let mut reader = self.inner.store.reader().await?;
        let after = after.map_or(Uuid::nil(), |job| job.0);
        let rows = fetch_all!(
            reader.link(),
            CarriedRow,
            ASKING,
            tenant,
            after,
            i64::from(limit.clamp(1, 1_000))
        )?;
        let asking = |row: CarriedRow| Asking {
            job: row.id,
            workflow: row.workflow_id,
            state: row.state,
            until: row.timer_at,
            question: row.carry.and_then(|carry| carry.0.waits_for),
        };
        Ok(rows.into_iter().map(asking).collect())
    }

    /// Orders once more what a job was ordered to do, as a new job.
    pub async fn again(
        &self,
        tenant: TenantId,
        job: JobId,
        edit: Edit,
        key: Option<String>,
    ) -> Result<Enqueued, QueueError> {
        let order = self.order_of(tenant, job, edit, key).await?;
        let submitted = self.enqueue(tenant, vec![order]).await.pop();
        submitted.unwrap_or(Err(QueueError::Closed))
    }

    /// The order that a job came from, changed.
    pub(crate) async fn order_of(
        &self,
        tenant: TenantId,
        job: JobId,
        edit: Edit,
        key: Option<String>,
    ) -> Result<NewJob, QueueError> {
        let story = self.job(tenant, job).await?;
        let demands = self.demands_of(story.lane).await?;
        let mut options = story.options;
        options.replay_of = Some(job);
        if let Some(retry) = edit.retry {
            options.retry = retry;
        }
        Ok(NewJob {
            workflow: story.workflow,
            version: edit.version.or(story.version),
            inputs: edit.inputs.unwrap_or(story.inputs),
            priority: edit.priority.unwrap_or(story.priority),
            due: edit.due,
            demands,
            prefer: None,
            options,
            key,
        })
    }
}

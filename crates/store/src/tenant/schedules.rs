//! Schedules and their firings. A firing is unique by schedule and time, so that it happens once
//! whichever server comes first.

use serde_json::Value;
use sqlx::types::Json;

use super::{TenantStore, changed_one, page};
use crate::{
    DatabaseError, JobId, Moment, ScheduleId, Store, TenantId, Work, WorkflowId, execute,
    fetch_all, fetch_optional, row, statements,
};

row! {
    #[derive(Debug, Clone, PartialEq)]
    pub struct Schedule {
        pub id: ScheduleId,
        pub name: String,
        pub workflow_id: WorkflowId,
        /// When and how, as the scheduler reads it.
        pub spec: Json<Value>,
        pub enabled: bool,
        pub next_at: Option<Moment>,
        pub revision: i64,
        pub created_at: Moment,
    }
    /// A schedule whose time has come.
    #[derive(Debug, Clone, PartialEq)]
    pub struct DueSchedule {
        pub id: ScheduleId,
        pub tenant_id: TenantId,
        pub workflow_id: WorkflowId,
        pub spec: Json<Value>,
        pub next_at: Moment,
    }
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Firing {
        pub schedule_id: ScheduleId,
        pub fire_at: Moment,
        pub fired_at: Moment,
        /// `started`, or why not: `skipped`, `blocked`, …
        pub outcome: String,
        pub job_id: Option<JobId>,
    }
}

statements! {
    ADD_SCHEDULE: "INSERT INTO schedules (id, tenant_id, name, workflow_id, spec, enabled, next_at,
            created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    SCHEDULE: "SELECT id, name, workflow_id, spec, enabled, next_at, revision, created_at
        FROM schedules WHERE tenant_id = $1 AND id = $2";
    SCHEDULES: "SELECT id, name, workflow_id, spec, enabled, next_at, revision, created_at
        FROM schedules WHERE tenant_id = $1 AND name > $2 ORDER BY name LIMIT $3";
    CHANGE_SCHEDULE: "UPDATE schedules SET name = $4, workflow_id = $5, spec = $6, enabled = $7,
            next_at = $8, revision = revision + 1
        WHERE tenant_id = $1 AND id = $2 AND revision = $3";
    DELETE_SCHEDULE: "DELETE FROM schedules WHERE tenant_id = $1 AND id = $2";
    FIRINGS: "SELECT schedule_id, fire_at, fired_at, outcome, job_id FROM schedule_firings
        WHERE tenant_id = $1 AND schedule_id = $2 AND fire_at < $3 ORDER BY fire_at DESC LIMIT $4";
    /// Others do not get the same ones while this transaction lasts.
    DUE:
        "SELECT id, tenant_id, workflow_id, spec, next_at FROM schedules
         WHERE enabled AND next_at <= $1 ORDER BY next_at LIMIT $2",
        "SELECT id, tenant_id, workflow_id, spec, next_at FROM schedules
         WHERE enabled AND next_at <= $1 ORDER BY next_at LIMIT $2 FOR UPDATE SKIP LOCKED";
    DUE_NOW: "SELECT id, tenant_id, workflow_id, spec, next_at FROM schedules
        WHERE enabled AND next_at <= $1 ORDER BY next_at LIMIT $2";
    FIRE: "INSERT INTO schedule_firings (schedule_id, fire_at, tenant_id, fired_at, outcome, job_id)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (schedule_id, fire_at) DO NOTHING";
    /// Whoever changed it meanwhile has said when it fires next.
    ADVANCE: "UPDATE schedules SET next_at = $3 WHERE id = $1 AND next_at = $2";
}

impl TenantStore {
    /// # Errors
    ///
    /// `Exists` when there is one of this name.
    pub async fn add_schedule(
        &self,
        work: &mut Work,
        schedule: &Schedule,
    ) -> Result<(), DatabaseError> {
        execute!(
            work.link(),
            ADD_SCHEDULE,
            schedule.id,
            self.id,
            schedule.name.as_str(),
            schedule.workflow_id,
            &schedule.spec,
            schedule.enabled,
            schedule.next_at,
            self.now()
        )
        .map_err(DatabaseError::of("schedule"))?;
        Ok(())
    }

    pub async fn schedule(&self, id: ScheduleId) -> Result<Option<Schedule>, DatabaseError> {
        let mut reader = self.reader().await?;
        fetch_optional!(reader.link(), Schedule, SCHEDULE, self.id, id)
    }

    /// By name, those after `after`.
    pub async fn schedules(&self, after: &str, limit: u32) -> Result<Vec<Schedule>, DatabaseError> {
        let mut reader = self.reader().await?;
        fetch_all!(
            reader.link(),
            Schedule,
            SCHEDULES,
            self.id,
            after,
            page(limit)
        )
    }

    /// Writes a schedule that was read at its `revision`.
    ///
    /// # Errors
    ///
    /// `Changed` when somebody was quicker, `Missing`.
    pub async fn change_schedule(
        &self,
        work: &mut Work,
        schedule: &Schedule,
    ) -> Result<(), DatabaseError> {
        let changed = execute!(
            work.link(),
            CHANGE_SCHEDULE,
            self.id,
            schedule.id,
            schedule.revision,
            schedule.name.as_str(),
            schedule.workflow_id,
            &schedule.spec,
            schedule.enabled,
            schedule.next_at
        )
        .map_err(DatabaseError::of("schedule"))?;
        if changed == 1 {
            return Ok(());
        }
        let found = fetch_optional!(work.link(), Schedule, SCHEDULE, self.id, schedule.id)?;
        Err(match found {
            Some(now) => DatabaseError::Changed {
                what: "schedule",
                found: now.revision,
            },
            None => DatabaseError::Missing { what: "schedule" },
        })
    }

    pub async fn delete_schedule(
        &self,
        work: &mut Work,
        id: ScheduleId,
    ) -> Result<(), DatabaseError> {
        let changed = execute!(work.link(), DELETE_SCHEDULE, self.id, id)?;
        changed_one(changed, "schedule")
    }

    /// The latest first, those before `before`.
    pub async fn firings(
        &self,
        schedule: ScheduleId,
        before: Option<Moment>,
        limit: u32,
    ) -> Result<Vec<Firing>, DatabaseError> {
        let mut reader = self.reader().await?;
        let before = before.unwrap_or(Moment::from_micros(i64::MAX));
        fetch_all!(
            reader.link(),
            Firing,
            FIRINGS,
            self.id,
            schedule,
            before,
            page(limit)
        )
    }
}

impl Store {
    /// Schedules of all tenants whose time has come, kept from others until the end of `work`.
    pub async fn due_schedules(
        &self,
        work: &mut Work,
        now: Moment,
        limit: u32,
    ) -> Result<Vec<DueSchedule>, DatabaseError> {
        fetch_all!(work.link(), DueSchedule, DUE, now, i64::from(limit))
    }

    /// Notes that a schedule has fired for its time. `false` when that has happened before: then
    /// nothing may be started.
    pub async fn fire(
        &self,
        work: &mut Work,
        due: &DueSchedule,
        outcome: &str,
        job: Option<JobId>,
    ) -> Result<bool, DatabaseError> {
        let now = self.clock().now();
        let added = execute!(
            work.link(),
            FIRE,
            due.id,
            due.next_at,
            due.tenant_id,
            now,
            outcome,
            job
        )?;
        Ok(added == 1)
    }

    /// The same without keeping them from anybody.
    pub async fn due_now(
        &self,
        now: Moment,
        limit: u32,
    ) -> Result<Vec<DueSchedule>, DatabaseError> {
        let mut reader = self.reader().await?;
        fetch_all!(reader.link(), DueSchedule, DUE_NOW, now, i64::from(limit))
    }

    /// Sets when a schedule that was due at `from` fires next; never, without a time. One that was
    /// changed meanwhile is left as it is.
    pub async fn advance(
        &self,
        work: &mut Work,
        schedule: ScheduleId,
        from: Moment,
        next: Option<Moment>,
    ) -> Result<(), DatabaseError> {
        execute!(work.link(), ADVANCE, schedule, from, next)?;
        Ok(())
    }
}

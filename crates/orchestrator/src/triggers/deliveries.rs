//! What came to triggers, and what became of it.

use casare_store::{
    DatabaseError, JobId, Moment, Store, TenantId, Trigger, TriggerId, WorkflowId, execute,
    fetch_all, fetch_optional, new_uuid, row, statements,
};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Design, Finished};

row! {
    pub(crate) struct Delivery {
        pub(crate) id: Uuid,
        pub(crate) at: Moment,
        /// `started`, `repeated`, `filtered` or `refused`.
        pub(crate) outcome: String,
        pub(crate) job_id: Option<JobId>,
        pub(crate) detail: Option<String>,
    }
    struct TriggerRow {
        id: TriggerId,
        tenant_id: TenantId,
        name: String,
        kind: String,
        workflow_id: WorkflowId,
        spec: Json<Value>,
        enabled: bool,
        revision: i64,
        created_at: Moment,
    }
}

statements! {
    NOTE_DELIVERY: "INSERT INTO trigger_deliveries (id, tenant_id, trigger_id, at, outcome, job_id,
            detail)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    DELIVERIES: "SELECT id, at, outcome, job_id, detail FROM trigger_deliveries
        WHERE tenant_id = $1 AND trigger_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4";
    FORGET_DELIVERIES: "DELETE FROM trigger_deliveries WHERE at < $1";
    ANYWHERE: "SELECT id, tenant_id, name, kind, workflow_id, spec, enabled, revision, created_at
        FROM triggers WHERE id = $1";
    FINISHED: "SELECT id, tenant_id, name, kind, workflow_id, spec, enabled, revision, created_at
        FROM triggers WHERE kind = 'run_finished' AND enabled";
}

fn trigger(row: TriggerRow) -> (TenantId, Trigger) {
    let trigger = Trigger {
        id: row.id,
        name: row.name,
        kind: row.kind,
        workflow_id: row.workflow_id,
        spec: row.spec,
        enabled: row.enabled,
        revision: row.revision,
        created_at: row.created_at,
    };
    (row.tenant_id, trigger)
}

/// A trigger of whatever tenant: callers from outside do not say which.
pub(crate) async fn anywhere(
    store: &Store,
    id: TriggerId,
) -> Result<Option<(TenantId, Trigger)>, DatabaseError> {
    let mut reader = store.reader().await?;
    let found = fetch_optional!(reader.link(), TriggerRow, ANYWHERE, id)?;
    Ok(found.map(trigger))
}

/// All triggers that wait for the end of runs.
pub(crate) async fn finished_of(store: &Store) -> Result<Vec<Finished>, DatabaseError> {
    let mut reader = store.reader().await?;
    let rows = fetch_all!(reader.link(), TriggerRow, FINISHED)?;
    let known = rows.into_iter().filter_map(|row| {
        let (tenant, trigger) = trigger(row);
        let design = Design::of(&trigger)?;
        Some(Finished {
            trigger,
            tenant,
            design,
        })
    });
    Ok(known.collect())
}

/// Notes what became of something that came.
pub(crate) async fn note_delivery(
    store: &Store,
    tenant: TenantId,
    trigger: TriggerId,
    outcome: &str,
    job: Option<JobId>,
    detail: Option<&str>,
) -> Result<(), DatabaseError> {
    let now = store.clock().now();
    let mut work = store.tenant(tenant).begin().await?;
    execute!(
        work.link(),
        NOTE_DELIVERY,
        new_uuid(now),
        tenant,
        trigger,
        now,
        outcome,
        job,
        detail
    )?;
    work.commit().await
}

/// The latest first, those before `before`.
pub(crate) async fn deliveries(
    store: &Store,
    tenant: TenantId,
    trigger: TriggerId,
    before: Option<Uuid>,
    limit: u32,
) -> Result<Vec<Delivery>, DatabaseError> {
    let mut reader = store.tenant(tenant).reader().await?;
    let before = before.unwrap_or(Uuid::max());
    let limit = i64::from(limit.clamp(1, 1_000));
    fetch_all!(
        reader.link(),
        Delivery,
        DELIVERIES,
        tenant,
        trigger,
        before,
        limit
    )
}

/// Forgets what came before `limit`.
pub(crate) async fn forget(store: &Store, limit: Moment) -> Result<u64, DatabaseError> {
    let mut work = store.begin().await?;
    let gone = execute!(work.link(), FORGET_DELIVERIES, limit)?;
    work.commit().await?;
    Ok(gone)
}

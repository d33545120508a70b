//! What came to triggers, and what became of it.

use casare_store::{
    DatabaseError, JobId, Moment, Store, TenantId, Trigger, TriggerId, WorkflowId, execute,
    fetch_all, fetch_optional, new_uuid, row, statements,
};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use super::Armed;

row! {
    pub(crate) struct Delivery {
        pub(crate) id: Uuid,
        pub(crate) at: Moment,
        /// `started`, `repeated`, `gathered`, `filtered`, `refused` or `settled`.
        pub(crate) outcome: String,
        pub(crate) job_id: Option<JobId>,
        pub(crate) detail: Option<String>,
    }
    /// Something that was refused.
    pub(crate) struct Refused {
        pub(crate) id: Uuid,
        pub(crate) came: Option<Json<Value>>,
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
            detail, came)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    REFUSED: "SELECT id, came FROM trigger_deliveries
        WHERE tenant_id = $1 AND trigger_id = $2 AND id = $3 AND outcome = 'refused'";
    SETTLE_REFUSED: "UPDATE trigger_deliveries SET outcome = 'settled', job_id = $3, came = NULL
        WHERE tenant_id = $1 AND id = $2 AND outcome = 'refused'";
    DELIVERIES: "SELECT id, at, outcome, job_id, detail FROM trigger_deliveries
        WHERE tenant_id = $1 AND trigger_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4";
    FORGET_DELIVERIES: "DELETE FROM trigger_deliveries WHERE at < $1";
    ANYWHERE: "SELECT id, tenant_id, name, kind, workflow_id, spec, enabled, revision, created_at
        FROM triggers WHERE id = $1";
    WATCHED: "SELECT id, tenant_id, name, kind, workflow_id, spec, enabled, revision, created_at
        FROM triggers WHERE kind IN ('file', 'mail', 'queue', 'notify') AND enabled";
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
pub(crate) async fn finished_of(store: &Store) -> Result<Vec<Armed>, DatabaseError> {
    armed(store, FINISHED).await
}

/// All triggers for which something is watched.
pub(super) async fn watched(store: &Store) -> Result<Vec<Armed>, DatabaseError> {
    armed(store, WATCHED).await
}

async fn armed(store: &Store, which: casare_store::Sql) -> Result<Vec<Armed>, DatabaseError> {
    let mut reader = store.reader().await?;
    let rows = fetch_all!(reader.link(), TriggerRow, which)?;
    let known = rows.into_iter().filter_map(|row| {
        let (tenant, trigger) = trigger(row);
        Armed::of(tenant, trigger)
    });
    Ok(known.collect())
}

/// What became of something that came.
#[derive(Debug, Default)]
pub(crate) struct Note<'a> {
    pub(crate) outcome: &'static str,
    pub(crate) job: Option<JobId>,
    pub(crate) detail: Option<&'a str>,
    /// What came, where it may be tried again.
    pub(crate) came: Option<&'a Value>,
}

/// Notes what became of something that came.
pub(crate) async fn note_delivery(
    store: &Store,
    tenant: TenantId,
    trigger: TriggerId,
    note: Note<'_>,
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
        note.outcome,
        note.job,
        note.detail,
        note.came.map(Json)
    )?;
    work.commit().await
}

/// What was refused under this id, if it still stands so.
pub(crate) async fn refused(
    store: &Store,
    tenant: TenantId,
    trigger: TriggerId,
    id: Uuid,
) -> Result<Option<Refused>, DatabaseError> {
    let mut reader = store.tenant(tenant).reader().await?;
    fetch_optional!(reader.link(), Refused, REFUSED, tenant, trigger, id)
}

/// Something that was refused has become a run after all.
pub(crate) async fn settle_refused(
    store: &Store,
    tenant: TenantId,
    id: Uuid,
    job: Option<JobId>,
) -> Result<(), DatabaseError> {
    let mut work = store.tenant(tenant).begin().await?;
    execute!(work.link(), SETTLE_REFUSED, tenant, id, job)?;
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

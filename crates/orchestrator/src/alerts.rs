//! What somebody should look at: opened once, and closed when it is over.

use casare_store::{
    DatabaseError, JobId, Moment, Store, TenantId, TenantStore, WorkflowId, execute, fetch_all,
    fetch_optional, new_uuid, row, statements,
};
use serde_json::{Value, json};
use sqlx::types::Json;
use uuid::Uuid;

row! {
    #[derive(Debug, Clone)]
    pub(crate) struct Alert {
        pub(crate) id: Uuid,
        pub(crate) kind: String,
        pub(crate) workflow_id: Option<WorkflowId>,
        pub(crate) job_id: Option<JobId>,
        pub(crate) message: String,
        pub(crate) details: Json<Value>,
        pub(crate) opened_at: Moment,
        pub(crate) closed_at: Option<Moment>,
        pub(crate) acknowledged_at: Option<Moment>,
        pub(crate) acknowledged_by: Option<String>,
    }
    struct OpenAlert {
        id: Uuid,
        key: String,
        message: String,
    }
}

statements! {
    OPEN_ALERT: "INSERT INTO alerts (id, tenant_id, key, kind, workflow_id, job_id, message, details,
            opened_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (tenant_id, key) WHERE closed_at IS NULL DO NOTHING";
    CLOSE_ALERT: "UPDATE alerts SET closed_at = $3
        WHERE tenant_id = $1 AND id = $2 AND closed_at IS NULL";
    OPEN_OF_WORKFLOW: "SELECT id, key, message FROM alerts
        WHERE tenant_id = $1 AND workflow_id = $2 AND closed_at IS NULL LIMIT 1000";
    ALERTS: "SELECT id, kind, workflow_id, job_id, message, details, opened_at, closed_at,
            acknowledged_at, acknowledged_by
        FROM alerts WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    OPEN_ALERTS: "SELECT id, kind, workflow_id, job_id, message, details, opened_at, closed_at,
            acknowledged_at, acknowledged_by
        FROM alerts WHERE tenant_id = $1 AND id < $2 AND closed_at IS NULL ORDER BY id DESC LIMIT $3";
    ALERT: "SELECT id, kind, workflow_id, job_id, message, details, opened_at, closed_at,
            acknowledged_at, acknowledged_by
        FROM alerts WHERE tenant_id = $1 AND id = $2";
    ACKNOWLEDGE: "UPDATE alerts SET acknowledged_at = $3, acknowledged_by = $4
        WHERE tenant_id = $1 AND id = $2 AND acknowledged_at IS NULL";
    FORGET_ALERTS: "DELETE FROM alerts WHERE closed_at < $1";
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Concern {
    /// What it is about: there is one open alert for it at most.
    pub(crate) key: String,
    pub(crate) kind: &'static str,
    pub(crate) job: Option<JobId>,
    pub(crate) message: String,
    pub(crate) details: Value,
}

/// Opens an alert for each concern that has none, and closes those of the workflow that are no concern any more.
pub(crate) async fn settle(
    store: &Store,
    tenant: TenantId,
    workflow: (WorkflowId, &str),
    concerns: &[Concern],
    now: Moment,
) -> Result<(), DatabaseError> {
    let mut reader = store.tenant(tenant).reader().await?;
    let open = fetch_all!(
        reader.link(),
        OpenAlert,
        OPEN_OF_WORKFLOW,
        tenant,
        workflow.0
    )?;
    drop(reader);
    let news: Vec<&Concern> = concerns
        .iter()
        .filter(|concern| open.iter().all(|alert| alert.key != concern.key))
        .collect();
    let over: Vec<&OpenAlert> = open
        .iter()
        .filter(|alert| concerns.iter().all(|concern| concern.key != alert.key))
        .collect();
    if news.is_empty() && over.is_empty() {
        return Ok(());
    }
    let mut work = store.tenant(tenant).begin().await?;
    for concern in news {
        let id = new_uuid(now);
        let opened = execute!(
            work.link(),
            OPEN_ALERT,
            id,
            tenant,
            concern.key.as_str(),
            concern.kind,
            workflow.0,
            concern.job,
            concern.message.as_str(),
            Json(&concern.details),
            now
        )?;
        // Another server may have been quicker.
        if opened == 1 {
            let told = json!({
                "alert": id, "kind": concern.kind, "message": concern.message, "job": concern.job,
                "workflow": workflow.0, "workflow_name": workflow.1, "details": concern.details,
            });
            work.tell(Some(tenant), "alert.opened", told, now).await?;
        }
    }
    for alert in over {
        if execute!(work.link(), CLOSE_ALERT, tenant, alert.id, now)? == 1 {
            let told = json!({
                "alert": alert.id, "message": alert.message, "workflow": workflow.0,
                "workflow_name": workflow.1,
            });
            work.tell(Some(tenant), "alert.closed", told, now).await?;
        }
    }
    work.commit().await
}

/// The latest first, those before `before`; only those that are open, or all.
pub(crate) async fn alerts(
    tenant: &TenantStore,
    open: bool,
    before: Option<Uuid>,
    limit: u32,
) -> Result<Vec<Alert>, DatabaseError> {
    let mut reader = tenant.reader().await?;
    let which = if open { OPEN_ALERTS } else { ALERTS };
    let before = before.unwrap_or(Uuid::max());
    fetch_all!(
        reader.link(),
        Alert,
        which,
        tenant.id(),
        before,
        i64::from(limit)
    )
}

/// Somebody has seen it; answers it as it stands then.
pub(crate) async fn acknowledge(
    tenant: &TenantStore,
    id: Uuid,
    by: &str,
    now: Moment,
) -> Result<Option<Alert>, DatabaseError> {
    let mut work = tenant.begin().await?;
    let news = execute!(work.link(), ACKNOWLEDGE, tenant.id(), id, now, by)? == 1;
    let found = fetch_optional!(work.link(), Alert, ALERT, tenant.id(), id)?;
    if news {
        tenant
            .audit(
                &mut work,
                by,
                "alert.acknowledge",
                &id.to_string(),
                &json!({}),
            )
            .await?;
        let told = json!({ "alert": id, "by": by });
        work.tell(Some(tenant.id()), "alert.acknowledged", told, now)
            .await?;
    }
    work.commit().await?;
    Ok(found)
}

/// Forgets what was closed before `limit`.
pub(crate) async fn forget(store: &Store, limit: Moment) -> Result<u64, DatabaseError> {
    let mut work = store.begin().await?;
    let gone = execute!(work.link(), FORGET_ALERTS, limit)?;
    work.commit().await?;
    Ok(gone)
}

//! Service levels of workflows, and alerts.

use axum::{extract::State, http::StatusCode};
use casare_access::Permission;
use casare_store::WorkflowId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{Json, Page, Paging, Path, Query, Tagged, Time};
use crate::{
    Orchestrator, Problem,
    alerts::{self, Alert},
    guard::{Me, may},
    levels::{self, Report, ServiceLevel},
};

pub(crate) fn routes() -> OpenApiRouter<Orchestrator> {
    OpenApiRouter::new()
        .routes(may(Permission::WorkflowRead, routes!(show_level)))
        .routes(may(Permission::WorkflowPublish, routes!(set_level)))
        .routes(may(Permission::WorkflowPublish, routes!(drop_level)))
        .routes(may(Permission::MetricsRead, routes!(show_report)))
        .routes(may(Permission::JobRead, routes!(list_alerts)))
        .routes(may(Permission::JobControl, routes!(acknowledge_alert)))
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LevelOrder {
    level: ServiceLevel,
    #[serde(default = "yes")]
    enabled: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ReportQuery {
    /// Hours back from now; those of the service level, or 24, when nothing is said.
    #[param(minimum = 1, maximum = 720)]
    hours: Option<u32>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AlertQuery {
    /// Only those that are not over.
    #[serde(default)]
    open: bool,
    /// `next` of the page before.
    cursor: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Something that somebody should look at.
#[derive(Debug, Serialize, ToSchema)]
struct AlertView {
    id: Uuid,
    /// `long_run`, `long_wait`, `few_successes` or `failures_in_a_row`.
    kind: String,
    message: String,
    #[schema(value_type = Object)]
    details: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    workflow: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<Uuid>,
    opened: Time,
    /// When it was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged_by: Option<String>,
}

fn alert_view(alert: Alert) -> AlertView {
    AlertView {
        id: alert.id,
        kind: alert.kind,
        message: alert.message,
        details: alert.details.0,
        workflow: alert.workflow_id.map(|workflow| workflow.0),
        job: alert.job_id.map(|job| job.0),
        opened: alert.opened_at.into(),
        closed: alert.closed_at.map(Time),
        acknowledged: alert.acknowledged_at.map(Time),
        acknowledged_by: alert.acknowledged_by,
    }
}

/// What is promised of a workflow.
#[utoipa::path(get, path = "/workflows/{workflow}/service-level", tag = "workflows",
    params(("workflow" = String, Path)), responses((status = 200, body = LevelOrder)))]
async fn show_level(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(workflow): Path<String>,
) -> Result<Tagged<LevelOrder>, Problem> {
    let workflow = server.workflow_of(&me, &workflow).await?;
    let tenant = server.store.tenant(me.tenant);
    let found = levels::level(&tenant, workflow.id).await?;
    let found = found.ok_or_else(|| Problem::missing("service level"))?;
    let view = LevelOrder {
        level: found.spec.0,
        enabled: found.enabled,
    };
    Ok(Tagged(found.revision, view))
}

/// Promise something of a workflow: what is not kept is an alert.
#[utoipa::path(put, path = "/workflows/{workflow}/service-level", tag = "workflows",
    params(("workflow" = String, Path)), responses((status = 204)))]
async fn set_level(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(workflow): Path<String>,
    Json(order): Json<LevelOrder>,
) -> Result<StatusCode, Problem> {
    if let Some(mistake) = order.level.mistake() {
        return Err(Problem::invalid(mistake));
    }
    let workflow = server.workflow_of(&me, &workflow).await?;
    let tenant = server.store.tenant(me.tenant);
    let mut work = tenant.begin().await?;
    let now = server.queue.now();
    levels::set(
        &tenant,
        &mut work,
        workflow.id,
        &order.level,
        order.enabled,
        now,
    )
    .await?;
    let details = json!(order);
    tenant
        .audit(
            &mut work,
            &me.actor(),
            "service_level.set",
            &workflow.name,
            &details,
        )
        .await?;
    work.commit().await?;
    close_if_off(&server, &me, workflow.id, &workflow.name, order.enabled).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Promise nothing any more; open alerts are closed.
#[utoipa::path(delete, path = "/workflows/{workflow}/service-level", tag = "workflows",
    params(("workflow" = String, Path)), responses((status = 204)))]
async fn drop_level(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(workflow): Path<String>,
) -> Result<StatusCode, Problem> {
    let workflow = server.workflow_of(&me, &workflow).await?;
    let tenant = server.store.tenant(me.tenant);
    let mut work = tenant.begin().await?;
    if !levels::delete(&tenant, &mut work, workflow.id).await? {
        return Err(Problem::missing("service level"));
    }
    tenant
        .audit(
            &mut work,
            &me.actor(),
            "service_level.delete",
            &workflow.name,
            &json!({}),
        )
        .await?;
    work.commit().await?;
    close_if_off(&server, &me, workflow.id, &workflow.name, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn close_if_off(
    server: &Orchestrator,
    me: &casare_access::Principal,
    workflow: WorkflowId,
    name: &str,
    enabled: bool,
) -> Result<(), Problem> {
    if !enabled {
        let now = server.queue.now();
        alerts::settle(&server.store, me.tenant, (workflow, name), &[], now).await?;
    }
    Ok(())
}

/// How a workflow did lately: successes, durations and waits.
#[utoipa::path(get, path = "/workflows/{workflow}/service-report", tag = "workflows",
    params(("workflow" = String, Path), ReportQuery), responses((status = 200, body = Report)))]
async fn show_report(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(workflow): Path<String>,
    Query(query): Query<ReportQuery>,
) -> Result<Json<Report>, Problem> {
    let workflow = server.workflow_of(&me, &workflow).await?;
    let tenant = server.store.tenant(me.tenant);
    let hours = match query.hours {
        Some(hours) if (1..=720).contains(&hours) => hours,
        Some(_) => return Err(Problem::invalid("`hours` is 1 to 720")),
        None => levels::level(&tenant, workflow.id)
            .await?
            .map_or(24, |level| level.spec.0.window_h),
    };
    let report = levels::report(&tenant, workflow.id, hours, server.queue.now()).await?;
    Ok(Json(report))
}

/// Alerts, the latest first.
#[utoipa::path(get, path = "/alerts", tag = "jobs", params(AlertQuery),
    responses((status = 200, body = Page<AlertView>)))]
async fn list_alerts(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Query(query): Query<AlertQuery>,
) -> Result<Json<Page<AlertView>>, Problem> {
    let paging = Paging {
        cursor: query.cursor,
        limit: query.limit,
    };
    let before = paging.after_id()?;
    let tenant = server.store.tenant(me.tenant);
    let rows = alerts::alerts(&tenant, query.open, before, paging.fetch()).await?;
    Ok(Json(paging.page(
        rows,
        |row| row.id.to_string(),
        alert_view,
    )))
}

/// Say that you look after an alert.
#[utoipa::path(post, path = "/alerts/{id}/acknowledge", tag = "jobs", params(("id" = Uuid, Path)),
    responses((status = 200, body = AlertView)))]
async fn acknowledge_alert(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
) -> Result<Json<AlertView>, Problem> {
    let tenant = server.store.tenant(me.tenant);
    let found = alerts::acknowledge(&tenant, id, &me.actor(), server.queue.now()).await?;
    let found = found.ok_or_else(|| Problem::missing("alert"))?;
    Ok(Json(alert_view(found)))
}

//! This server: whether it is well, what it does, what it can be asked.

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use casare_access::Permission;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{Json, Page, whole};
use crate::{
    Orchestrator, Problem,
    guard::{Me, may, open},
};

pub(crate) fn routes() -> OpenApiRouter<Orchestrator> {
    OpenApiRouter::new()
        .routes(open(routes!(show_health)))
        .routes(open(routes!(show_document)))
        .routes(may(Permission::MetricsRead, routes!(show_metrics)))
        .routes(may(Permission::TenantWrite, routes!(list_tenants)))
        .routes(may(Permission::TenantWrite, routes!(create_tenant)))
}

/// For whoever runs the server: alive, and ready to serve.
pub(crate) fn probes() -> Router<Orchestrator> {
    Router::new()
        .route("/health", get(async || Json(json!({ "status": "alive" }))))
        .route("/ready", get(ready))
}

#[derive(Debug, Serialize, ToSchema)]
struct HealthView {
    /// `ready`, or `closing` while it shuts down.
    status: &'static str,
    version: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
struct TenantView {
    id: Uuid,
    name: String,
}

#[derive(Debug, Deserialize, ToSchema)]
struct NewTenant {
    name: String,
}

async fn ready(State(server): State<Orchestrator>) -> Response {
    health(&server).await.into_response()
}

async fn health(server: &Orchestrator) -> (StatusCode, Json<HealthView>) {
    let view = |status| {
        Json(HealthView {
            status,
            version: env!("CARGO_PKG_VERSION"),
        })
    };
    if server.closing.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, view("closing"));
    }
    match server.store.tenants().await {
        Ok(_) => (StatusCode::OK, view("ready")),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, view("no_database")),
    }
}

/// Whether the server is ready; `/ready` says the same, `/health` that it is alive.
#[utoipa::path(get, path = "/health", tag = "system", responses((status = 200, body = HealthView),
    (status = 503, body = HealthView)))]
async fn show_health(State(server): State<Orchestrator>) -> (StatusCode, Json<HealthView>) {
    health(&server).await
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "system", responses((status = 200, body = Object)))]
async fn show_document() -> Json<Value> {
    static DOCUMENT: std::sync::OnceLock<Value> = std::sync::OnceLock::new();
    let document =
        DOCUMENT.get_or_init(|| serde_json::to_value(super::document()).unwrap_or_default());
    Json(document.clone())
}

/// Figures for Prometheus, of the caller's tenant.
#[utoipa::path(get, path = "/metrics", tag = "system",
    responses((status = 200, body = String, content_type = "text/plain")))]
async fn show_metrics(State(server): State<Orchestrator>, Me(me): Me) -> Result<Response, Problem> {
    let mut text = String::new();
    text.push_str("# HELP casare_jobs Jobs that have not ended, by state.\n");
    text.push_str("# TYPE casare_jobs gauge\n");
    for (state, jobs) in server.queue.counts(me.tenant).await? {
        text.push_str(&format!("casare_jobs{{state=\"{state}\"}} {jobs}\n"));
    }
    text.push_str("# HELP casare_robots Robots, by status.\n# TYPE casare_robots gauge\n");
    let mut robots = std::collections::BTreeMap::<String, u64>::new();
    for robot in server.store.tenant(me.tenant).robots().await? {
        *robots.entry(robot.status).or_default() += 1;
    }
    for (status, count) in robots {
        text.push_str(&format!("casare_robots{{status=\"{status}\"}} {count}\n"));
    }
    text.push_str("# HELP casare_dead_letters Open dead letters, by kind of error.\n");
    text.push_str("# TYPE casare_dead_letters gauge\n");
    for (kind, letters) in server.queue.dead_letter_counts(me.tenant).await? {
        text.push_str(&format!(
            "casare_dead_letters{{kind=\"{kind}\"}} {letters}\n"
        ));
    }
    text.push_str("# HELP casare_listeners Live connections to this server.\n");
    text.push_str("# TYPE casare_listeners gauge\n");
    text.push_str(&format!("casare_listeners {}\n", server.events.listeners()));
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

/// Tenants that the caller is a member of.
#[utoipa::path(get, path = "/tenants", tag = "system",
    responses((status = 200, body = Page<TenantView>)))]
async fn list_tenants(
    State(server): State<Orchestrator>,
    Me(me): Me,
) -> Result<Json<Page<TenantView>>, Problem> {
    let tenants = server.access.tenants_of(&me).await?;
    let view = |(id, name): (casare_store::TenantId, String)| TenantView { id: id.0, name };
    Ok(Json(whole(tenants.into_iter().map(view).collect())))
}

/// Make a tenant of one's own; whoever makes it is its owner.
#[utoipa::path(post, path = "/tenants", tag = "system", responses((status = 201, body = TenantView)))]
async fn create_tenant(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Json(new): Json<NewTenant>,
) -> Result<(StatusCode, Json<TenantView>), Problem> {
    super::name(&new.name)?;
    let id = server.access.create_tenant(&me, &new.name).await?;
    let view = TenantView {
        id: id.0,
        name: new.name,
    };
    Ok((StatusCode::CREATED, Json(view)))
}

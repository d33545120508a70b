//! What happened in an attempt at a job: events, steps, log, artifacts.

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use casare_access::{Permission, Principal};
use casare_store::{Artifact, RunEventRow, RunId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{Json, Page, Paging, Path, Query, Time, whole};
use crate::{
    Orchestrator, Problem,
    guard::{Me, may},
};

pub(crate) fn routes() -> OpenApiRouter<Orchestrator> {
    OpenApiRouter::new()
        .routes(may(Permission::JobRead, routes!(list_events)))
        .routes(may(Permission::JobRead, routes!(list_steps)))
        .routes(may(Permission::JobRead, routes!(list_log)))
        .routes(may(Permission::JobRead, routes!(list_artifacts)))
        .routes(may(Permission::JobRead, routes!(download_artifact)))
}

/// Events that a run is read to, for its steps and its log.
const MOST_EVENTS: usize = 100_000;

#[derive(Debug, Serialize, ToSchema)]
struct EventView {
    /// Counted by the robot, without gaps.
    seq: i64,
    at: Time,
    #[schema(value_type = Object)]
    event: Value,
}

#[derive(Debug, Serialize, ToSchema)]
struct StepView {
    /// Which execution of which step.
    #[schema(value_type = Object)]
    path: Value,
    #[schema(value_type = Object)]
    step: Value,
    /// `running`, `finished`, `skipped` or `failed`.
    state: &'static str,
    started: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    took_us: Option<u64>,
    /// Attempts that failed before.
    retries: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    error: Option<Value>,
}

#[derive(Debug, Serialize, ToSchema)]
struct LogView {
    seq: i64,
    at: Time,
    level: String,
    message: String,
    #[schema(value_type = Object)]
    path: Value,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LogQuery {
    /// Only lines of this level: `debug`, `info`, `warning` or `error`.
    level: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ArtifactView {
    name: String,
    media_type: String,
    /// SHA-256 of the content.
    hash: String,
    size: i64,
    created: Time,
}

fn artifact_view(artifact: Artifact) -> ArtifactView {
    ArtifactView {
        name: artifact.name,
        media_type: artifact.media_type,
        hash: artifact.hash,
        size: artifact.size,
        created: artifact.created_at.into(),
    }
}

/// Events of an attempt, in order.
#[utoipa::path(get, path = "/runs/{run}/events", tag = "runs", params(("run" = Uuid, Path), Paging),
    responses((status = 200, body = Page<EventView>)))]
async fn list_events(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(run): Path<Uuid>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<EventView>>, Problem> {
    let after = paging.after_parsed()?.unwrap_or(-1);
    let tenant = server.store.tenant(me.tenant);
    let rows = tenant.events(RunId(run), after, paging.fetch()).await?;
    let view = |row: RunEventRow| EventView {
        seq: row.seq,
        at: row.at.into(),
        event: row.event.0,
    };
    Ok(Json(paging.page(rows, |row| row.seq.to_string(), view)))
}

impl Orchestrator {
    /// Calls `each` with the events of a run until it has had enough.
    async fn walk_events(
        &self,
        me: &Principal,
        run: RunId,
        mut after: i64,
        mut each: impl FnMut(&RunEventRow) -> bool,
    ) -> Result<(), Problem> {
        let tenant = self.store.tenant(me.tenant);
        let mut read = 0;
        loop {
            let rows = tenant.events(run, after, 1_000).await?;
            for row in &rows {
                if !each(row) {
                    return Ok(());
                }
            }
            read += rows.len();
            match rows.last() {
                Some(last) if rows.len() == 1_000 && read < MOST_EVENTS => after = last.seq,
                _ => return Ok(()),
            }
        }
    }
}

/// The steps of an attempt in the order in which they began.
#[utoipa::path(get, path = "/runs/{run}/steps", tag = "runs", params(("run" = Uuid, Path)),
    responses((status = 200, body = Page<StepView>)))]
async fn list_steps(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(run): Path<Uuid>,
) -> Result<Json<Page<StepView>>, Problem> {
    let mut steps: Vec<StepView> = Vec::new();
    let mut places = std::collections::HashMap::new();
    server
        .walk_events(&me, RunId(run), -1, |row| {
            note_step(row, &mut steps, &mut places);
            true
        })
        .await?;
    Ok(Json(whole(steps)))
}

fn note_step(
    row: &RunEventRow,
    steps: &mut Vec<StepView>,
    places: &mut std::collections::HashMap<String, usize>,
) {
    let event = &row.event.0;
    let kind = event["event"].as_str().unwrap_or_default();
    let state = match kind {
        "step_started" => "running",
        "step_finished" => "finished",
        "step_skipped" => "skipped",
        "step_failed" => "failed",
        "step_retried" => "",
        _ => return,
    };
    let path = event["path"].to_string();
    let known = places.get(&path).copied();
    let place = known.unwrap_or_else(|| {
        steps.push(StepView {
            path: event["path"].clone(),
            step: event["step"].clone(),
            state: "running",
            started: row.at.into(),
            took_us: None,
            retries: 0,
            error: None,
        });
        places.insert(path, steps.len() - 1);
        steps.len() - 1
    });
    let Some(step) = steps.get_mut(place) else {
        return;
    };
    if state.is_empty() {
        step.retries += 1;
        return;
    }
    step.state = state;
    step.took_us = event["took"].as_u64();
    step.error = event.get("error").cloned();
}

/// What an attempt wrote to its log.
#[utoipa::path(get, path = "/runs/{run}/log", tag = "runs", params(("run" = Uuid, Path), LogQuery),
    responses((status = 200, body = Page<LogView>)))]
async fn list_log(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(run): Path<Uuid>,
    Query(query): Query<LogQuery>,
) -> Result<Json<Page<LogView>>, Problem> {
    let paging = Paging {
        cursor: query.cursor,
        limit: query.limit,
    };
    let after = paging.after_parsed()?.unwrap_or(-1);
    let wanted = paging.fetch() as usize;
    let mut lines: Vec<LogView> = Vec::new();
    server
        .walk_events(&me, RunId(run), after, |row| {
            let event = &row.event.0;
            let level = event["level"].as_str().unwrap_or_default();
            let right = query.level.as_deref().is_none_or(|wanted| wanted == level);
            if event["event"] == "log" && right {
                lines.push(LogView {
                    seq: row.seq,
                    at: row.at.into(),
                    level: level.to_owned(),
                    message: event["message"].as_str().unwrap_or_default().to_owned(),
                    path: event["path"].clone(),
                });
            }
            lines.len() < wanted
        })
        .await?;
    Ok(Json(paging.page(
        lines,
        |line| line.seq.to_string(),
        |line| line,
    )))
}

/// Files that an attempt kept.
#[utoipa::path(get, path = "/runs/{run}/artifacts", tag = "runs", params(("run" = Uuid, Path)),
    responses((status = 200, body = Page<ArtifactView>)))]
async fn list_artifacts(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(run): Path<Uuid>,
) -> Result<Json<Page<ArtifactView>>, Problem> {
    let rows = server.store.tenant(me.tenant).artifacts(RunId(run)).await?;
    Ok(Json(whole(rows.into_iter().map(artifact_view).collect())))
}

/// The content of a file that an attempt kept.
#[utoipa::path(get, path = "/runs/{run}/artifacts/{name}", tag = "runs",
    params(("run" = Uuid, Path), ("name" = String, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
async fn download_artifact(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path((run, name)): Path<(Uuid, String)>,
) -> Result<Response, Problem> {
    let rows = server.store.tenant(me.tenant).artifacts(RunId(run)).await?;
    let found = rows.into_iter().find(|row| row.name == name);
    let found = found.ok_or_else(|| Problem::missing("artifact"))?;
    let content = server.artifacts.get(me.tenant, &found.hash).await?;
    // Never shown as a page of this server: what a run kept may be anybody's.
    let kind = HeaderValue::from_static("application/octet-stream");
    let disposition = HeaderValue::from_static("attachment");
    let media = HeaderValue::from_str(&found.media_type);
    let mut response = (
        [
            (header::CONTENT_TYPE, kind),
            (header::CONTENT_DISPOSITION, disposition),
        ],
        content,
    )
        .into_response();
    if let Ok(media) = media {
        response.headers_mut().insert("casare-media-type", media);
    }
    Ok(response)
}

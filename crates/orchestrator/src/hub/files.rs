//! What robots send and fetch over HTTP, for jobs that they hold.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use casare_access::RobotIdentity;
use casare_store::{Artifact, JobId, RunId, TenantId, TenantStore};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Known, connection::LATE};
use crate::{Orchestrator, Problem};

/// Events of one page.
const PAGE: u32 = 500;

/// A lease, and one of the runs of its job.
#[derive(Debug, Deserialize)]
pub(super) struct Place {
    tenant: Uuid,
    job: Uuid,
    epoch: i64,
    run: Uuid,
    #[serde(default)]
    name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct After {
    after: i64,
}

impl Orchestrator {
    /// The tenant of a job that the robot has, or had, and whose run it is.
    async fn place_of(&self, robot: RobotIdentity, place: &Place) -> Result<TenantStore, Problem> {
        let missing = || Problem::missing("run");
        let tenant = TenantId(place.tenant);
        if robot.tenant.is_some_and(|own| own != tenant) {
            return Err(missing());
        }
        let story = self.queue.job(tenant, JobId(place.job)).await?;
        let is_own = story
            .attempts
            .iter()
            .any(|attempt| attempt.epoch == place.epoch && attempt.robot == Some(robot.id));
        let is_of_job =
            (1..=place.epoch).any(|epoch| RunId::of(JobId(place.job), epoch) == RunId(place.run));
        if !is_own || !is_of_job {
            return Err(missing());
        }
        Ok(self.store.tenant(tenant))
    }
}

pub(super) async fn list_events(
    State(server): State<Orchestrator>,
    Known(robot): Known,
    Path(place): Path<Place>,
    Query(After { after }): Query<After>,
) -> Result<Json<Vec<Value>>, Problem> {
    let tenant = server.place_of(robot, &place).await?;
    let rows = tenant.events(RunId(place.run), after, PAGE).await?;
    let view = |row: casare_store::RunEventRow| json!({ "seq": row.seq, "event": row.event.0 });
    // Once an event is late all that follow are: a page without any is the end.
    let told = rows.into_iter().filter(|row| row.event.0[LATE] != true);
    Ok(Json(told.map(view).collect()))
}

pub(super) async fn fetch_artifact(
    State(server): State<Orchestrator>,
    Known(robot): Known,
    Path(place): Path<Place>,
) -> Result<Response, Problem> {
    let tenant = server.place_of(robot, &place).await?;
    let found = tenant.artifacts(RunId(place.run)).await?;
    let found = found
        .into_iter()
        .find(|artifact| artifact.name == place.name);
    let found = found.ok_or_else(|| Problem::missing("artifact"))?;
    let content = server.artifacts.get(tenant.id(), &found.hash).await?;
    Ok((
        [(header::CONTENT_TYPE, "application/octet-stream")],
        content,
    )
        .into_response())
}

pub(super) async fn keep_artifact(
    State(server): State<Orchestrator>,
    Known(robot): Known,
    Path(place): Path<Place>,
    headers: HeaderMap,
    content: Bytes,
) -> Result<StatusCode, Problem> {
    let tenant = server.place_of(robot, &place).await?;
    crate::api::name(&place.name)?;
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("application/octet-stream");
    let size = i64::try_from(content.len()).unwrap_or(i64::MAX);
    let hash = server.artifacts.put(tenant.id(), content.into()).await?;
    let artifact = Artifact {
        run_id: RunId(place.run),
        name: place.name,
        media_type: media_type.to_owned(),
        hash,
        size,
        created_at: server.queue.now(),
    };
    let mut work = tenant.begin().await?;
    tenant.add_artifact(&mut work, &artifact).await?;
    work.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

//! What the machines of robots are doing, and were.

use std::time::Duration;

use axum::extract::State;
use casare_access::Permission;
use casare_store::Moment;
use casare_tunnel::Load;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{Json, Page, Path, Query, Time, whole};
use crate::{
    Orchestrator, Problem,
    guard::{Me, may},
    loads,
};

pub(crate) fn routes() -> OpenApiRouter<Orchestrator> {
    OpenApiRouter::new().routes(may(Permission::RobotRead, routes!(list_loads)))
}

/// What a robot's machine is doing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoadView {
    /// Of all cores, 0 to 1.
    cpu: f32,
    /// Bytes.
    memory_used: u64,
    memory_total: u64,
    /// Bytes that are free where the robot keeps its files.
    disk_free: u64,
    /// Runs.
    running: u32,
    /// `healthy`; `warning` from 80 % of processor or memory on, or with less than 2 GiB of disk; `critical` from 95 %
    /// on, or with less than 512 MiB.
    health: &'static str,
}

impl From<Load> for LoadView {
    fn from(load: Load) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a share of memory")]
        let memory = load.memory_used as f64 / load.memory_total.max(1) as f64;
        let used = memory.max(f64::from(load.cpu));
        let health = match (used, load.disk_free >> 20) {
            (_, ..512) => "critical",
            (used, _) if used >= 0.95 => "critical",
            (_, ..2_048) => "warning",
            (used, _) if used >= 0.8 => "warning",
            _ => "healthy",
        };
        Self {
            cpu: load.cpu,
            memory_used: load.memory_used,
            memory_total: load.memory_total,
            disk_free: load.disk_free,
            running: load.running,
            health,
        }
    }
}

/// What it was doing then.
#[derive(Debug, Serialize, ToSchema)]
struct LoadPoint {
    at: Time,
    #[serde(flatten)]
    load: LoadView,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LoadQuery {
    /// Hours back from now; 24 when nothing is said.
    #[param(minimum = 1, maximum = 168)]
    hours: Option<u32>,
}

/// What a robot's machine was doing, minute by minute, the latest first; a day at most.
#[utoipa::path(get, path = "/robots/{id}/loads", tag = "robots", params(("id" = Uuid, Path), LoadQuery),
    responses((status = 200, body = Page<LoadPoint>)))]
async fn list_loads(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
    Query(query): Query<LoadQuery>,
) -> Result<Json<Page<LoadPoint>>, Problem> {
    let robot = server.robot_of(&me, id).await?;
    let hours = query.hours.unwrap_or(24);
    if !(1..=168).contains(&hours) {
        return Err(Problem::invalid("`hours` is 1 to 168"));
    }
    let since: Moment = server.queue.now() - Duration::from_hours(u64::from(hours));
    let noted = loads::loads_of(&server.store, robot.id, since).await?;
    let points = noted.into_iter().map(|noted| LoadPoint {
        at: noted.at.into(),
        load: noted.load.0.into(),
    });
    Ok(Json(whole(points.collect())))
}

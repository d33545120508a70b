//! The robots that are connected to this server.
//!
//! | module | what it holds |
//! |---|---|
//! | `connection` | what is said to one robot, and what it says |
//! | `leasing` | jobs on their way to a robot |
//! | `assignment` | what a run needs |
//! | `ledger` | writing down together what robots tell at the same time |
//! | `files` | what robots send and fetch over HTTP |

mod assignment;
mod connection;
mod files;
mod leasing;
mod ledger;

use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, FromRequestParts, State, WebSocketUpgrade},
    http::{StatusCode, header, request::Parts},
    response::Response,
    routing::{get, post},
};
use casare_access::RobotIdentity;
use casare_store::{RobotId, RobotStatus};
use casare_tunnel::{Enrolled, Enrolment, FromServer, MOST_BYTES};
use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};

use self::ledger::Ledger;
use crate::{Orchestrator, Problem, problem::chain};

/// A robot that was not heard of for so long is offline.
const SILENT: Duration = Duration::from_secs(35);
/// How often it is looked who that is.
const LOOK: Duration = Duration::from_secs(10);
/// One look at what is to be stopped serves all that came in this time.
const GATHER: Duration = Duration::from_millis(100);
/// The longest file that a robot sends.
const LARGEST_FILE: usize = 256 << 20;

/// Who is connected here.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    ledger: Ledger,
    robots: Mutex<HashMap<RobotId, Line>>,
}

/// The way to a robot.
#[derive(Debug, Clone)]
struct Line {
    out: mpsc::Sender<FromServer>,
    /// Something about the robot was changed.
    changed: Arc<Notify>,
}

impl Hub {
    fn enter(&self, robot: RobotId, line: Line) {
        self.robots.lock().insert(robot, line);
    }

    /// Unless it has come back by another connection meanwhile.
    fn leave(&self, robot: RobotId, line: &Line) {
        let mut robots = self.robots.lock();
        if robots
            .get(&robot)
            .is_some_and(|known| known.out.same_channel(&line.out))
        {
            robots.remove(&robot);
        }
    }

    fn line(&self, robot: RobotId) -> Option<Line> {
        self.robots.lock().get(&robot).cloned()
    }

    /// An administrator has changed something about the robot.
    pub(crate) fn changed(&self, robot: RobotId) {
        if let Some(line) = self.line(robot) {
            line.changed.notify_one();
        }
    }
}

/// The routes of robots, below `/api/v1/`.
pub(crate) fn routes() -> Router<Orchestrator> {
    let files = Router::new()
        .route("/events", get(files::list_events))
        .route(
            "/artifacts/{name}",
            get(files::fetch_artifact).put(files::keep_artifact),
        )
        .layer(DefaultBodyLimit::max(LARGEST_FILE));
    Router::new()
        .route("/robot/enroll", post(enroll))
        .route("/robot/tunnel", get(open_tunnel))
        .route("/robot/me", get(show_me).put(set_my_status))
        .nest("/robot/{tenant}/{job}/{epoch}/runs/{run}", files)
}

/// A robot that has shown its key.
struct Known(RobotIdentity);

impl FromRequestParts<Orchestrator> for Known {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, server: &Orchestrator) -> Result<Self, Problem> {
        let key = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            .ok_or_else(Problem::unauthenticated)?;
        let found = server.access.robot_key(&SecretString::from(key)).await;
        Ok(Self(found?))
    }
}

async fn enroll(
    State(server): State<Orchestrator>,
    Json(enrolment): Json<Enrolment>,
) -> Result<(StatusCode, Json<Enrolled>), Problem> {
    let token = SecretString::from(enrolment.token);
    let enrolled = server
        .access
        .enroll_robot(&token, &enrolment.name, enrolment.slots)
        .await?;
    let answer = Enrolled {
        robot: enrolled.id.0,
        key: enrolled.key.expose_secret().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

async fn open_tunnel(
    State(server): State<Orchestrator>,
    Known(robot): Known,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade
        // Most messages are short, and a thousand robots have a buffer each.
        .read_buffer_size(8 << 10)
        .max_message_size(MOST_BYTES)
        .max_frame_size(MOST_BYTES)
        .on_upgrade(move |socket| async move {
            let tasks = server.tasks.clone();
            let talk = connection::talk(server, robot, socket);
            // The end of the server waits for it.
            if let Err(error) = tasks.spawn(talk).await {
                tracing::error!(%error, "the connection of a robot has ended");
            }
        })
}

async fn show_me(
    State(server): State<Orchestrator>,
    Known(robot): Known,
) -> Result<Json<Value>, Problem> {
    let record = server.store.robot(robot.id).await?;
    let record = record.ok_or_else(|| Problem::missing("robot"))?;
    Ok(Json(json!({
        "id": record.id, "name": record.name, "status": record.status, "slots": record.slots,
        "pools": record.pools.0, "environments": record.environments.0,
        "capabilities": record.capabilities.0, "labels": record.labels.0,
    })))
}

#[derive(Deserialize)]
struct OwnStatus {
    status: RobotStatus,
}

/// What somebody at the robot's own machine wants.
async fn set_my_status(
    State(server): State<Orchestrator>,
    Known(robot): Known,
    Json(wanted): Json<OwnStatus>,
) -> Result<StatusCode, Problem> {
    let tenant = robot
        .tenant
        .ok_or_else(|| Problem::invalid("a robot that all share is told on the page"))?;
    let tenant = server.store.tenant(tenant);
    let mut work = tenant.begin().await?;
    tenant
        .set_robot_status(&mut work, robot.id, wanted.status)
        .await?;
    let actor = format!("robot:{}", robot.id);
    let details = json!({ "status": wanted.status });
    tenant
        .audit(
            &mut work,
            &actor,
            "robot.status",
            &robot.id.to_string(),
            &details,
        )
        .await?;
    let told = json!({ "robot": robot.id, "status": wanted.status });
    work.tell(robot.tenant, "robots", told, server.queue.now())
        .await?;
    work.commit().await?;
    server.hub.changed(robot.id);
    Ok(StatusCode::NO_CONTENT)
}

/// Writes down what robots tell, until the server shuts down.
pub(crate) async fn write_forever(server: Orchestrator) {
    ledger::write_forever(server).await;
}

/// Tells robots what to stop, and takes note of those that are gone.
pub(crate) async fn watch_forever(server: Orchestrator) {
    let mut wakes = server.store.queue().subscribe();
    let mut looked = tokio::time::Instant::now();
    loop {
        tokio::select! {
            () = server.closing.cancelled() => return,
            _ = wakes.changed() => {}
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
        tokio::time::sleep(GATHER).await;
        wakes.mark_unchanged();
        if let Err(error) = server.pass_on_stops().await {
            tracing::warn!(error = %chain(&error), "stopping runs waits for the database");
        }
        if looked.elapsed() >= LOOK {
            looked = tokio::time::Instant::now();
            let limit = server.queue.now() - SILENT;
            if let Err(error) = server.store.robots_gone(limit).await {
                tracing::warn!(error = %chain(&error), "which robots are gone is not known now");
            }
        }
    }
}

impl Orchestrator {
    async fn pass_on_stops(&self) -> Result<(), casare_queue::QueueError> {
        if self.hub.robots.lock().is_empty() {
            return Ok(());
        }
        for stopping in self.queue.stopping().await? {
            if let Some(line) = self.hub.line(stopping.robot) {
                line.changed.notify_one();
                let message = connection::stop_of(stopping.lease, stopping.stop);
                // A robot that does not listen hears of it when it beats.
                let _ = line.out.try_send(message);
            }
        }
        Ok(())
    }
}

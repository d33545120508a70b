//! What the machines of robots are doing: the latest of each minute is kept for a week.

use std::{collections::HashMap, time::Duration};

use casare_store::{
    DatabaseError, Moment, RobotId, Store, TenantStore, execute, fetch_all, row, statements,
};
use casare_tunnel::Load;
use parking_lot::Mutex;
use sqlx::types::Json;

use crate::{Orchestrator, problem::chain};

const OFTEN: Duration = Duration::from_mins(1);
/// Who starts a server wants to see its robots.
const FIRST: Duration = Duration::from_secs(10);
/// How long loads are kept.
pub(crate) const KEPT: Duration = Duration::from_hours(24 * 7);
/// What is older says nothing about now.
const FRESH: Duration = Duration::from_mins(3);
/// Points of a history.
const MOST: i64 = 1_500;

row! {
    pub(crate) struct Noted {
        pub(crate) robot_id: RobotId,
        pub(crate) at: Moment,
        pub(crate) load: Json<Load>,
    }
}

statements! {
    NOTE_LOAD: "INSERT INTO robot_loads (robot_id, at, load) VALUES ($1, $2, $3)
        ON CONFLICT (robot_id, at) DO NOTHING";
    LOADS_OF: "SELECT robot_id, at, load FROM robot_loads WHERE robot_id = $1 AND at >= $2
        ORDER BY at DESC LIMIT $3";
    FRESH_LOADS: "SELECT robot_id, at, load FROM robot_loads
        WHERE at >= $2 AND robot_id IN (SELECT id FROM robots
            WHERE tenant_id = $1 OR tenant_id IS NULL)
        ORDER BY at";
    FORGET_LOADS: "DELETE FROM robot_loads WHERE at < $1";
}

/// What robots that are connected here have said last.
#[derive(Debug, Default)]
pub(crate) struct Loads(Mutex<HashMap<RobotId, Load>>);

impl Loads {
    pub(crate) fn heard(&self, robot: RobotId, load: Load) {
        self.0.lock().insert(robot, load);
    }
}

/// Writes loads down once a minute until the server shuts down.
pub(crate) async fn note_forever(server: Orchestrator) {
    let mut pause = FIRST;
    loop {
        tokio::select! {
            () = server.closing.cancelled() => return,
            () = tokio::time::sleep(std::mem::replace(&mut pause, OFTEN)) => {}
        }
        if let Err(error) = note(&server).await {
            tracing::warn!(error = %chain(&error), "loads of robots are lost");
        }
    }
}

async fn note(server: &Orchestrator) -> Result<(), DatabaseError> {
    let heard = std::mem::take(&mut *server.loads.0.lock());
    if heard.is_empty() {
        return Ok(());
    }
    let now = server.queue.now();
    let mut work = server.store.begin().await?;
    for (robot, load) in heard {
        execute!(work.link(), NOTE_LOAD, robot, now, Json(load))?;
    }
    work.commit().await
}

/// The loads of a robot since then, the latest first.
pub(crate) async fn loads_of(
    store: &Store,
    robot: RobotId,
    since: Moment,
) -> Result<Vec<Noted>, DatabaseError> {
    let mut reader = store.reader().await?;
    fetch_all!(reader.link(), Noted, LOADS_OF, robot, since, MOST)
}

/// What robots that the tenant can use are doing now.
pub(crate) async fn now(
    tenant: &TenantStore,
    now: Moment,
) -> Result<HashMap<RobotId, Load>, DatabaseError> {
    let mut reader = tenant.reader().await?;
    let noted = fetch_all!(reader.link(), Noted, FRESH_LOADS, tenant.id(), now - FRESH)?;
    // The latest comes last.
    Ok(noted
        .into_iter()
        .map(|noted| (noted.robot_id, noted.load.0))
        .collect())
}

/// Forgets what is older than `limit`.
pub(crate) async fn forget(store: &Store, limit: Moment) -> Result<u64, DatabaseError> {
    let mut work = store.begin().await?;
    let gone = execute!(work.link(), FORGET_LOADS, limit)?;
    work.commit().await?;
    Ok(gone)
}

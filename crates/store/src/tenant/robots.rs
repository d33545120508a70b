//! Robots as they are enrolled, and pools of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use super::{TenantStore, changed_one};
use crate::{
    DatabaseError, Moment, RobotId, Store, TenantId, Work, execute, fetch_all, fetch_optional, row,
    statements,
};

/// Whether a robot takes jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RobotStatus {
    Online,
    /// Takes none until it is resumed.
    Paused,
    /// Finishes what it has.
    Draining,
    Offline,
}

impl RobotStatus {
    pub fn name(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Paused => "paused",
            Self::Draining => "draining",
            Self::Offline => "offline",
        }
    }
}

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct RobotRecord {
        pub id: RobotId,
        /// Works for all tenants without one.
        pub tenant_id: Option<TenantId>,
        pub name: String,
        pub status: String,
        pub slots: i32,
        pub environments: Json<BTreeSet<String>>,
        pub pools: Json<BTreeSet<String>>,
        pub capabilities: Json<BTreeSet<String>>,
        pub labels: Json<BTreeMap<String, String>>,
        pub version: Option<String>,
        pub enrolled_at: Moment,
        pub seen_at: Option<Moment>,
    }
}

statements! {
    ADD_ROBOT: "INSERT INTO robots (id, tenant_id, name, status, slots, environments, pools,
            capabilities, labels, version, enrolled_at, seen_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    /// Those of the tenant, and those that all share.
    ROBOTS: "SELECT id, tenant_id, name, status, slots, environments, pools, capabilities, labels,
            version, enrolled_at, seen_at
        FROM robots WHERE tenant_id = $1 OR tenant_id IS NULL ORDER BY name, id";
    ALL_ROBOTS: "SELECT id, tenant_id, name, status, slots, environments, pools, capabilities, labels,
            version, enrolled_at, seen_at
        FROM robots ORDER BY name, id";
    ROBOT: "SELECT id, tenant_id, name, status, slots, environments, pools, capabilities, labels,
            version, enrolled_at, seen_at
        FROM robots WHERE id = $1";
    /// What an administrator says about it.
    PLACE_ROBOT: "UPDATE robots SET slots = $3, environments = $4, pools = $5, labels = $6
        WHERE id = $1 AND tenant_id = $2";
    SET_ROBOT_STATUS: "UPDATE robots SET status = $3 WHERE id = $1 AND tenant_id = $2";
    DELETE_ROBOT: "DELETE FROM robots WHERE id = $1 AND tenant_id = $2";
    /// What it says about itself when it connects.
    ROBOT_CONNECTED: "UPDATE robots SET capabilities = $2, version = $3, seen_at = $4,
            status = CASE WHEN status = 'offline' THEN 'online' ELSE status END
        WHERE id = $1";
    ROBOTS_SEEN:
        "UPDATE robots SET seen_at = $2
         WHERE id IN (SELECT unhex(value, '-') FROM json_each($1))",
        "UPDATE robots SET seen_at = $2
         WHERE id IN (SELECT e::uuid FROM jsonb_array_elements_text($1) AS e)";
    ROBOTS_GONE: "UPDATE robots SET status = 'offline'
        WHERE status <> 'offline' AND (seen_at IS NULL OR seen_at < $1)";
    ADD_POOL: "INSERT INTO robot_pools (tenant_id, name, description, created_at)
        VALUES ($1, $2, $3, $4)";
    POOLS: "SELECT name, description FROM robot_pools WHERE tenant_id = $1 ORDER BY name";
    DELETE_POOL: "DELETE FROM robot_pools WHERE tenant_id = $1 AND name = $2";
}

/// Adds a robot; without a tenant, one that all share.
async fn add(work: &mut Work, robot: &RobotRecord) -> Result<(), DatabaseError> {
    execute!(
        work.link(),
        ADD_ROBOT,
        robot.id,
        robot.tenant_id,
        robot.name.as_str(),
        robot.status.as_str(),
        robot.slots,
        &robot.environments,
        &robot.pools,
        &robot.capabilities,
        &robot.labels,
        robot.version.as_deref(),
        robot.enrolled_at,
        robot.seen_at
    )
    .map_err(DatabaseError::of("robot"))?;
    Ok(())
}

impl TenantStore {
    /// Adds a robot of this tenant.
    ///
    /// # Errors
    ///
    /// `Exists` when there is one of this name.
    pub async fn add_robot(
        &self,
        work: &mut Work,
        mut robot: RobotRecord,
    ) -> Result<(), DatabaseError> {
        robot.tenant_id = Some(self.id);
        add(work, &robot).await
    }

    /// The robots of this tenant, and those that all share.
    pub async fn robots(&self) -> Result<Vec<RobotRecord>, DatabaseError> {
        let mut reader = self.reader().await?;
        fetch_all!(reader.link(), RobotRecord, ROBOTS, self.id)
    }

    /// Sets what an administrator says about a robot: slots, environments, pools and labels.
    pub async fn place_robot(
        &self,
        work: &mut Work,
        robot: &RobotRecord,
    ) -> Result<(), DatabaseError> {
        let changed = execute!(
            work.link(),
            PLACE_ROBOT,
            robot.id,
            self.id,
            robot.slots,
            &robot.environments,
            &robot.pools,
            &robot.labels
        )
        .map_err(DatabaseError::of("robot"))?;
        changed_one(changed, "robot")
    }

    pub async fn set_robot_status(
        &self,
        work: &mut Work,
        robot: RobotId,
        status: RobotStatus,
    ) -> Result<(), DatabaseError> {
        let changed = execute!(work.link(), SET_ROBOT_STATUS, robot, self.id, status.name())?;
        changed_one(changed, "robot")
    }

    pub async fn delete_robot(&self, work: &mut Work, robot: RobotId) -> Result<(), DatabaseError> {
        let changed = execute!(work.link(), DELETE_ROBOT, robot, self.id)?;
        changed_one(changed, "robot")
    }

    /// # Errors
    ///
    /// `Exists` when there is one of this name.
    pub async fn add_pool(
        &self,
        work: &mut Work,
        name: &str,
        description: Option<&str>,
    ) -> Result<(), DatabaseError> {
        execute!(
            work.link(),
            ADD_POOL,
            self.id,
            name,
            description,
            self.now()
        )
        .map_err(DatabaseError::of("pool"))?;
        Ok(())
    }

    /// Names and descriptions.
    pub async fn pools(&self) -> Result<Vec<(String, Option<String>)>, DatabaseError> {
        let mut reader = self.reader().await?;
        fetch_all!(reader.link(), (String, Option<String>), POOLS, self.id)
    }

    pub async fn delete_pool(&self, work: &mut Work, name: &str) -> Result<(), DatabaseError> {
        let changed = execute!(work.link(), DELETE_POOL, self.id, name)?;
        changed_one(changed, "pool")
    }
}

impl Store {
    /// Adds a robot that works for all tenants.
    pub async fn add_shared_robot(&self, mut robot: RobotRecord) -> Result<(), DatabaseError> {
        robot.tenant_id = None;
        let mut work = self.begin().await?;
        add(&mut work, &robot).await?;
        work.commit().await
    }

    /// A robot, whoever's it is: what the hub needs when one connects.
    pub async fn robot(&self, id: RobotId) -> Result<Option<RobotRecord>, DatabaseError> {
        let mut reader = self.reader().await?;
        fetch_optional!(reader.link(), RobotRecord, ROBOT, id)
    }

    pub async fn all_robots(&self) -> Result<Vec<RobotRecord>, DatabaseError> {
        let mut reader = self.reader().await?;
        fetch_all!(reader.link(), RobotRecord, ALL_ROBOTS)
    }

    /// A robot has connected, and says what it can do.
    pub async fn robot_connected(
        &self,
        id: RobotId,
        capabilities: &BTreeSet<String>,
        version: &str,
    ) -> Result<(), DatabaseError> {
        let mut work = self.begin().await?;
        let now = self.clock().now();
        let changed = execute!(
            work.link(),
            ROBOT_CONNECTED,
            id,
            Json(capabilities),
            version,
            now
        )?;
        work.commit().await?;
        changed_one(changed, "robot")
    }

    pub async fn robots_seen(
        &self,
        work: &mut Work,
        robots: &[RobotId],
    ) -> Result<(), DatabaseError> {
        execute!(work.link(), ROBOTS_SEEN, Json(robots), self.clock().now())?;
        Ok(())
    }

    /// Robots that were not seen since `limit` count as offline. Answers how many became so.
    pub async fn robots_gone(&self, limit: Moment) -> Result<u64, DatabaseError> {
        let mut work = self.begin().await?;
        let gone = execute!(work.link(), ROBOTS_GONE, limit)?;
        work.commit().await?;
        Ok(gone)
    }
}

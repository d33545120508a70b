//! What leasing must know of lanes, limits, pauses and shares: a copy of what the tables say.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use casare_store::{
    DatabaseError, Link, Moment, TenantId, WorkflowId, execute, fetch_all, fetch_one,
    fetch_optional, row,
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::types::Json;

use crate::{
    Demands,
    matching::Lane,
    statements::{ADD_LANE, ADD_LANE_KEY, ALL_LANES, ALL_RULES, FIND_LANE, LANES, WEIGHTS},
};

/// Why something stands still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pause {
    pub reason: Option<String>,
    pub by: Option<String>,
    pub since: Moment,
}

/// A consistent copy; a new one is made when the tables have changed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules {
    /// As the table counted them.
    pub(crate) version: i64,
    pub(crate) lanes: HashMap<i64, Arc<Lane>>,
    by_digest: HashMap<[u8; 32], i64>,
    /// How many at a time, by key.
    pub(crate) limits: HashMap<String, i64>,
    pub(crate) pauses: HashMap<String, Pause>,
    weights: HashMap<TenantId, i64>,
}

row! {
    struct LaneRow {
        id: i64,
        tenant_id: TenantId,
        workflow_id: WorkflowId,
        demands: Json<Demands>,
    }
    struct RuleRow {
        kind: String,
        key: String,
        value: i64,
        reason: Option<String>,
        set_by: Option<String>,
        set_at: Moment,
    }
    struct WeightRow {
        id: TenantId,
        weight: i64,
    }
    struct IdRow {
        id: i64,
    }
}

impl Rules {
    /// All of it, as the tables say now.
    pub(crate) async fn load(mut link: Link<'_>, version: i64) -> Result<Self, DatabaseError> {
        let mut rules = Self {
            version,
            ..Self::default()
        };
        for row in fetch_all!(link.again(), LaneRow, ALL_LANES)? {
            rules.add(row);
        }
        rules.load_settings(link, version).await?;
        Ok(rules)
    }

    /// Limits, pauses and shares once more.
    pub(crate) async fn load_settings(
        &mut self,
        mut link: Link<'_>,
        version: i64,
    ) -> Result<(), DatabaseError> {
        self.version = version;
        self.limits.clear();
        self.pauses.clear();
        self.weights.clear();
        for row in fetch_all!(link.again(), RuleRow, ALL_RULES)? {
            if row.kind == "limit" {
                self.limits.insert(row.key, row.value);
            } else {
                let pause = Pause {
                    reason: row.reason,
                    by: row.set_by,
                    since: row.set_at,
                };
                self.pauses.insert(row.key, pause);
            }
        }
        for row in fetch_all!(link, WeightRow, WEIGHTS)? {
            self.weights.insert(row.id, row.weight);
        }
        Ok(())
    }

    /// Lanes that others made.
    pub(crate) async fn load_lanes(
        &mut self,
        link: Link<'_>,
        ids: &[i64],
    ) -> Result<(), DatabaseError> {
        for row in fetch_all!(link, LaneRow, LANES, Json(ids))? {
            self.add(row);
        }
        Ok(())
    }

    fn add(&mut self, row: LaneRow) {
        let demands = row.demands.0;
        let digest = digest(row.tenant_id, row.workflow_id, &demands);
        self.by_digest.insert(digest, row.id);
        let lane = Lane::new(row.id, row.tenant_id, row.workflow_id, demands);
        self.lanes.insert(row.id, Arc::new(lane));
    }

    /// Takes over limits, pauses and shares of another copy.
    pub(crate) fn take_settings(&mut self, other: &Self) {
        self.version = other.version;
        self.limits.clone_from(&other.limits);
        self.pauses.clone_from(&other.pauses);
        self.weights.clone_from(&other.weights);
    }

    /// Takes over what another copy knows.
    pub(crate) fn know(&mut self, lane: Arc<Lane>) {
        let digest = digest(lane.tenant, lane.workflow, &lane.demands);
        self.by_digest.insert(digest, lane.id);
        self.lanes.insert(lane.id, lane);
    }

    pub(crate) fn find(&self, digest: &[u8; 32]) -> Option<i64> {
        self.by_digest.get(digest).copied()
    }

    /// What keeps a lane from being leased from.
    pub(crate) fn pause_of(&self, lane: &Lane) -> Option<(&str, &Pause)> {
        if self.pauses.is_empty() {
            return None;
        }
        let found = lane
            .keys
            .iter()
            .find_map(|key| self.pauses.get_key_value(key));
        found.map(|(key, pause)| (key.as_str(), pause))
    }

    /// The limits that a lane falls under.
    pub(crate) fn limits_of<'a>(
        &'a self,
        lane: &'a Lane,
    ) -> impl Iterator<Item = (&'a str, i64)> + 'a {
        let keys = if self.limits.is_empty() {
            &[]
        } else {
            lane.keys.as_slice()
        };
        keys.iter()
            .filter_map(|key| self.limits.get(key).map(|limit| (key.as_str(), *limit)))
    }

    /// A tenant's share.
    pub(crate) fn weight(&self, tenant: TenantId) -> i64 {
        self.weights.get(&tenant).copied().unwrap_or(1).max(1)
    }

    /// Those of `lanes` that this copy does not know.
    pub(crate) fn unknown(&self, lanes: impl Iterator<Item = i64>) -> Vec<i64> {
        let unknown: HashSet<i64> = lanes
            .filter(|lane| !self.lanes.contains_key(lane))
            .collect();
        unknown.into_iter().collect()
    }
}

/// What tells lanes apart.
pub(crate) fn digest(tenant: TenantId, workflow: WorkflowId, demands: &Demands) -> [u8; 32] {
    // Sets and maps are sorted, so equal demands have equal text.
    let text = serde_json::to_vec(&(tenant, workflow, demands)).unwrap_or_default();
    Sha256::digest(&text).into()
}

/// The lane for these demands, made if there is none. In a transaction of its own: a lane stays
/// even if the job that it was made for does not come.
pub(crate) async fn make_lane(
    mut link: Link<'_>,
    tenant: TenantId,
    workflow: WorkflowId,
    demands: &Demands,
) -> Result<i64, DatabaseError> {
    let digest = digest(tenant, workflow, demands);
    execute!(
        link.again(),
        ADD_LANE,
        digest.as_slice(),
        tenant,
        workflow,
        Json(demands)
    )?;
    let IdRow { id } = match fetch_optional!(link.again(), IdRow, FIND_LANE, digest.as_slice())? {
        Some(row) => row,
        None => fetch_one!(link.again(), IdRow, FIND_LANE, digest.as_slice())?,
    };
    for key in Lane::new(id, tenant, workflow, demands.clone()).keys {
        execute!(link.again(), ADD_LANE_KEY, key, id)?;
    }
    Ok(id)
}

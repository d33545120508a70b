//! Which robot may have which job. The same rules lease jobs and explain why they wait.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use casare_store::{RobotId, TenantId, WorkflowId};
use serde::{Deserialize, Serialize};

/// What a job needs of the robot that runs it. All of it must be met.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Demands {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// This robot and no other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub robot: Option<RobotId>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub not_robots: BTreeSet<RobotId>,
    /// Such as `browser`, `desktop`, `ocr`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub capabilities: BTreeSet<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Named things that only so many jobs may use at a time.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub resources: BTreeSet<String>,
}

/// A robot as the queue sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Robot {
    pub id: RobotId,
    /// Works for this tenant alone; for all of them without one.
    pub tenant: Option<TenantId>,
    /// Jobs at a time.
    pub slots: u32,
    /// Takes jobs now: online, neither paused nor draining.
    pub accepting: bool,
    /// Works in all of them when empty.
    pub environments: BTreeSet<String>,
    pub pools: BTreeSet<String>,
    pub capabilities: BTreeSet<String>,
    pub labels: BTreeMap<String, String>,
}

impl Robot {
    /// A robot of a tenant with one slot and nothing special.
    pub fn of(tenant: TenantId, id: RobotId) -> Self {
        Self {
            id,
            tenant: Some(tenant),
            slots: 1,
            accepting: true,
            environments: BTreeSet::new(),
            pools: BTreeSet::new(),
            capabilities: BTreeSet::new(),
            labels: BTreeMap::new(),
        }
    }
}

/// Why a robot may not have a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "obstacle")]
pub enum Obstacle {
    NotAccepting,
    OtherTenant,
    OtherEnvironment { wanted: String },
    NotInPool { wanted: String },
    PinnedToAnother { robot: RobotId },
    Excluded,
    LacksCapability { wanted: String },
    LacksLabel { name: String, wanted: String },
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAccepting => write!(f, "it takes no jobs now"),
            Self::OtherTenant => write!(f, "it belongs to another tenant"),
            Self::OtherEnvironment { wanted } => write!(f, "it does not work in `{wanted}`"),
            Self::NotInPool { wanted } => write!(f, "it is not in the pool `{wanted}`"),
            Self::PinnedToAnother { robot } => write!(f, "the job is only for robot {robot}"),
            Self::Excluded => write!(f, "the job is not for this robot"),
            Self::LacksCapability { wanted } => write!(f, "it lacks the capability `{wanted}`"),
            Self::LacksLabel { name, wanted } => {
                write!(f, "its label `{name}` is not `{wanted}`")
            }
        }
    }
}

/// Jobs of one tenant and workflow with the same demands: what fits one of them fits all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lane {
    pub(crate) id: i64,
    pub(crate) tenant: TenantId,
    pub(crate) workflow: WorkflowId,
    pub(crate) demands: Demands,
    /// What limits and pauses can be set on that touch it.
    pub(crate) keys: Vec<String>,
}

impl Lane {
    pub(crate) fn new(id: i64, tenant: TenantId, workflow: WorkflowId, demands: Demands) -> Self {
        let keys = Scope::of(tenant, workflow, &demands)
            .iter()
            .map(Scope::key)
            .collect();
        Self {
            id,
            tenant,
            workflow,
            demands,
            keys,
        }
    }

    /// Everything that keeps `robot` from jobs of this lane.
    pub(crate) fn obstacles(&self, robot: &Robot) -> Vec<Obstacle> {
        let demands = &self.demands;
        let mut found = Vec::new();
        if !robot.accepting {
            found.push(Obstacle::NotAccepting);
        }
        if robot.tenant.is_some_and(|tenant| tenant != self.tenant) {
            found.push(Obstacle::OtherTenant);
        }
        if let Some(wanted) = &demands.environment
            && !robot.environments.is_empty()
            && !robot.environments.contains(wanted)
        {
            found.push(Obstacle::OtherEnvironment {
                wanted: wanted.clone(),
            });
        }
        if let Some(wanted) = &demands.pool
            && !robot.pools.contains(wanted)
        {
            found.push(Obstacle::NotInPool {
                wanted: wanted.clone(),
            });
        }
        if let Some(pinned) = demands.robot
            && pinned != robot.id
        {
            found.push(Obstacle::PinnedToAnother { robot: pinned });
        }
        if demands.not_robots.contains(&robot.id) {
            found.push(Obstacle::Excluded);
        }
        let lacking = demands.capabilities.difference(&robot.capabilities);
        found.extend(lacking.map(|wanted| Obstacle::LacksCapability {
            wanted: wanted.clone(),
        }));
        let unlike = demands
            .labels
            .iter()
            .filter(|(name, wanted)| robot.labels.get(*name) != Some(wanted));
        found.extend(unlike.map(|(name, wanted)| Obstacle::LacksLabel {
            name: name.clone(),
            wanted: wanted.clone(),
        }));
        found
    }

    /// Whether `robot` may have jobs of this lane.
    pub(crate) fn suits(&self, robot: &Robot) -> bool {
        self.obstacles(robot).is_empty()
    }
}

/// What limits and pauses are set on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All jobs there are. For pauses only.
    Everything,
    Tenant(TenantId),
    Workflow(WorkflowId),
    Environment(TenantId, String),
    Pool(TenantId, String),
    Resource(TenantId, String),
}

impl Scope {
    /// As the tables name it.
    pub fn key(&self) -> String {
        match self {
            Self::Everything => "all".to_owned(),
            Self::Tenant(tenant) => format!("tenant:{tenant}"),
            Self::Workflow(workflow) => format!("workflow:{workflow}"),
            Self::Environment(tenant, name) => format!("environment:{tenant}:{name}"),
            Self::Pool(tenant, name) => format!("pool:{tenant}:{name}"),
            Self::Resource(tenant, name) => format!("resource:{tenant}:{name}"),
        }
    }

    pub(crate) fn tenant(&self) -> Option<TenantId> {
        match self {
            Self::Everything | Self::Workflow(_) => None,
            Self::Tenant(tenant)
            | Self::Environment(tenant, _)
            | Self::Pool(tenant, _)
            | Self::Resource(tenant, _) => Some(*tenant),
        }
    }

    /// Everything that a job with these demands falls under.
    fn of(tenant: TenantId, workflow: WorkflowId, demands: &Demands) -> Vec<Self> {
        let mut scopes = vec![
            Self::Everything,
            Self::Tenant(tenant),
            Self::Workflow(workflow),
        ];
        let environment = demands.environment.iter();
        scopes.extend(environment.map(|name| Self::Environment(tenant, name.clone())));
        scopes.extend(
            demands
                .pool
                .iter()
                .map(|name| Self::Pool(tenant, name.clone())),
        );
        let resources = demands.resources.iter();
        scopes.extend(resources.map(|name| Self::Resource(tenant, name.clone())));
        scopes
    }
}

#[cfg(test)]
mod tests {
    use casare_store::Moment;

    use super::*;

    fn now() -> Moment {
        Moment::from_micros(1_800_000_000_000_000)
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_robot_gets_what_it_meets_every_demand_of() {
        let tenant = TenantId::new(now());
        let mut robot = Robot::of(tenant, RobotId::new(now()));
        robot.environments = set(&["prod"]);
        robot.pools = set(&["finance"]);
        robot.capabilities = set(&["browser", "ocr"]);
        robot.labels = [("zone".to_owned(), "berlin".to_owned())].into();
        let demands = Demands {
            environment: Some("prod".into()),
            pool: Some("finance".into()),
            robot: Some(robot.id),
            capabilities: set(&["ocr"]),
            labels: robot.labels.clone(),
            ..Demands::default()
        };
        let lane = Lane::new(1, tenant, WorkflowId::new(now()), demands);

        assert_eq!(lane.obstacles(&robot), []);
    }

    #[test]
    fn every_demand_that_is_not_met_is_told() {
        let (ours, theirs) = (TenantId::new(now()), TenantId::new(now()));
        let mut robot = Robot::of(theirs, RobotId::new(now()));
        robot.accepting = false;
        robot.environments = set(&["test"]);
        let demands = Demands {
            environment: Some("prod".into()),
            pool: Some("finance".into()),
            not_robots: [robot.id].into(),
            capabilities: set(&["desktop"]),
            labels: [("zone".to_owned(), "berlin".to_owned())].into(),
            ..Demands::default()
        };
        let lane = Lane::new(1, ours, WorkflowId::new(now()), demands);

        let told: Vec<String> = lane
            .obstacles(&robot)
            .iter()
            .map(ToString::to_string)
            .collect();

        assert_eq!(
            told,
            [
                "it takes no jobs now",
                "it belongs to another tenant",
                "it does not work in `prod`",
                "it is not in the pool `finance`",
                "the job is not for this robot",
                "it lacks the capability `desktop`",
                "its label `zone` is not `berlin`",
            ]
        );
    }
}

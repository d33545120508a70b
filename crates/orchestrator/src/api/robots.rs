//! Robots, pools of them, and the tokens with which they enrol; limits and pauses.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use axum::{extract::State, http::StatusCode};
use casare_access::{NewEnrolmentToken, Permission, Placement, Principal};
use casare_queue::{Robot, Scope};
use casare_store::{RobotId, RobotRecord, RobotStatus, WorkflowId};
use casare_tunnel::Load;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::types::Json as Column;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{Json, Page, Path, Time, loads::LoadView, whole};
use crate::{
    Orchestrator, Problem,
    guard::{Me, may},
    loads,
};

pub(crate) fn routes() -> OpenApiRouter<Orchestrator> {
    OpenApiRouter::new()
        .routes(may(Permission::RobotRead, routes!(list_robots)))
        .routes(may(Permission::RobotRead, routes!(show_robot)))
        .routes(may(Permission::RobotWrite, routes!(place_robot)))
        .routes(may(Permission::RobotWrite, routes!(remove_robot)))
        .routes(may(Permission::RobotControl, routes!(pause_robot)))
        .routes(may(Permission::RobotControl, routes!(drain_robot)))
        .routes(may(Permission::RobotControl, routes!(resume_robot)))
        .routes(may(Permission::RobotRead, routes!(list_pools)))
        .routes(may(Permission::RobotWrite, routes!(create_pool)))
        .routes(may(Permission::RobotWrite, routes!(delete_pool)))
        .routes(may(Permission::RobotWrite, routes!(list_tokens)))
        .routes(may(Permission::RobotWrite, routes!(create_token)))
        .routes(may(Permission::RobotWrite, routes!(revoke_token)))
        .routes(may(Permission::RobotWrite, routes!(set_limit)))
        .routes(may(Permission::RobotWrite, routes!(drop_limit)))
        .routes(may(Permission::JobControl, routes!(pause_scope)))
        .routes(may(Permission::JobControl, routes!(unpause_scope)))
}

#[derive(Debug, Serialize, ToSchema)]
struct RobotView {
    id: Uuid,
    name: String,
    /// `online`, `paused`, `draining` or `offline`.
    status: String,
    /// It works for all tenants.
    shared: bool,
    /// Jobs at a time.
    slots: i32,
    /// Works in all of them when empty.
    environments: BTreeSet<String>,
    pools: BTreeSet<String>,
    /// What it found out that it can do.
    capabilities: BTreeSet<String>,
    labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    enrolled: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<Time>,
    /// What its machine is doing, as it was said within the last minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    load: Option<LoadView>,
}

/// What to change; the rest stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct PlacementChange {
    #[schema(minimum = 1, maximum = 1000)]
    slots: Option<u32>,
    environments: Option<BTreeSet<String>>,
    pools: Option<BTreeSet<String>>,
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct PoolView {
    name: String,
    description: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TokenOrder {
    name: String,
    /// How many robots may use it; one when nothing is said.
    #[schema(minimum = 1, maximum = 1000)]
    uses: Option<u32>,
    /// Hours; 24 when nothing is said, 720 at most.
    #[schema(minimum = 1, maximum = 720)]
    hours: Option<u32>,
    /// Where robots that use it are put.
    #[serde(default)]
    environments: BTreeSet<String>,
    #[serde(default)]
    pools: BTreeSet<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct NewTokenView {
    id: Uuid,
    /// Shown now and never again: `casare robot enroll URL TOKEN`.
    token: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct TokenView {
    id: Uuid,
    name: String,
    uses_left: i64,
    pools: BTreeSet<String>,
    environments: BTreeSet<String>,
    labels: BTreeMap<String, String>,
    created_by: String,
    created: Time,
    expires: Time,
}

/// What a limit or pause is set on. Nothing else: all jobs of the tenant.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct ScopeOrder {
    /// A workflow, by id or name.
    workflow: Option<String>,
    environment: Option<String>,
    pool: Option<String>,
    /// A named resource that jobs ask for.
    resource: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct LimitOrder {
    #[serde(default)]
    on: ScopeOrder,
    /// Jobs at a time.
    most: u32,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
struct PauseOrder {
    #[serde(default)]
    on: ScopeOrder,
    reason: Option<String>,
}

fn robot_view(robot: RobotRecord, load: Option<Load>) -> RobotView {
    RobotView {
        load: load.map(LoadView::from),
        id: robot.id.0,
        shared: robot.tenant_id.is_none(),
        name: robot.name,
        status: robot.status,
        slots: robot.slots,
        environments: robot.environments.0,
        pools: robot.pools.0,
        capabilities: robot.capabilities.0,
        labels: robot.labels.0,
        version: robot.version,
        enrolled: robot.enrolled_at.into(),
        seen: robot.seen_at.map(Time),
    }
}

/// A robot as the queue sees it.
pub(crate) fn robot_of(record: &RobotRecord) -> Robot {
    Robot {
        id: record.id,
        tenant: record.tenant_id,
        slots: u32::try_from(record.slots).unwrap_or(1),
        accepting: record.status == RobotStatus::Online.name(),
        environments: record.environments.0.clone(),
        pools: record.pools.0.clone(),
        capabilities: record.capabilities.0.clone(),
        labels: record.labels.0.clone(),
    }
}

impl Orchestrator {
    /// A robot of the tenant, or one that all share.
    pub(super) async fn robot_of(&self, me: &Principal, id: Uuid) -> Result<RobotRecord, Problem> {
        let found = self.store.robot(RobotId(id)).await?;
        found
            .filter(|robot| robot.tenant_id.is_none_or(|tenant| tenant == me.tenant))
            .ok_or_else(|| Problem::missing("robot"))
    }

    async fn shown_robot(&self, me: &Principal, robot: RobotRecord) -> Result<RobotView, Problem> {
        let tenant = self.store.tenant(me.tenant);
        let loads = loads::now(&tenant, self.queue.now()).await?;
        let load = loads.get(&robot.id).copied();
        Ok(robot_view(robot, load))
    }

    async fn set_robot_status(
        &self,
        me: &Principal,
        id: Uuid,
        status: RobotStatus,
    ) -> Result<StatusCode, Problem> {
        self.robot_of(me, id).await?;
        let tenant = self.store.tenant(me.tenant);
        let mut work = tenant.begin().await?;
        tenant
            .set_robot_status(&mut work, RobotId(id), status)
            .await?;
        let details = json!({ "status": status });
        tenant
            .audit(
                &mut work,
                &me.actor(),
                "robot.status",
                &id.to_string(),
                &details,
            )
            .await?;
        let told = json!({ "robot": id, "status": status });
        work.tell(Some(me.tenant), "robots", told, self.queue.now())
            .await?;
        work.commit().await?;
        self.hub.changed(RobotId(id));
        Ok(StatusCode::NO_CONTENT)
    }

    async fn scope_of(&self, me: &Principal, order: ScopeOrder) -> Result<Scope, Problem> {
        let tenant = me.tenant;
        let mut scopes = Vec::new();
        if let Some(workflow) = order.workflow {
            let found = self.workflow_of(me, &workflow).await?;
            scopes.push(Scope::Workflow(WorkflowId(found.id.0)));
        }
        scopes.extend(
            order
                .environment
                .map(|name| Scope::Environment(tenant, name)),
        );
        scopes.extend(order.pool.map(|name| Scope::Pool(tenant, name)));
        scopes.extend(order.resource.map(|name| Scope::Resource(tenant, name)));
        if scopes.len() > 1 {
            return Err(Problem::invalid(
                "name one of workflow, environment, pool and resource",
            ));
        }
        Ok(scopes.pop().unwrap_or(Scope::Tenant(tenant)))
    }
}

/// Robots of the tenant, and those that all tenants share.
#[utoipa::path(get, path = "/robots", tag = "robots", responses((status = 200, body = Page<RobotView>)))]
async fn list_robots(
    State(server): State<Orchestrator>,
    Me(me): Me,
) -> Result<Json<Page<RobotView>>, Problem> {
    let robots = server.store.tenant(me.tenant).robots().await?;
    let tenant = server.store.tenant(me.tenant);
    let loads = loads::now(&tenant, server.queue.now()).await?;
    let views = robots.into_iter().map(|robot| {
        let load = loads.get(&robot.id).copied();
        robot_view(robot, load)
    });
    Ok(Json(whole(views.collect())))
}

/// A robot.
#[utoipa::path(get, path = "/robots/{id}", tag = "robots", responses((status = 200, body = RobotView)))]
async fn show_robot(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
) -> Result<Json<RobotView>, Problem> {
    let robot = server.robot_of(&me, id).await?;
    Ok(Json(server.shown_robot(&me, robot).await?))
}

/// Say how many jobs a robot takes at a time, and for whom.
#[utoipa::path(patch, path = "/robots/{id}", tag = "robots", responses((status = 200, body = RobotView)))]
async fn place_robot(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
    Json(change): Json<PlacementChange>,
) -> Result<Json<RobotView>, Problem> {
    let mut robot = server.robot_of(&me, id).await?;
    if let Some(slots) = change.slots {
        robot.slots = i32::try_from(slots)
            .ok()
            .filter(|slots| (1..=1_000).contains(slots))
            .ok_or_else(|| Problem::invalid("`slots` is 1 to 1000"))?;
    }
    if let Some(environments) = change.environments {
        robot.environments = Column(environments);
    }
    if let Some(pools) = change.pools {
        robot.pools = Column(pools);
    }
    if let Some(labels) = change.labels {
        robot.labels = Column(labels);
    }
    let tenant = server.store.tenant(me.tenant);
    let mut work = tenant.begin().await?;
    tenant.place_robot(&mut work, &robot).await?;
    tenant
        .audit(
            &mut work,
            &me.actor(),
            "robot.place",
            &id.to_string(),
            &json!({}),
        )
        .await?;
    let told = json!({ "robot": id, "placed": true });
    work.tell(Some(me.tenant), "robots", told, server.queue.now())
        .await?;
    work.commit().await?;
    server.hub.changed(robot.id);
    Ok(Json(server.shown_robot(&me, robot).await?))
}

/// Remove a robot: its key opens nothing any more. Its jobs go to others.
#[utoipa::path(delete, path = "/robots/{id}", tag = "robots", responses((status = 204)))]
async fn remove_robot(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let robot = server.robot_of(&me, id).await?;
    server.access.revoke_robot(&me, robot.id).await?;
    let tenant = server.store.tenant(me.tenant);
    let mut work = tenant.begin().await?;
    tenant.delete_robot(&mut work, robot.id).await?;
    let details = json!({ "name": robot.name });
    tenant
        .audit(
            &mut work,
            &me.actor(),
            "robot.remove",
            &id.to_string(),
            &details,
        )
        .await?;
    let told = json!({ "robot": id, "status": "removed" });
    work.tell(Some(me.tenant), "robots", told, server.queue.now())
        .await?;
    work.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A robot takes no more jobs until it is resumed; what it has goes on.
#[utoipa::path(post, path = "/robots/{id}/pause", tag = "robots", responses((status = 204)))]
async fn pause_robot(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    server.set_robot_status(&me, id, RobotStatus::Paused).await
}

/// A robot finishes what it has and takes no more, before it is stopped.
#[utoipa::path(post, path = "/robots/{id}/drain", tag = "robots", responses((status = 204)))]
async fn drain_robot(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    server
        .set_robot_status(&me, id, RobotStatus::Draining)
        .await
}

/// A robot takes jobs again.
#[utoipa::path(post, path = "/robots/{id}/resume", tag = "robots", responses((status = 204)))]
async fn resume_robot(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let robot = server.robot_of(&me, id).await?;
    let now = server.queue.now();
    let near = robot
        .seen_at
        .is_some_and(|seen| now.since(seen) < Duration::from_mins(1));
    let status = if near {
        RobotStatus::Online
    } else {
        RobotStatus::Offline
    };
    server.set_robot_status(&me, id, status).await
}

/// Pools of robots.
#[utoipa::path(get, path = "/pools", tag = "robots", responses((status = 200, body = Page<PoolView>)))]
async fn list_pools(
    State(server): State<Orchestrator>,
    Me(me): Me,
) -> Result<Json<Page<PoolView>>, Problem> {
    let pools = server.store.tenant(me.tenant).pools().await?;
    let view = |(name, description)| PoolView { name, description };
    Ok(Json(whole(pools.into_iter().map(view).collect())))
}

/// Make a pool.
#[utoipa::path(post, path = "/pools", tag = "robots", responses((status = 201, body = PoolView)))]
async fn create_pool(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Json(pool): Json<PoolView>,
) -> Result<(StatusCode, Json<PoolView>), Problem> {
    super::name(&pool.name)?;
    let tenant = server.store.tenant(me.tenant);
    let mut work = tenant.begin().await?;
    tenant
        .add_pool(&mut work, &pool.name, pool.description.as_deref())
        .await?;
    tenant
        .audit(
            &mut work,
            &me.actor(),
            "pool.create",
            &pool.name,
            &json!({}),
        )
        .await?;
    work.commit().await?;
    Ok((StatusCode::CREATED, Json(pool)))
}

/// Delete a pool; robots that name it stay as they are.
#[utoipa::path(delete, path = "/pools/{name}", tag = "robots", responses((status = 204)))]
async fn delete_pool(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let tenant = server.store.tenant(me.tenant);
    let mut work = tenant.begin().await?;
    tenant.delete_pool(&mut work, &name).await?;
    tenant
        .audit(&mut work, &me.actor(), "pool.delete", &name, &json!({}))
        .await?;
    work.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tokens with which robots can still enrol, without their secrets.
#[utoipa::path(get, path = "/enrolment-tokens", tag = "robots",
    responses((status = 200, body = Page<TokenView>)))]
async fn list_tokens(
    State(server): State<Orchestrator>,
    Me(me): Me,
) -> Result<Json<Page<TokenView>>, Problem> {
    let tokens = server.access.enrolment_tokens(me.tenant).await?;
    let view = |token: casare_access::EnrolmentToken| TokenView {
        id: token.id,
        name: token.name,
        uses_left: token.uses_left,
        pools: token.placement.0.pools,
        environments: token.placement.0.environments,
        labels: token.placement.0.labels,
        created_by: token.created_by,
        created: token.created_at.into(),
        expires: token.expires_at.into(),
    };
    Ok(Json(whole(tokens.into_iter().map(view).collect())))
}

/// Make a token with which robots enrol.
#[utoipa::path(post, path = "/enrolment-tokens", tag = "robots",
    responses((status = 201, body = NewTokenView)))]
async fn create_token(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Json(order): Json<TokenOrder>,
) -> Result<(StatusCode, Json<NewTokenView>), Problem> {
    super::name(&order.name)?;
    let new = NewEnrolmentToken {
        name: order.name,
        placement: Placement {
            environments: order.environments,
            pools: order.pools,
            labels: order.labels,
        },
        uses: order.uses.unwrap_or(1),
        lasts: Duration::from_hours(u64::from(order.hours.unwrap_or(24).max(1))),
    };
    let (id, token) = server.access.create_enrolment_token(&me, &new).await?;
    let view = NewTokenView {
        id,
        token: token.expose_secret().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// Revoke a token; robots that have enrolled stay.
#[utoipa::path(delete, path = "/enrolment-tokens/{id}", tag = "robots", responses((status = 204)))]
async fn revoke_token(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    server.access.revoke_enrolment_token(&me, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Limit how many jobs run at a time.
#[utoipa::path(put, path = "/limits", tag = "limits", responses((status = 204)))]
async fn set_limit(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Json(order): Json<LimitOrder>,
) -> Result<StatusCode, Problem> {
    let scope = server.scope_of(&me, order.on).await?;
    server.queue.limit(&scope, order.most).await?;
    let details = json!({ "most": order.most });
    server
        .note(&me, "limit.set", &scope.key(), &details)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take a limit away.
#[utoipa::path(post, path = "/limits/drop", tag = "limits", responses((status = 204)))]
async fn drop_limit(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Json(order): Json<ScopeOrder>,
) -> Result<StatusCode, Problem> {
    let scope = server.scope_of(&me, order).await?;
    server.queue.unlimit(&scope).await?;
    server
        .note(&me, "limit.drop", &scope.key(), &json!({}))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give no more jobs to robots; what runs goes on.
#[utoipa::path(put, path = "/pauses", tag = "limits", responses((status = 204)))]
async fn pause_scope(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Json(order): Json<PauseOrder>,
) -> Result<StatusCode, Problem> {
    let scope = server.scope_of(&me, order.on).await?;
    server
        .queue
        .pause(&scope, order.reason.as_deref(), Some(&me.actor()))
        .await?;
    let details = json!({ "reason": order.reason });
    server
        .note(&me, "pause.set", &scope.key(), &details)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give jobs to robots again.
#[utoipa::path(post, path = "/pauses/drop", tag = "limits", responses((status = 204)))]
async fn unpause_scope(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Json(order): Json<ScopeOrder>,
) -> Result<StatusCode, Problem> {
    let scope = server.scope_of(&me, order).await?;
    server.queue.unpause(&scope).await?;
    server
        .note(&me, "pause.drop", &scope.key(), &json!({}))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

//! Outgoing webhooks.

use axum::{extract::State, http::StatusCode};
use base64::{Engine, engine::general_purpose::STANDARD};
use casare_access::{Permission, Principal};
use casare_store::new_uuid;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::types::Json as Column;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{IfMatch, Json, Page, Paging, Path, Query, Tagged, Time, workflows::unchanged};
use crate::{
    Orchestrator, Problem,
    guard::{Me, may},
    hooks::{self, Hook, HookDelivery},
};

pub(crate) fn routes() -> OpenApiRouter<Orchestrator> {
    OpenApiRouter::new()
        .routes(may(Permission::HookRead, routes!(list_hooks)))
        .routes(may(Permission::HookWrite, routes!(create_hook)))
        .routes(may(Permission::HookRead, routes!(show_hook)))
        .routes(may(Permission::HookWrite, routes!(change_hook)))
        .routes(may(Permission::HookWrite, routes!(delete_hook)))
        .routes(may(Permission::HookRead, routes!(list_hook_deliveries)))
        .routes(may(Permission::HookWrite, routes!(repeat_hook_delivery)))
}

#[derive(Debug, Serialize, ToSchema)]
struct HookView {
    id: Uuid,
    name: String,
    url: String,
    format: HookFormat,
    events: Vec<String>,
    enabled: bool,
    revision: i64,
    created: Time,
    /// What signatures are checked with; shown when the hook is made and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// How a hook tells things.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum HookFormat {
    /// All of it, signed, as the Standard Webhooks specification says.
    #[default]
    Standard,
    /// One line, `{"text": "…"}`, as incoming webhooks of Slack, Mattermost, Rocket.Chat and Google Chat take it.
    Chat,
}

impl HookFormat {
    fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Chat => "chat",
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HookOrder {
    name: String,
    /// Where webhooks are sent; or `mailto:` and an address, for mails to a person (the server needs `--smtp`).
    url: String,
    #[serde(default)]
    format: HookFormat,
    /// `alert.opened`, `job.succeeded`, `job.*`, `robots`, `schedules`, `workflows` or `*`.
    events: Vec<String>,
    #[serde(default = "yes")]
    enabled: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Serialize, ToSchema)]
struct HookDeliveryView {
    id: Uuid,
    event: String,
    /// `waiting`, `delivered` or `given_up`.
    state: String,
    attempts: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Time>,
    /// What the other side answered last.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    created: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished: Option<Time>,
}

fn view(hook: Hook) -> HookView {
    HookView {
        id: hook.id,
        name: hook.name,
        url: hook.url,
        format: if hook.format == "chat" {
            HookFormat::Chat
        } else {
            HookFormat::Standard
        },
        events: hook.events.0,
        enabled: hook.enabled,
        revision: hook.revision,
        created: hook.created_at.into(),
        secret: None,
    }
}

impl Orchestrator {
    async fn hook_of(&self, me: &Principal, id: Uuid) -> Result<Hook, Problem> {
        let found = hooks::hook(&self.store, me.tenant, id).await?;
        found.ok_or_else(|| Problem::missing("hook"))
    }

    fn check_hook(&self, order: &HookOrder) -> Result<(), Problem> {
        super::name(&order.name)?;
        if order.url.len() > 2_000 {
            return Err(Problem::invalid("`url` has 2000 bytes at most"));
        }
        let reached = self.outbound.may_reach(&order.url);
        reached.map_err(|why| Problem::invalid(format!("`url`: {why}")))?;
        if order.events.is_empty() || order.events.len() > 50 {
            return Err(Problem::invalid("name 1 to 50 events"));
        }
        Ok(())
    }
}

/// Hooks by name.
#[utoipa::path(get, path = "/hooks", tag = "hooks", params(Paging),
    responses((status = 200, body = Page<HookView>)))]
async fn list_hooks(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<HookView>>, Problem> {
    let after = paging.after()?.unwrap_or_default();
    let tenant = server.store.tenant(me.tenant);
    let rows = hooks::hooks(&tenant, &after, paging.fetch()).await?;
    Ok(Json(paging.page(rows, |row| row.name.clone(), view)))
}

/// Make a hook. What it sends is signed as the Standard Webhooks specification says.
#[utoipa::path(post, path = "/hooks", tag = "hooks", responses((status = 201, body = HookView)))]
async fn create_hook(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Json(order): Json<HookOrder>,
) -> Result<(StatusCode, Tagged<HookView>), Problem> {
    server.check_hook(&order)?;
    let now = server.queue.now();
    let id = new_uuid(now);
    let secret: [u8; 32] = rand::random();
    let hook = Hook {
        id,
        tenant_id: me.tenant,
        name: order.name,
        url: order.url,
        format: order.format.name().to_owned(),
        events: Column(order.events),
        sealed: server
            .vault
            .seal(me.tenant, &hooks::sealed_as(id), &secret)
            .await?,
        enabled: order.enabled,
        revision: 1,
        created_at: now,
    };
    let tenant = server.store.tenant(me.tenant);
    let mut work = tenant.begin().await?;
    hook.add(&mut work).await?;
    let details = json!({ "name": hook.name, "url": hook.url });
    tenant
        .audit(
            &mut work,
            &me.actor(),
            "hook.create",
            &id.to_string(),
            &details,
        )
        .await?;
    work.commit().await?;
    let mut view = view(hook);
    view.secret = Some(format!("whsec_{}", STANDARD.encode(secret)));
    Ok((StatusCode::CREATED, Tagged(1, view)))
}

/// A hook.
#[utoipa::path(get, path = "/hooks/{id}", tag = "hooks", responses((status = 200, body = HookView)))]
async fn show_hook(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
) -> Result<Tagged<HookView>, Problem> {
    let found = server.hook_of(&me, id).await?;
    Ok(Tagged(found.revision, view(found)))
}

/// Change a hook; its secret stays.
#[utoipa::path(put, path = "/hooks/{id}", tag = "hooks", responses((status = 200, body = HookView)))]
async fn change_hook(
    State(server): State<Orchestrator>,
    Me(me): Me,
    IfMatch(revision): IfMatch,
    Path(id): Path<Uuid>,
    Json(order): Json<HookOrder>,
) -> Result<Tagged<HookView>, Problem> {
    let mut hook = server.hook_of(&me, id).await?;
    unchanged(revision, hook.revision)?;
    server.check_hook(&order)?;
    hook.name = order.name;
    hook.url = order.url;
    order.format.name().clone_into(&mut hook.format);
    hook.events = Column(order.events);
    hook.enabled = order.enabled;
    let tenant = server.store.tenant(me.tenant);
    let mut work = tenant.begin().await?;
    hook.change(&mut work).await?;
    let details = json!({ "name": hook.name, "url": hook.url, "enabled": hook.enabled });
    tenant
        .audit(
            &mut work,
            &me.actor(),
            "hook.change",
            &id.to_string(),
            &details,
        )
        .await?;
    work.commit().await?;
    hook.revision += 1;
    Ok(Tagged(hook.revision, view(hook)))
}

/// Delete a hook.
#[utoipa::path(delete, path = "/hooks/{id}", tag = "hooks", responses((status = 204)))]
async fn delete_hook(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let tenant = server.store.tenant(me.tenant);
    let mut work = tenant.begin().await?;
    hooks::delete(&tenant, &mut work, id).await?;
    tenant
        .audit(
            &mut work,
            &me.actor(),
            "hook.delete",
            &id.to_string(),
            &json!({}),
        )
        .await?;
    work.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a hook was told, the latest first.
#[utoipa::path(get, path = "/hooks/{id}/deliveries", tag = "hooks",
    params(("id" = Uuid, Path), Paging), responses((status = 200, body = Page<HookDeliveryView>)))]
async fn list_hook_deliveries(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<HookDeliveryView>>, Problem> {
    let hook = server.hook_of(&me, id).await?;
    let tenant = server.store.tenant(me.tenant);
    let before = paging.after_id()?;
    let rows = hooks::deliveries(&tenant, hook.id, before, paging.fetch()).await?;
    let view = |row: HookDelivery| HookDeliveryView {
        id: row.id,
        event: row.event,
        state: row.state,
        attempts: row.attempts,
        next: row.next_at.map(Time),
        status: row.status,
        error: row.error,
        created: row.created_at.into(),
        finished: row.finished_at.map(Time),
    };
    Ok(Json(paging.page(rows, |row| row.id.to_string(), view)))
}

/// Send again what was delivered or given up, under the same id.
#[utoipa::path(post, path = "/hooks/{id}/deliveries/{delivery}/repeat", tag = "hooks",
    params(("id" = Uuid, Path), ("delivery" = Uuid, Path)), responses((status = 202)))]
async fn repeat_hook_delivery(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path((id, delivery)): Path<(Uuid, Uuid)>,
) -> Result<StatusCode, Problem> {
    let hook = server.hook_of(&me, id).await?;
    let tenant = server.store.tenant(me.tenant);
    let mut work = tenant.begin().await?;
    if !hooks::repeat(&mut work, &hook, delivery, server.queue.now()).await? {
        return Err(Problem::missing("ended delivery"));
    }
    let details = json!({ "name": hook.name, "delivery": delivery });
    tenant
        .audit(
            &mut work,
            &me.actor(),
            "hook.repeat",
            &id.to_string(),
            &details,
        )
        .await?;
    work.commit().await?;
    Ok(StatusCode::ACCEPTED)
}

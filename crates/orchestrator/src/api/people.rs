//! Members of the tenant, API keys, and what was done by whom.

use axum::{extract::State, http::StatusCode};
use casare_access::{ApiKey, Invitation, Member, NewApiKey, Permission, Role};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{Json, Page, Paging, Path, Query, Time};
use crate::{
    Orchestrator, Problem,
    guard::{Me, may},
};

pub(crate) fn routes() -> OpenApiRouter<Orchestrator> {
    OpenApiRouter::new()
        .routes(may(Permission::UserRead, routes!(list_users)))
        .routes(may(Permission::UserRead, routes!(show_user)))
        .routes(may(Permission::UserWrite, routes!(invite_user)))
        .routes(may(Permission::UserWrite, routes!(set_role)))
        .routes(may(Permission::UserWrite, routes!(remove_user)))
        .routes(may(Permission::UserWrite, routes!(make_password_link)))
        .routes(may(Permission::KeyRead, routes!(list_keys)))
        .routes(may(Permission::KeyRead, routes!(show_key)))
        .routes(may(Permission::KeyWrite, routes!(create_key)))
        .routes(may(Permission::KeyWrite, routes!(revoke_key)))
        .routes(may(Permission::AuditRead, routes!(list_audit)))
}

#[derive(Debug, Serialize, ToSchema)]
struct UserView {
    id: Uuid,
    email: String,
    name: String,
    role: String,
    since: Time,
    disabled: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
struct NewUser {
    email: String,
    #[schema(value_type = RoleName)]
    role: Role,
}

/// What somebody is in a tenant.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "only describes the names of roles")]
pub(crate) enum RoleName {
    Viewer,
    Operator,
    Developer,
    Admin,
    Owner,
}

/// A link that works once.
#[derive(Debug, Serialize, ToSchema)]
struct LinkView {
    /// Shown now and never again.
    link: String,
    token: String,
    expires: Time,
}

#[derive(Debug, Deserialize, ToSchema)]
struct RoleChange {
    #[schema(value_type = RoleName)]
    role: Role,
}

#[derive(Debug, Serialize, ToSchema)]
struct KeyView {
    id: Uuid,
    name: String,
    /// How it begins.
    hint: String,
    role: String,
    /// What of the role it is limited to; everything when empty.
    scopes: Vec<String>,
    created_by: String,
    created: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<Time>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct KeyOrder {
    name: String,
    #[schema(value_type = RoleName)]
    role: Role,
    /// Permissions such as `workflow:run`; everything that the role may when empty.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    scopes: Vec<Permission>,
    expires: Option<Time>,
}

#[derive(Debug, Serialize, ToSchema)]
struct NewKeyView {
    #[serde(flatten)]
    key: KeyView,
    /// Shown now and never again.
    secret: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct AuditView {
    seq: i64,
    at: Time,
    actor: String,
    action: String,
    subject: String,
    #[schema(value_type = Object)]
    details: serde_json::Value,
}

fn user_view(member: Member) -> UserView {
    UserView {
        id: member.id,
        email: member.email,
        name: member.name,
        role: member.role,
        since: member.created_at.into(),
        disabled: member.disabled_at.is_some(),
    }
}

fn key_view(key: ApiKey) -> KeyView {
    KeyView {
        id: key.id,
        name: key.name,
        hint: key.hint,
        role: key.role,
        scopes: key.scopes.0,
        created_by: key.created_by,
        created: key.created_at.into(),
        expires: key.expires_at.map(Time),
        last_used: key.last_used_at.map(Time),
        revoked: key.revoked_at.map(Time),
    }
}

fn link_view(server: &Orchestrator, made: &Invitation) -> LinkView {
    let token = made.token.expose_secret();
    LinkView {
        link: server.link(token),
        token: token.to_owned(),
        expires: made.expires_at.into(),
    }
}

/// Members of the tenant, by e-mail address.
#[utoipa::path(get, path = "/users", tag = "people", params(Paging),
    responses((status = 200, body = Page<UserView>)))]
async fn list_users(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<UserView>>, Problem> {
    let after = paging.after()?.unwrap_or_default();
    let rows = server
        .access
        .members(me.tenant, &after, paging.fetch())
        .await?;
    Ok(Json(paging.page(rows, |row| row.email.clone(), user_view)))
}

/// A member.
#[utoipa::path(get, path = "/users/{id}", tag = "people", responses((status = 200, body = UserView)))]
async fn show_user(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
) -> Result<Json<UserView>, Problem> {
    Ok(Json(user_view(server.access.member(me.tenant, id).await?)))
}

/// Invite somebody: the answer holds a link for them.
#[utoipa::path(post, path = "/users", tag = "people", responses((status = 201, body = LinkView)))]
async fn invite_user(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Json(new): Json<NewUser>,
) -> Result<(StatusCode, Json<LinkView>), Problem> {
    let made = server.access.invite(&me, &new.email, new.role).await?;
    Ok((StatusCode::CREATED, Json(link_view(&server, &made))))
}

/// Change what somebody is.
#[utoipa::path(put, path = "/users/{id}/role", tag = "people", responses((status = 204)))]
async fn set_role(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
    Json(change): Json<RoleChange>,
) -> Result<StatusCode, Problem> {
    server.access.set_role(&me, id, change.role).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take somebody out of the tenant.
#[utoipa::path(delete, path = "/users/{id}", tag = "people", responses((status = 204)))]
async fn remove_user(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    server.access.remove_member(&me, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A link with which somebody sets a new password.
#[utoipa::path(post, path = "/users/{id}/password-link", tag = "people",
    responses((status = 201, body = LinkView)))]
async fn make_password_link(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
) -> Result<(StatusCode, Json<LinkView>), Problem> {
    let made = server.access.password_link(&me, id).await?;
    Ok((StatusCode::CREATED, Json(link_view(&server, &made))))
}

/// API keys, without their secrets.
#[utoipa::path(get, path = "/api-keys", tag = "people", params(Paging),
    responses((status = 200, body = Page<KeyView>)))]
async fn list_keys(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<KeyView>>, Problem> {
    let after = paging.after_id()?;
    let rows = server.access.keys(me.tenant, after, paging.fetch()).await?;
    Ok(Json(paging.page(rows, |row| row.id.to_string(), key_view)))
}

/// An API key, without its secret.
#[utoipa::path(get, path = "/api-keys/{id}", tag = "people", responses((status = 200, body = KeyView)))]
async fn show_key(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
) -> Result<Json<KeyView>, Problem> {
    Ok(Json(key_view(server.access.key(me.tenant, id).await?)))
}

/// Make an API key. Nobody makes one that may more than they do.
#[utoipa::path(post, path = "/api-keys", tag = "people", responses((status = 201, body = NewKeyView)))]
async fn create_key(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Json(order): Json<KeyOrder>,
) -> Result<(StatusCode, Json<NewKeyView>), Problem> {
    let new = NewApiKey {
        name: order.name,
        role: order.role,
        scopes: order.scopes,
        expires_at: order.expires.map(|time| time.0),
    };
    let (key, secret) = server.access.create_key(&me, &new).await?;
    let view = NewKeyView {
        key: key_view(key),
        secret: secret.expose_secret().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// Revoke an API key.
#[utoipa::path(delete, path = "/api-keys/{id}", tag = "people", responses((status = 204)))]
async fn revoke_key(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    server.access.revoke_key(&me, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who did what, the latest first.
#[utoipa::path(get, path = "/audit", tag = "people", params(Paging),
    responses((status = 200, body = Page<AuditView>)))]
async fn list_audit(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<AuditView>>, Problem> {
    let before = paging.after_parsed()?;
    let rows = server
        .store
        .tenant(me.tenant)
        .audited(before, paging.fetch())
        .await?;
    let view = |row: casare_store::AuditEntry| AuditView {
        seq: row.seq,
        at: row.at.into(),
        actor: row.actor,
        action: row.action,
        subject: row.subject,
        details: row.details.0,
    };
    Ok(Json(paging.page(rows, |row| row.seq.to_string(), view)))
}

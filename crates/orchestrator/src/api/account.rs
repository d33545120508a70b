//! Signing in and out, and one's own account.

use std::net::SocketAddr;

use axum::{
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use casare_access::{Permission, Principal, SignIn, SignedIn, Who};
use casare_store::TenantId;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{Json, Page, Path, Time, whole};
use crate::{
    Orchestrator, Problem,
    guard::{Me, SESSION, may, open},
};

pub(crate) fn routes() -> OpenApiRouter<Orchestrator> {
    OpenApiRouter::new()
        .routes(open(routes!(sign_in)))
        .routes(open(routes!(use_link)))
        .routes(may(Permission::OwnAccount, routes!(sign_out)))
        .routes(may(Permission::OwnAccount, routes!(show_me)))
        .routes(may(Permission::OwnAccount, routes!(change_password)))
        .routes(may(Permission::OwnAccount, routes!(switch_tenant)))
        .routes(may(Permission::OwnAccount, routes!(list_sessions)))
        .routes(may(Permission::OwnAccount, routes!(end_session)))
}

#[derive(Debug, Deserialize, ToSchema)]
struct Password {
    email: String,
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

#[derive(Debug, Deserialize, ToSchema)]
struct LinkUse {
    /// What the link ends with: `csl_…`.
    #[schema(value_type = String)]
    token: SecretString,
    /// Of the first owner; others have said it already.
    email: Option<String>,
    #[serde(default)]
    name: String,
    /// At least 12 characters.
    #[schema(value_type = String, format = Password, min_length = 12)]
    password: SecretString,
}

/// Whoever makes the request.
#[derive(Debug, Serialize, ToSchema)]
struct MeView {
    tenant: Uuid,
    /// `user`, `key` or `robot`.
    kind: &'static str,
    /// The e-mail address of a user, the name of a key.
    name: String,
    role: &'static str,
    permissions: Vec<&'static str>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct NewPassword {
    #[schema(value_type = String, format = Password)]
    old: SecretString,
    /// At least 12 characters.
    #[schema(value_type = String, format = Password, min_length = 12)]
    new: SecretString,
}

#[derive(Debug, Deserialize, ToSchema)]
struct TenantChoice {
    tenant: Uuid,
}

#[derive(Debug, Serialize, ToSchema)]
struct SessionView {
    id: Uuid,
    /// The program that signed in.
    agent: String,
    address: String,
    created: Time,
    seen: Time,
    expires: Time,
}

fn me(principal: &Principal) -> MeView {
    let (kind, name) = match &principal.who {
        Who::User { email, .. } => ("user", email.clone()),
        Who::Key { name, .. } => ("key", name.clone()),
        Who::Robot { id } => ("robot", id.to_string()),
        Who::Server { part } => ("server", (*part).to_owned()),
    };
    MeView {
        tenant: principal.tenant.0,
        kind,
        name,
        role: principal.role.name(),
        permissions: Permission::ALL
            .iter()
            .filter(|permission| principal.may(**permission))
            .map(|permission| permission.name())
            .collect(),
    }
}

fn user_of(principal: &Principal) -> Result<(Uuid, Uuid), Problem> {
    match principal.who {
        Who::User { id, session, .. } => Ok((id, session)),
        _ => Err(Problem::new(
            StatusCode::CONFLICT,
            "not_a_user",
            "a key has no account of its own",
        )),
    }
}

fn agent(headers: &HeaderMap) -> &str {
    let agent = headers.get(header::USER_AGENT);
    agent.and_then(|agent| agent.to_str().ok()).unwrap_or("")
}

/// The cookie is for this server alone, out of reach of scripts.
fn cookie(server: &Orchestrator, value: &str, seconds: u64) -> HeaderValue {
    let secure = if server.settings.public_url.starts_with("https://") {
        "; Secure"
    } else {
        ""
    };
    let text =
        format!("{SESSION}={value}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

fn signed_in(server: &Orchestrator, signed_in: &SignedIn) -> Response {
    let cookie = cookie(
        server,
        signed_in.token.expose_secret(),
        signed_in.lasts.as_secs(),
    );
    (
        [(header::SET_COOKIE, cookie)],
        Json(me(&signed_in.principal)),
    )
        .into_response()
}

/// Sign in with a password; the session is in a cookie.
#[utoipa::path(post, path = "/sign-in", tag = "account", responses((status = 200, body = MeView)))]
async fn sign_in(
    State(server): State<Orchestrator>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Json(with): Json<Password>,
) -> Result<Response, Problem> {
    let address = from.ip().to_string();
    let session = server
        .access
        .sign_in(&SignIn {
            email: &with.email,
            password: &with.password,
            address: &address,
            agent: agent(&headers),
        })
        .await?;
    Ok(signed_in(&server, &session))
}

/// Use a one-time link: the first owner, an invitation, a new password.
#[utoipa::path(post, path = "/use-link", tag = "account", responses((status = 200, body = MeView)))]
async fn use_link(
    State(server): State<Orchestrator>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Json(link): Json<LinkUse>,
) -> Result<Response, Problem> {
    let address = from.ip().to_string();
    let session = server
        .access
        .use_link(
            &link.token,
            link.email.as_deref(),
            &link.name,
            &link.password,
            (&address, agent(&headers)),
        )
        .await?;
    Ok(signed_in(&server, &session))
}

/// End this session.
#[utoipa::path(post, path = "/sign-out", tag = "account", responses((status = 204)))]
async fn sign_out(State(server): State<Orchestrator>, Me(me): Me) -> Result<Response, Problem> {
    let (user, session) = user_of(&me)?;
    server.access.end_session(user, session).await?;
    let gone = cookie(&server, "", 0);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, gone)]).into_response())
}

/// Who makes this request, and what they may do.
#[utoipa::path(get, path = "/me", tag = "account", responses((status = 200, body = MeView)))]
async fn show_me(Me(principal): Me) -> Json<MeView> {
    Json(me(&principal))
}

/// Change one's password; all sessions end.
#[utoipa::path(post, path = "/me/password", tag = "account", responses((status = 204)))]
async fn change_password(
    State(server): State<Orchestrator>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Me(me): Me,
    Json(change): Json<NewPassword>,
) -> Result<StatusCode, Problem> {
    let (user, _) = user_of(&me)?;
    let address = from.ip().to_string();
    server
        .access
        .change_password(user, &change.old, &change.new, &address)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Work in another tenant that one is a member of.
#[utoipa::path(put, path = "/me/tenant", tag = "account", responses((status = 204)))]
async fn switch_tenant(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Json(choice): Json<TenantChoice>,
) -> Result<StatusCode, Problem> {
    let (user, session) = user_of(&me)?;
    let switched = server
        .access
        .switch_tenant(user, session, TenantId(choice.tenant))
        .await;
    switched.map_err(|error| match error {
        casare_access::AccessError::Unknown => Problem::missing("tenant"),
        error => error.into(),
    })?;
    Ok(StatusCode::NO_CONTENT)
}

/// One's own sessions.
#[utoipa::path(get, path = "/me/sessions", tag = "account",
    responses((status = 200, body = Page<SessionView>)))]
async fn list_sessions(
    State(server): State<Orchestrator>,
    Me(me): Me,
) -> Result<Json<Page<SessionView>>, Problem> {
    let (user, _) = user_of(&me)?;
    let sessions = server.access.sessions(user).await?;
    let view = |session: casare_access::Session| SessionView {
        id: session.id,
        agent: session.agent,
        address: session.address,
        created: session.created_at.into(),
        seen: session.seen_at.into(),
        expires: session.expires_at.into(),
    };
    Ok(Json(whole(sessions.into_iter().map(view).collect())))
}

/// End one of one's own sessions.
#[utoipa::path(delete, path = "/me/sessions/{id}", tag = "account", responses((status = 204)))]
async fn end_session(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let (user, _) = user_of(&me)?;
    let ended = server.access.end_session(user, id).await;
    ended.map_err(|error| match error {
        casare_access::AccessError::Unknown => Problem::missing("session"),
        error => error.into(),
    })?;
    Ok(StatusCode::NO_CONTENT)
}

//! Environments, assets and credentials: what runs find under a name.

use std::collections::BTreeMap;

use axum::{extract::State, http::StatusCode};
use casare_access::{CredentialMeta, NewCredential, Permission};
use casare_store::{Asset, Environment};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{IfMatch, Json, Page, Paging, Path, Query, Tagged, Time, whole};
use crate::{
    Orchestrator, Problem,
    guard::{Me, may},
};

pub(crate) fn routes() -> OpenApiRouter<Orchestrator> {
    OpenApiRouter::new()
        .routes(may(Permission::AssetRead, routes!(list_environments)))
        .routes(may(Permission::AssetWrite, routes!(create_environment)))
        .routes(may(Permission::AssetWrite, routes!(delete_environment)))
        .routes(may(Permission::AssetRead, routes!(list_assets)))
        .routes(may(Permission::AssetRead, routes!(resolve_assets)))
        .routes(may(Permission::AssetWrite, routes!(set_asset)))
        .routes(may(Permission::AssetWrite, routes!(delete_asset)))
        .routes(may(Permission::CredentialRead, routes!(list_credentials)))
        .routes(may(Permission::CredentialRead, routes!(show_credential)))
        .routes(may(Permission::CredentialWrite, routes!(set_credential)))
        .routes(may(Permission::CredentialWrite, routes!(delete_credential)))
}

#[derive(Debug, Serialize, ToSchema)]
struct EnvironmentView {
    name: String,
    /// Where it takes from what it does not say itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    created: Time,
}

#[derive(Debug, Deserialize, ToSchema)]
struct NewEnvironment {
    name: String,
    parent: Option<String>,
    description: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct AssetView {
    name: String,
    /// Empty for the value that counts everywhere else.
    environment: String,
    #[schema(value_type = Object)]
    value: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated: Option<Time>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct In {
    /// The environment; everywhere when nothing is said.
    #[serde(default)]
    environment: String,
}

#[derive(Debug, Deserialize, ToSchema)]
struct NewValue {
    /// Any JSON.
    #[schema(value_type = Object)]
    value: Value,
}

/// A credential, without its values.
#[derive(Debug, Serialize, ToSchema)]
struct CredentialView {
    name: String,
    /// Empty for the one that counts everywhere else.
    environment: String,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// The names of its fields.
    fields: Vec<String>,
    revision: i64,
    updated_by: String,
    updated: Time,
}

#[derive(Debug, Deserialize, ToSchema)]
struct CredentialOrder {
    /// `login`, `token`, …: which fields people expect.
    kind: String,
    description: Option<String>,
    /// Names with values, such as `username` and `password`. Nobody can read the values again.
    #[schema(value_type = BTreeMap<String, String>)]
    fields: BTreeMap<String, SecretString>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Revision {
    revision: i64,
}

fn environment_view(environment: Environment) -> EnvironmentView {
    EnvironmentView {
        name: environment.name,
        parent: environment.parent,
        description: environment.description,
        created: environment.created_at.into(),
    }
}

fn asset_view(asset: Asset) -> AssetView {
    AssetView {
        name: asset.name,
        environment: asset.environment,
        value: asset.value.0,
        revision: Some(asset.revision),
        updated: Some(asset.updated_at.into()),
    }
}

fn credential_view(meta: CredentialMeta) -> CredentialView {
    CredentialView {
        name: meta.name,
        environment: meta.environment,
        kind: meta.kind,
        description: meta.description,
        fields: meta.fields.0,
        revision: meta.revision,
        updated_by: meta.updated_by,
        updated: meta.updated_at.into(),
    }
}

/// Environments.
#[utoipa::path(get, path = "/environments", tag = "values",
    responses((status = 200, body = Page<EnvironmentView>)))]
async fn list_environments(
    State(server): State<Orchestrator>,
    Me(me): Me,
) -> Result<Json<Page<EnvironmentView>>, Problem> {
    let rows = server.store.tenant(me.tenant).environments().await?;
    Ok(Json(whole(
        rows.into_iter().map(environment_view).collect(),
    )))
}

/// Make an environment.
#[utoipa::path(post, path = "/environments", tag = "values", responses((status = 201)))]
async fn create_environment(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Json(new): Json<NewEnvironment>,
) -> Result<StatusCode, Problem> {
    super::name(&new.name)?;
    let tenant = server.store.tenant(me.tenant);
    let mut work = tenant.begin().await?;
    tenant
        .add_environment(
            &mut work,
            &new.name,
            new.parent.as_deref(),
            new.description.as_deref(),
        )
        .await?;
    tenant
        .audit(
            &mut work,
            &me.actor(),
            "environment.create",
            &new.name,
            &json!({}),
        )
        .await?;
    work.commit().await?;
    Ok(StatusCode::CREATED)
}

/// Delete an environment that no other takes from.
#[utoipa::path(delete, path = "/environments/{name}", tag = "values", responses((status = 204)))]
async fn delete_environment(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let tenant = server.store.tenant(me.tenant);
    let mut work = tenant.begin().await?;
    tenant.delete_environment(&mut work, &name).await?;
    tenant
        .audit(
            &mut work,
            &me.actor(),
            "environment.delete",
            &name,
            &json!({}),
        )
        .await?;
    work.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// All assets, with what each environment says.
#[utoipa::path(get, path = "/assets", tag = "values", responses((status = 200, body = Page<AssetView>)))]
async fn list_assets(
    State(server): State<Orchestrator>,
    Me(me): Me,
) -> Result<Json<Page<AssetView>>, Problem> {
    let rows = server.store.tenant(me.tenant).assets().await?;
    Ok(Json(whole(rows.into_iter().map(asset_view).collect())))
}

/// All assets as a run in an environment sees them, and which environment says so.
#[utoipa::path(get, path = "/environments/{name}/assets", tag = "values",
    responses((status = 200, body = Page<AssetView>)))]
async fn resolve_assets(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(name): Path<String>,
) -> Result<Json<Page<AssetView>>, Problem> {
    let tenant = server.store.tenant(me.tenant);
    if !tenant
        .environments()
        .await?
        .iter()
        .any(|one| one.name == name)
    {
        return Err(Problem::missing("environment"));
    }
    let rows = tenant.resolve_assets(&name).await?;
    let view = |row: casare_store::ResolvedAsset| AssetView {
        name: row.name,
        environment: row.environment,
        value: row.value.0,
        revision: None,
        updated: None,
    };
    Ok(Json(whole(rows.into_iter().map(view).collect())))
}

/// Set an asset, everywhere or in an environment.
#[utoipa::path(put, path = "/assets/{name}", tag = "values", params(("name" = String, Path), In),
    responses((status = 200, body = Revision)))]
async fn set_asset(
    State(server): State<Orchestrator>,
    Me(me): Me,
    IfMatch(revision): IfMatch,
    Path(name): Path<String>,
    Query(place): Query<In>,
    Json(new): Json<NewValue>,
) -> Result<Tagged<Revision>, Problem> {
    super::name(&name)?;
    if new.value.to_string().len() > 1 << 20 {
        return Err(Problem::invalid("an asset takes 1 MiB at most"));
    }
    let tenant = server.store.tenant(me.tenant);
    let mut work = tenant.begin().await?;
    let revision = tenant
        .set_asset(&mut work, &place.environment, &name, &new.value, revision)
        .await?;
    let details = json!({ "environment": place.environment, "revision": revision });
    tenant
        .audit(&mut work, &me.actor(), "asset.set", &name, &details)
        .await?;
    work.commit().await?;
    Ok(Tagged(revision, Revision { revision }))
}

/// Delete what an environment says of an asset.
#[utoipa::path(delete, path = "/assets/{name}", tag = "values",
    params(("name" = String, Path), In), responses((status = 204)))]
async fn delete_asset(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(name): Path<String>,
    Query(place): Query<In>,
) -> Result<StatusCode, Problem> {
    let tenant = server.store.tenant(me.tenant);
    let mut work = tenant.begin().await?;
    tenant
        .delete_asset(&mut work, &place.environment, &name)
        .await?;
    let details = json!({ "environment": place.environment });
    tenant
        .audit(&mut work, &me.actor(), "asset.delete", &name, &details)
        .await?;
    work.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which credentials there are; nobody can read their values.
#[utoipa::path(get, path = "/credentials", tag = "values", params(Paging),
    responses((status = 200, body = Page<CredentialView>)))]
async fn list_credentials(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<CredentialView>>, Problem> {
    let after = paging.after()?.unwrap_or_default();
    let (name, environment) = after.split_once('\n').unwrap_or((&after, ""));
    let rows = server
        .vault
        .list(me.tenant, (name, environment), paging.fetch())
        .await?;
    let key = |row: &CredentialMeta| format!("{}\n{}", row.name, row.environment);
    Ok(Json(paging.page(rows, key, credential_view)))
}

/// A credential, without its values.
#[utoipa::path(get, path = "/credentials/{name}", tag = "values",
    params(("name" = String, Path), In), responses((status = 200, body = CredentialView)))]
async fn show_credential(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(name): Path<String>,
    Query(place): Query<In>,
) -> Result<Tagged<CredentialView>, Problem> {
    let found = server
        .vault
        .meta(me.tenant, &place.environment, &name)
        .await?;
    let found = found.ok_or_else(|| Problem::missing("credential"))?;
    Ok(Tagged(found.revision, credential_view(found)))
}

/// Keep a credential, everywhere or in an environment.
#[utoipa::path(put, path = "/credentials/{name}", tag = "values",
    params(("name" = String, Path), In), responses((status = 200, body = Revision)))]
async fn set_credential(
    State(server): State<Orchestrator>,
    Me(me): Me,
    IfMatch(revision): IfMatch,
    Path(name): Path<String>,
    Query(place): Query<In>,
    Json(order): Json<CredentialOrder>,
) -> Result<Tagged<Revision>, Problem> {
    let new = NewCredential {
        environment: place.environment,
        name,
        kind: order.kind,
        description: order.description,
        fields: order.fields,
    };
    let revision = server.vault.set(&me, &new, revision).await?;
    Ok(Tagged(revision, Revision { revision }))
}

/// Delete a credential.
#[utoipa::path(delete, path = "/credentials/{name}", tag = "values",
    params(("name" = String, Path), In), responses((status = 204)))]
async fn delete_credential(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(name): Path<String>,
    Query(place): Query<In>,
) -> Result<StatusCode, Problem> {
    server.vault.delete(&me, &place.environment, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

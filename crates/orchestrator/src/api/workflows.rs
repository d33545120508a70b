//! Workflows and their versions: upload, check, publish, activate, compare, run.

use axum::{extract::State, http::StatusCode};
use casare_access::{Permission, Principal};
use casare_store::{NewVersion, Workflow, WorkflowId, WorkflowVersion};
use casare_workflow::{Document, Source, check, diff::Diff};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{IfMatch, Json, Page, Paging, Path, Query, Tagged, Time};
use crate::{
    Orchestrator, Problem,
    guard::{Me, may},
};

pub(crate) fn routes() -> OpenApiRouter<Orchestrator> {
    OpenApiRouter::new()
        .routes(may(Permission::WorkflowRead, routes!(list_workflows)))
        .routes(may(Permission::WorkflowWrite, routes!(upload_workflow)))
        .routes(may(Permission::WorkflowRead, routes!(check_workflow)))
        .routes(may(Permission::WorkflowRead, routes!(show_workflow)))
        .routes(may(Permission::WorkflowWrite, routes!(delete_workflow)))
        .routes(may(Permission::WorkflowRead, routes!(list_versions)))
        .routes(may(Permission::WorkflowRead, routes!(show_version)))
        .routes(may(Permission::WorkflowPublish, routes!(set_version_state)))
        .routes(may(Permission::WorkflowPublish, routes!(activate_version)))
        .routes(may(Permission::WorkflowPublish, routes!(roll_back)))
        .routes(may(Permission::WorkflowRead, routes!(compare_versions)))
}

/// The largest workflow, in bytes.
pub(super) const LARGEST: usize = 2 << 20;

#[derive(Debug, Serialize, ToSchema)]
struct WorkflowView {
    id: Uuid,
    name: String,
    /// The version that runs when none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    active: Option<i64>,
    revision: i64,
    created: Time,
}

#[derive(Debug, Serialize, ToSchema)]
struct VersionView {
    workflow: Uuid,
    /// Counted from one.
    number: i64,
    /// As people write it: `1.4.0`.
    version: String,
    /// `draft`, `published`, `deprecated` or `archived`.
    state: String,
    /// SHA-256 of the text.
    hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    created_by: String,
    created: Time,
    /// The workflow itself; lists leave it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// What is doubtful in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    warnings: Vec<Value>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct Upload {
    /// The workflow in YAML or JSON.
    text: String,
    /// Such as `1.4.0`; one step after the newest when nothing is said.
    version: Option<String>,
    note: Option<String>,
    /// Publish and activate it, too. Needs `workflow:publish`.
    #[serde(default)]
    publish: bool,
    /// The active version that the text was made from; 0 where there was none. If somebody has
    /// activated another one since, this is refused (412): nothing of theirs is covered up.
    base: Option<i64>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct Draft {
    /// The workflow in YAML or JSON.
    text: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct CheckView {
    valid: bool,
    /// The name that the text gives it, when it can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[schema(value_type = Vec<Object>)]
    problems: Vec<Value>,
}

/// What a version is good for.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum VersionState {
    Draft,
    Published,
    Deprecated,
    Archived,
}

#[derive(Debug, Deserialize, ToSchema)]
struct StateChange {
    state: VersionState,
}

#[derive(Debug, Deserialize, ToSchema)]
struct Activation {
    /// The number of a published version.
    version: i64,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Comparison {
    /// The number of the older version.
    from: i64,
    /// The number of the newer version.
    to: i64,
}

fn workflow_view(workflow: Workflow) -> WorkflowView {
    WorkflowView {
        id: workflow.id.0,
        name: workflow.name,
        active: workflow.active_version,
        revision: workflow.revision,
        created: workflow.created_at.into(),
    }
}

fn version_view(version: WorkflowVersion) -> VersionView {
    VersionView {
        workflow: version.workflow_id.0,
        number: version.number,
        version: version.version,
        state: version.state,
        hash: version.hash,
        note: version.note,
        created_by: version.created_by,
        created: version.created_at.into(),
        text: (!version.text.is_empty()).then_some(version.text),
        warnings: Vec::new(),
    }
}

impl Orchestrator {
    /// A workflow by its id or its name.
    pub(crate) async fn workflow_of(
        &self,
        me: &Principal,
        text: &str,
    ) -> Result<Workflow, Problem> {
        let tenant = self.store.tenant(me.tenant);
        let found = match text.parse::<Uuid>() {
            Ok(id) => tenant.workflow(WorkflowId(id)).await?,
            Err(_) if text.contains('\0') => None,
            Err(_) => tenant.workflow_named(text).await?,
        };
        found.ok_or_else(|| Problem::missing("workflow"))
    }
}

/// What a text comes to: its name and what is wrong with it.
struct Checked {
    name: Option<String>,
    valid: bool,
    problems: Vec<Value>,
}

fn checked(server: &Orchestrator, text: &str) -> Result<Checked, Problem> {
    if text.len() > LARGEST {
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "a workflow takes 2 MiB at most",
        ));
    }
    if text.contains('\0') {
        return Err(Problem::invalid("the text holds a character that is none"));
    }
    let list = |list: casare_workflow::ProblemList| match list.to_json() {
        Value::Array(problems) => problems,
        other => vec![other],
    };
    let (workflow, source) = match Source::read("workflow.yaml", text) {
        Ok(read) => read,
        Err(problems) => {
            return Ok(Checked {
                name: None,
                valid: false,
                problems: list(problems),
            });
        }
    };
    let problems = check(&workflow, &source, &*server.settings.catalogue);
    let valid = !problems
        .iter()
        .any(|problem| problem.severity == casare_workflow::Severity::Error);
    Ok(Checked {
        name: Some(workflow.name),
        valid,
        problems: list(source.problems(problems)),
    })
}

/// Workflows by name.
#[utoipa::path(get, path = "/workflows", tag = "workflows", params(Paging),
    responses((status = 200, body = Page<WorkflowView>)))]
async fn list_workflows(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<WorkflowView>>, Problem> {
    let after = paging.after()?.unwrap_or_default();
    let tenant = server.store.tenant(me.tenant);
    let rows = tenant.workflows(&after, paging.fetch()).await?;
    Ok(Json(paging.page(
        rows,
        |row| row.name.clone(),
        workflow_view,
    )))
}

/// Upload a workflow: a new version of the one that has its name. One that is invalid is refused
/// with everything that is wrong. The same text again answers the version that is there.
#[utoipa::path(post, path = "/workflows", tag = "workflows",
    responses((status = 201, body = VersionView), (status = 200, body = VersionView)))]
async fn upload_workflow(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Json(upload): Json<Upload>,
) -> Result<(StatusCode, Json<VersionView>), Problem> {
    if upload.publish {
        me.require(Permission::WorkflowPublish)?;
    }
    let found = checked(&server, &upload.text)?;
    let (true, Some(name)) = (found.valid, found.name) else {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_workflow",
            "the workflow is not valid",
        )
        .with_help("correct what `problems` lists; `casare check` shows the same")
        .with_problems(found.problems));
    };
    if name.trim().is_empty() || name.len() > 200 {
        return Err(Problem::invalid("its name must have 1 to 200 bytes"));
    }
    let hash: String = Sha256::digest(upload.text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let tenant = server.store.tenant(me.tenant);
    let known = tenant.workflow_named(&name).await?;
    let newest = match &known {
        Some(known) => tenant.versions(known.id, None, 1).await?.pop(),
        None => None,
    };
    let mut work = tenant.begin().await?;
    let workflow = tenant.workflow_for(&mut work, &name).await?;
    if let (Some(base), Some(newer)) = (upload.base, workflow.active_version)
        && newer != base
    {
        return Err(casare_store::DatabaseError::Changed {
            what: "workflow",
            found: newer,
        }
        .into());
    }
    let same = newest
        .as_ref()
        .filter(|newest| newest.hash == hash && upload.version.is_none());
    let number = if let Some(same) = same {
        same.number
    } else {
        let version = match upload.version {
            Some(version) => semantic(&version)?,
            None => next_version(newest.as_ref().map(|newest| newest.version.as_str())),
        };
        let new = NewVersion {
            version,
            hash,
            text: upload.text,
            note: upload.note,
            created_by: me.actor(),
        };
        tenant.add_version(&mut work, workflow.id, &new).await?
    };
    if upload.publish {
        tenant
            .set_version_state(&mut work, workflow.id, number, "published")
            .await?;
        tenant.activate(&mut work, workflow.id, number).await?;
    }
    let details = json!({ "version": number, "publish": upload.publish });
    tenant
        .audit(&mut work, &me.actor(), "workflow.upload", &name, &details)
        .await?;
    work.tell(
        Some(me.tenant),
        "workflows",
        json!({ "workflow": workflow.id, "version": number }),
        server.queue.now(),
    )
    .await?;
    work.commit().await?;
    let version = tenant.version(workflow.id, number).await?;
    let mut view = version_view(version.ok_or_else(|| Problem::missing("version"))?);
    view.text = None;
    view.warnings = found.problems;
    let status = if same.is_some() {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Ok((status, Json(view)))
}

/// Three numbers, as semantic versions have them.
fn semantic(text: &str) -> Result<String, Problem> {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<_> = core.split('.').map(str::parse::<u32>).collect();
    if numbers.len() == 3 && numbers.iter().all(Result::is_ok) && text.len() <= 64 {
        return Ok(text.to_owned());
    }
    Err(Problem::invalid("`version` must look like `1.4.0`"))
}

fn next_version(newest: Option<&str>) -> String {
    let next = newest.and_then(|newest| {
        let core = newest.split(['-', '+']).next()?;
        let (rest, last) = core.rsplit_once('.')?;
        Some(format!(
            "{rest}.{}",
            last.parse::<u32>().ok()?.checked_add(1)?
        ))
    });
    next.unwrap_or_else(|| "1.0.0".to_owned())
}

/// Check a workflow without keeping it.
#[utoipa::path(post, path = "/workflows/check", tag = "workflows",
    responses((status = 200, body = CheckView)))]
async fn check_workflow(
    State(server): State<Orchestrator>,
    Json(draft): Json<Draft>,
) -> Result<Json<CheckView>, Problem> {
    let found = checked(&server, &draft.text)?;
    Ok(Json(CheckView {
        valid: found.valid,
        name: found.name,
        problems: found.problems,
    }))
}

/// A workflow, by its id or name.
#[utoipa::path(get, path = "/workflows/{workflow}", tag = "workflows",
    params(("workflow" = String, Path, description = "Id or name")),
    responses((status = 200, body = WorkflowView)))]
async fn show_workflow(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(workflow): Path<String>,
) -> Result<Tagged<WorkflowView>, Problem> {
    let found = server.workflow_of(&me, &workflow).await?;
    Ok(Tagged(found.revision, workflow_view(found)))
}

/// Delete a workflow with all its versions. Jobs that wait for it will fail.
#[utoipa::path(delete, path = "/workflows/{workflow}", tag = "workflows",
    params(("workflow" = String, Path, description = "Id or name")),
    responses((status = 204)))]
async fn delete_workflow(
    State(server): State<Orchestrator>,
    Me(me): Me,
    IfMatch(revision): IfMatch,
    Path(workflow): Path<String>,
) -> Result<StatusCode, Problem> {
    let found = server.workflow_of(&me, &workflow).await?;
    unchanged(revision, found.revision)?;
    let tenant = server.store.tenant(me.tenant);
    let mut work = tenant.begin().await?;
    tenant.delete_workflow(&mut work, found.id).await?;
    tenant
        .audit(
            &mut work,
            &me.actor(),
            "workflow.delete",
            &found.name,
            &json!({}),
        )
        .await?;
    work.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `Changed` unless it is still at the revision that the caller read.
pub(crate) fn unchanged(wanted: Option<i64>, found: i64) -> Result<(), Problem> {
    if wanted.is_none_or(|wanted| wanted == found) {
        return Ok(());
    }
    Err(casare_store::DatabaseError::Changed {
        what: "resource",
        found,
    }
    .into())
}

/// Versions of a workflow, the newest first, without their texts.
#[utoipa::path(get, path = "/workflows/{workflow}/versions", tag = "workflows",
    params(("workflow" = String, Path, description = "Id or name"), Paging),
    responses((status = 200, body = Page<VersionView>)))]
async fn list_versions(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(workflow): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<VersionView>>, Problem> {
    let found = server.workflow_of(&me, &workflow).await?;
    let before = paging.after_parsed()?;
    let tenant = server.store.tenant(me.tenant);
    let rows = tenant.versions(found.id, before, paging.fetch()).await?;
    Ok(Json(paging.page(
        rows,
        |row| row.number.to_string(),
        version_view,
    )))
}

/// A version with its text.
#[utoipa::path(get, path = "/workflows/{workflow}/versions/{number}", tag = "workflows",
    params(("workflow" = String, Path, description = "Id or name"), ("number" = i64, Path)),
    responses((status = 200, body = VersionView)))]
async fn show_version(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path((workflow, number)): Path<(String, i64)>,
) -> Result<Json<VersionView>, Problem> {
    let found = server.workflow_of(&me, &workflow).await?;
    Ok(Json(version_view(
        server.version(&me, found.id, number).await?,
    )))
}

impl Orchestrator {
    async fn version(
        &self,
        me: &Principal,
        workflow: WorkflowId,
        number: i64,
    ) -> Result<WorkflowVersion, Problem> {
        let found = self
            .store
            .tenant(me.tenant)
            .version(workflow, number)
            .await?;
        found.ok_or_else(|| Problem::missing("version"))
    }
}

/// Publish, deprecate or archive a version.
#[utoipa::path(put, path = "/workflows/{workflow}/versions/{number}/state", tag = "workflows",
    params(("workflow" = String, Path, description = "Id or name"), ("number" = i64, Path)),
    responses((status = 204)))]
async fn set_version_state(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path((workflow, number)): Path<(String, i64)>,
    Json(change): Json<StateChange>,
) -> Result<StatusCode, Problem> {
    let found = server.workflow_of(&me, &workflow).await?;
    if found.active_version == Some(number) && !matches!(change.state, VersionState::Published) {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "wrong_state",
            "this version is the active one",
        )
        .with_help("activate another one first"));
    }
    let state = match change.state {
        VersionState::Draft => "draft",
        VersionState::Published => "published",
        VersionState::Deprecated => "deprecated",
        VersionState::Archived => "archived",
    };
    let tenant = server.store.tenant(me.tenant);
    let mut work = tenant.begin().await?;
    tenant
        .set_version_state(&mut work, found.id, number, state)
        .await?;
    let details = json!({ "version": number, "state": state });
    tenant
        .audit(
            &mut work,
            &me.actor(),
            "workflow.state",
            &found.name,
            &details,
        )
        .await?;
    work.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make a published version the one that runs; an older one, too.
#[utoipa::path(put, path = "/workflows/{workflow}/active", tag = "workflows",
    params(("workflow" = String, Path, description = "Id or name")),
    responses((status = 204)))]
async fn activate_version(
    State(server): State<Orchestrator>,
    Me(me): Me,
    IfMatch(revision): IfMatch,
    Path(workflow): Path<String>,
    Json(activation): Json<Activation>,
) -> Result<StatusCode, Problem> {
    let found = server.workflow_of(&me, &workflow).await?;
    unchanged(revision, found.revision)?;
    server.activate(&me, &found, activation.version).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Orchestrator {
    async fn activate(
        &self,
        me: &Principal,
        workflow: &Workflow,
        number: i64,
    ) -> Result<(), Problem> {
        let tenant = self.store.tenant(me.tenant);
        let mut work = tenant.begin().await?;
        tenant.activate(&mut work, workflow.id, number).await?;
        let details = json!({ "version": number, "before": workflow.active_version });
        tenant
            .audit(
                &mut work,
                &me.actor(),
                "workflow.activate",
                &workflow.name,
                &details,
            )
            .await?;
        Ok(work.commit().await?)
    }
}

/// Make the published version before the active one the one that runs.
#[utoipa::path(post, path = "/workflows/{workflow}/roll-back", tag = "workflows",
    params(("workflow" = String, Path, description = "Id or name")),
    responses((status = 200, body = VersionView)))]
async fn roll_back(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(workflow): Path<String>,
) -> Result<Json<VersionView>, Problem> {
    let found = server.workflow_of(&me, &workflow).await?;
    let tenant = server.store.tenant(me.tenant);
    let mut before = found.active_version;
    loop {
        let versions = tenant.versions(found.id, before, 100).await?;
        if let Some(earlier) = versions.iter().find(|version| version.state == "published") {
            server.activate(&me, &found, earlier.number).await?;
            return Ok(Json(version_view(earlier.clone())));
        }
        match versions.last() {
            Some(last) => before = Some(last.number),
            None => {
                return Err(Problem::new(
                    StatusCode::CONFLICT,
                    "wrong_state",
                    "there is no published version before this one",
                ));
            }
        }
    }
}

/// What changed from one version to another.
#[utoipa::path(get, path = "/workflows/{workflow}/diff", tag = "workflows",
    params(("workflow" = String, Path, description = "Id or name"), Comparison),
    responses((status = 200, body = Object)))]
async fn compare_versions(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(workflow): Path<String>,
    Query(comparison): Query<Comparison>,
) -> Result<Json<Value>, Problem> {
    let found = server.workflow_of(&me, &workflow).await?;
    let old = server.version(&me, found.id, comparison.from).await?;
    let new = server.version(&me, found.id, comparison.to).await?;
    let parse = |version: &WorkflowVersion| {
        Document::parse("workflow.yaml", &version.text)
            .map_err(|_| Problem::invalid("a version cannot be read any more"))
    };
    let (old_document, new_document) = (parse(&old)?, parse(&new)?);
    let diff = Diff::between((&old.text, &old_document), (&new.text, &new_document));
    Ok(Json(diff.to_json()))
}

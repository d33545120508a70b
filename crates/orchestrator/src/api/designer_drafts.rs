//! Drafts: what somebody works on in the designer, kept as they type, seen by nobody's runs.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use casare_access::{Permission, Principal};
use casare_store::{DatabaseError, Moment, execute, fetch_all, fetch_optional, row, statements};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{IfMatch, Json, Page, Path, Tagged, Time, whole, workflows};
use crate::{
    Orchestrator, Problem,
    guard::{Me, may},
};

pub(crate) fn routes() -> OpenApiRouter<Orchestrator> {
    OpenApiRouter::new()
        .routes(may(Permission::WorkflowRead, routes!(list_drafts)))
        .routes(may(Permission::WorkflowRead, routes!(show_draft)))
        .routes(may(Permission::WorkflowWrite, routes!(keep_draft)))
        .routes(may(Permission::WorkflowWrite, routes!(drop_draft)))
}

row! {
    #[derive(Debug)]
    struct Draft {
        base: Option<i64>,
        text: String,
        revision: i64,
        changed_at: Moment,
    }
    #[derive(Debug)]
    struct OpenDraft {
        owner: String,
        actor: String,
        base: Option<i64>,
        changed_at: Moment,
    }
}

statements! {
    DRAFT: "SELECT base, text, revision, changed_at FROM drafts
        WHERE tenant_id = $1 AND owner = $2 AND workflow = $3";
    DRAFTS: "SELECT owner, actor, base, changed_at FROM drafts
        WHERE tenant_id = $1 AND workflow = $2 ORDER BY changed_at DESC, owner LIMIT 100";
    BEGIN_DRAFT: "INSERT INTO drafts (tenant_id, owner, workflow, actor, base, text, revision, changed_at)
        VALUES ($1, $2, $3, $4, $5, $6, 1, $7) ON CONFLICT (tenant_id, owner, workflow) DO NOTHING";
    /// Only if it still is at the revision that was read.
    CHANGE_DRAFT: "UPDATE drafts SET base = $5, text = $6, revision = revision + 1, changed_at = $7
        WHERE tenant_id = $1 AND owner = $2 AND workflow = $3 AND revision = $4";
    DROP_DRAFT: "DELETE FROM drafts WHERE tenant_id = $1 AND owner = $2 AND workflow = $3";
}

/// A draft of one's own.
#[derive(Debug, Serialize, ToSchema)]
struct DraftView {
    /// The version that it began from.
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<i64>,
    /// The workflow as it is being written; it need not be valid.
    text: String,
    revision: i64,
    changed: Time,
}

/// That somebody has a draft.
#[derive(Debug, Serialize, ToSchema)]
struct OpenDraftView {
    /// Whose it is.
    who: String,
    /// Whether it is the caller's own.
    mine: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<i64>,
    changed: Time,
}

/// What to keep.
#[derive(Debug, Deserialize, ToSchema)]
struct DraftText {
    /// The version that it began from.
    base: Option<i64>,
    /// The workflow as it is being written; it need not be valid.
    text: String,
}

/// How a draft stands after it was kept.
#[derive(Debug, Serialize, ToSchema)]
struct KeptDraft {
    revision: i64,
    changed: Time,
}

/// The name under which drafts of a workflow are kept: that of the workflow, or the one it will have.
async fn subject(server: &Orchestrator, me: &Principal, text: &str) -> Result<String, Problem> {
    if text.parse::<Uuid>().is_ok() {
        return Ok(server.workflow_of(me, text).await?.name);
    }
    super::name(text)?;
    Ok(text.to_owned())
}

async fn found(
    server: &Orchestrator,
    me: &Principal,
    workflow: &str,
) -> Result<Option<Draft>, Problem> {
    let mut reader = server.store.tenant(me.tenant).reader().await?;
    let owner = me.identity();
    Ok(fetch_optional!(
        reader.link(),
        Draft,
        DRAFT,
        me.tenant,
        owner.as_str(),
        workflow
    )?)
}

/// Who has a draft of a workflow, the newest first.
#[utoipa::path(get, path = "/workflows/{workflow}/drafts", tag = "designer",
    params(("workflow" = String, Path, description = "Id, or name of one that there is or will be")),
    responses((status = 200, body = Page<OpenDraftView>)))]
async fn list_drafts(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(workflow): Path<String>,
) -> Result<Json<Page<OpenDraftView>>, Problem> {
    let workflow = subject(&server, &me, &workflow).await?;
    let mut reader = server.store.tenant(me.tenant).reader().await?;
    let rows: Vec<OpenDraft> = fetch_all!(
        reader.link(),
        OpenDraft,
        DRAFTS,
        me.tenant,
        workflow.as_str()
    )?;
    let identity = me.identity();
    let views = rows.into_iter().map(|row| OpenDraftView {
        mine: row.owner == identity,
        who: row.actor,
        base: row.base,
        changed: row.changed_at.into(),
    });
    Ok(Json(whole(views.collect())))
}

/// One's own draft of a workflow.
#[utoipa::path(get, path = "/workflows/{workflow}/draft", tag = "designer",
    params(("workflow" = String, Path, description = "Id, or name of one that there is or will be")),
    responses((status = 200, body = DraftView)))]
async fn show_draft(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(workflow): Path<String>,
) -> Result<Tagged<DraftView>, Problem> {
    let workflow = subject(&server, &me, &workflow).await?;
    let draft = found(&server, &me, &workflow).await?;
    let draft = draft.ok_or_else(|| Problem::missing("draft"))?;
    let view = DraftView {
        base: draft.base,
        text: draft.text,
        revision: draft.revision,
        changed: draft.changed_at.into(),
    };
    Ok(Tagged(view.revision, view))
}

/// Keep one's own draft of a workflow, whatever is written in it. `If-None-Match: *` begins one,
/// `If-Match` goes on with the one that was read, so that two windows do not overwrite each other.
#[utoipa::path(put, path = "/workflows/{workflow}/draft", tag = "designer",
    params(("workflow" = String, Path, description = "Id, or name of one that there is or will be")),
    responses((status = 200, body = KeptDraft)))]
async fn keep_draft(
    State(server): State<Orchestrator>,
    Me(me): Me,
    IfMatch(revision): IfMatch,
    headers: HeaderMap,
    Path(workflow): Path<String>,
    Json(draft): Json<DraftText>,
) -> Result<Json<KeptDraft>, Problem> {
    if draft.text.len() > workflows::LARGEST {
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "a workflow takes 2 MiB at most",
        ));
    }
    let workflow = subject(&server, &me, &workflow).await?;
    let known = found(&server, &me, &workflow).await?;
    let before = known.as_ref().map_or(0, |known| known.revision);
    let is_first = headers.contains_key(header::IF_NONE_MATCH);
    if revision.is_some_and(|revision| revision != before) || (is_first && before != 0) {
        return Err(changed(before));
    }
    let now = server.queue.now();
    let tenant = server.store.tenant(me.tenant);
    let owner = me.identity();
    let mut work = tenant.begin().await?;
    let written = if known.is_some() {
        execute!(
            work.link(),
            CHANGE_DRAFT,
            me.tenant,
            owner.as_str(),
            workflow.as_str(),
            before,
            draft.base,
            draft.text.as_str(),
            now
        )?
    } else {
        execute!(
            work.link(),
            BEGIN_DRAFT,
            me.tenant,
            owner.as_str(),
            workflow.as_str(),
            me.actor(),
            draft.base,
            draft.text.as_str(),
            now
        )?
    };
    if written == 0 {
        return Err(changed(before));
    }
    tell(&mut work, &me, &workflow, now).await?;
    work.commit().await?;
    Ok(Json(KeptDraft {
        revision: before + 1,
        changed: now.into(),
    }))
}

fn changed(found: i64) -> Problem {
    DatabaseError::Changed {
        what: "draft",
        found,
    }
    .into()
}

/// Others see that somebody works on the workflow, never what.
async fn tell(
    work: &mut casare_store::Work,
    me: &Principal,
    workflow: &str,
    now: Moment,
) -> Result<(), DatabaseError> {
    let said = json!({ "draft": workflow, "who": me.actor() });
    work.tell(Some(me.tenant), "drafts", said, now).await
}

/// Throw one's own draft of a workflow away.
#[utoipa::path(delete, path = "/workflows/{workflow}/draft", tag = "designer",
    params(("workflow" = String, Path, description = "Id, or name of one that there is or will be")),
    responses((status = 204)))]
async fn drop_draft(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(workflow): Path<String>,
) -> Result<StatusCode, Problem> {
    let workflow = subject(&server, &me, &workflow).await?;
    let tenant = server.store.tenant(me.tenant);
    let owner = me.identity();
    let mut work = tenant.begin().await?;
    let dropped = execute!(
        work.link(),
        DROP_DRAFT,
        me.tenant,
        owner.as_str(),
        workflow.as_str()
    )?;
    if dropped == 0 {
        return Err(Problem::missing("draft"));
    }
    tell(&mut work, &me, &workflow, server.queue.now()).await?;
    work.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

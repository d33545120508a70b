//! Triggers, and the calls from outside that they are for.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use casare_access::{Permission, Principal};
use casare_connectors::MailboxAccess;
use casare_files::Pattern;
use casare_queue::JobState;
use casare_store::{JobId, TenantId, Trigger, TriggerId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::types::Json as Column;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{IfMatch, Json, Page, Paging, Path, Query, Tagged, Time, workflows::unchanged};
use crate::{
    Orchestrator, Problem,
    guard::{Me, may, open},
    triggers::{self, Armed, Arrival, Delivery, Design, Source},
};

pub(crate) fn routes() -> OpenApiRouter<Orchestrator> {
    OpenApiRouter::new()
        .routes(may(Permission::TriggerRead, routes!(list_triggers)))
        .routes(may(Permission::TriggerWrite, routes!(create_trigger)))
        .routes(may(Permission::TriggerRead, routes!(show_trigger)))
        .routes(may(Permission::TriggerWrite, routes!(change_trigger)))
        .routes(may(Permission::TriggerWrite, routes!(delete_trigger)))
        .routes(may(Permission::TriggerRead, routes!(list_deliveries)))
        .routes(may(Permission::JobControl, routes!(repeat_delivery)))
        // Who calls shows that they may as the trigger says.
        .routes(open(routes!(receive_call)))
}

/// What a call may send, in bytes.
const LARGEST: usize = 1 << 20;

#[derive(Debug, Serialize, ToSchema)]
struct TriggerView {
    id: Uuid,
    name: String,
    workflow: Uuid,
    enabled: bool,
    /// Secrets are left out.
    design: Design,
    /// Where webhooks are called, and forms are filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// Why what is to be watched can't be watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    revision: i64,
    created: Time,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TriggerOrder {
    name: String,
    /// What is run: id or name.
    workflow: String,
    #[serde(default = "yes")]
    enabled: bool,
    design: Design,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Serialize, ToSchema)]
struct DeliveryView {
    id: Uuid,
    at: Time,
    /// `started`, `repeated` (it had come before), `gathered` (it waits for more), `filtered`, `refused`, or `settled`
    /// (it was refused, and has become a run after all).
    outcome: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// What a call came to.
#[derive(Debug, Serialize, ToSchema)]
struct CallView {
    /// Nothing when the filter of the trigger kept it from starting.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    outputs: Option<Value>,
}

fn view(server: &Orchestrator, trigger: Trigger) -> Result<TriggerView, Problem> {
    let mut design = Design::of(&trigger)
        .ok_or_else(|| Problem::invalid("the trigger was written by another version"))?;
    let mut url = None;
    if let Source::Webhook { auth, .. } = &mut design.source {
        auth.hide();
        let base = server.settings.public_url.trim_end_matches('/');
        url = Some(format!("{base}/api/v1/webhooks/{}", trigger.id));
    }
    if let Source::Form { .. } = &design.source {
        let base = server.settings.public_url.trim_end_matches('/');
        url = Some(format!("{base}/forms/{}", trigger.id));
    }
    Ok(TriggerView {
        id: trigger.id.0,
        name: trigger.name,
        workflow: trigger.workflow_id.0,
        enabled: trigger.enabled,
        design,
        url,
        problem: None,
        revision: trigger.revision,
        created: trigger.created_at.into(),
    })
}

/// What the secrets of a trigger are sealed under.
fn sealed_as(id: TriggerId) -> String {
    format!("trigger {id}")
}

impl Orchestrator {
    async fn trigger_of(&self, me: &Principal, id: Uuid) -> Result<Trigger, Problem> {
        let tenant = self.store.tenant(me.tenant);
        let found = tenant.trigger(TriggerId(id)).await?;
        found.ok_or_else(|| Problem::missing("trigger"))
    }

    async fn trigger_row(
        &self,
        me: &Principal,
        id: TriggerId,
        revision: i64,
        mut order: TriggerOrder,
    ) -> Result<Trigger, Problem> {
        super::name(&order.name)?;
        let workflow = self.workflow_of(me, &order.workflow).await?;
        super::jobs::new_job(workflow.id, order.design.order.clone())?;
        if order.design.inputs.len() > 200 || order.design.filter.len() > 50 {
            return Err(Problem::invalid("too many inputs or filters"));
        }
        if order
            .design
            .gather_s
            .is_some_and(|s| !(1..=86_400).contains(&s))
        {
            return Err(Problem::invalid("`gather_s` is 1 to 86400"));
        }
        match &mut order.design.source {
            Source::Webhook { auth, wait_s } => {
                if *wait_s > 60 {
                    return Err(Problem::invalid("`wait_s` is 60 at most"));
                }
                if *wait_s > 0 && order.design.gather_s.is_some() {
                    return Err(Problem::invalid(
                        "a call can't wait for a run that waits for more calls",
                    )
                    .with_help("leave out `wait_s` or `gather_s`"));
                }
                auth.secret()
                    .seal(&self.vault, me.tenant, &sealed_as(id))
                    .await?;
            }
            Source::File {
                folder,
                pattern,
                every_s,
                ..
            } => {
                *folder = triggers::may_watch(folder, &self.settings.watched)
                    .map_err(|why| Problem::invalid(format!("`folder`: {why}")))?;
                Pattern::new(pattern).map_err(|error| Problem::invalid(error.to_string()))?;
                if !(1..=86_400).contains(every_s) {
                    return Err(Problem::invalid("`every_s` is 1 to 86400"));
                }
            }
            Source::Mail {
                server,
                security,
                credential,
                folder,
            } => {
                let access = MailboxAccess {
                    server,
                    security: security.as_deref(),
                    username: "",
                    password: None,
                    token: None,
                };
                access
                    .host()
                    .map_err(|error| Problem::invalid(error.to_string()))?;
                super::name(credential)?;
                super::name(folder)?;
            }
            Source::Queue {
                queue,
                items_per_run,
                most_runs,
            } => {
                if !(1..=10_000).contains(items_per_run) || !(1..=100).contains(most_runs) {
                    return Err(Problem::invalid(
                        "`items_per_run` is 1 to 10000, `most_runs` 1 to 100",
                    ));
                }
                *queue = self
                    .queue
                    .transactions(me.tenant)
                    .get(queue)
                    .await?
                    .id
                    .to_string();
                if order.design.gather_s.is_some() {
                    return Err(Problem::invalid("items of a queue are not gathered")
                        .with_help("say with `items_per_run` how many are for one run"));
                }
            }
            Source::Notify {
                credential,
                channel,
            } => {
                super::name(credential)?;
                super::name(channel)?;
            }
            Source::Form { title, help, .. } => {
                if title.len() > 200 || help.len() > 10_000 {
                    return Err(Problem::invalid(
                        "`title` has 200 bytes at most, `help` 10000",
                    ));
                }
            }
            Source::RunFinished {
                workflow: awaited,
                states,
            } => {
                let found = self.workflow_of(me, awaited).await?;
                if found.id == workflow.id {
                    return Err(Problem::invalid(
                        "a workflow that starts itself would never stop",
                    ));
                }
                *awaited = found.id.to_string();
                let end = |state: &String| state.parse::<JobState>().is_ok_and(JobState::is_end);
                if states.is_empty() || !states.iter().all(end) {
                    return Err(Problem::invalid(
                        "`states` are of succeeded, failed, cancelled and dead",
                    ));
                }
            }
        }
        Ok(Trigger {
            id,
            name: order.name,
            kind: order.design.kind().to_owned(),
            workflow_id: workflow.id,
            spec: Column(serde_json::to_value(&order.design).unwrap_or_default()),
            enabled: order.enabled,
            revision,
            created_at: self.queue.now(),
        })
    }
}

/// Triggers by name.
#[utoipa::path(get, path = "/triggers", tag = "triggers", params(Paging),
    responses((status = 200, body = Page<TriggerView>)))]
async fn list_triggers(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<TriggerView>>, Problem> {
    let after = paging.after()?.unwrap_or_default();
    let tenant = server.store.tenant(me.tenant);
    let rows = tenant.triggers(&after, paging.fetch()).await?;
    let mut problems = triggers::problems(&server.store, me.tenant).await?;
    let views = rows.into_iter().map(|row| {
        let problem = problems.remove(&row.id);
        Ok(TriggerView {
            problem,
            ..view(&server, row)?
        })
    });
    let views = views.collect::<Result<Vec<_>, Problem>>()?;
    Ok(Json(paging.page(views, |one| one.name.clone(), |one| one)))
}

/// Make a trigger.
#[utoipa::path(post, path = "/triggers", tag = "triggers",
    responses((status = 201, body = TriggerView)))]
async fn create_trigger(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Json(order): Json<TriggerOrder>,
) -> Result<(StatusCode, Tagged<TriggerView>), Problem> {
    let id = TriggerId::new(server.queue.now());
    let row = server.trigger_row(&me, id, 1, order).await?;
    let tenant = server.store.tenant(me.tenant);
    let mut work = tenant.begin().await?;
    tenant.add_trigger(&mut work, &row).await?;
    let details = json!({ "name": row.name });
    tenant
        .audit(
            &mut work,
            &me.actor(),
            "trigger.create",
            &id.to_string(),
            &details,
        )
        .await?;
    work.commit().await?;
    Ok((StatusCode::CREATED, Tagged(1, view(&server, row)?)))
}

/// A trigger.
#[utoipa::path(get, path = "/triggers/{id}", tag = "triggers",
    responses((status = 200, body = TriggerView)))]
async fn show_trigger(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
) -> Result<Tagged<TriggerView>, Problem> {
    let found = server.trigger_of(&me, id).await?;
    let standing = triggers::standing(&server.store, found.id).await?;
    let revision = found.revision;
    let mut shown = view(&server, found)?;
    shown.problem = standing.and_then(|standing| standing.problem);
    Ok(Tagged(revision, shown))
}

/// Change a trigger; a secret that is left empty stays as it is.
#[utoipa::path(put, path = "/triggers/{id}", tag = "triggers",
    responses((status = 200, body = TriggerView)))]
async fn change_trigger(
    State(server): State<Orchestrator>,
    Me(me): Me,
    IfMatch(revision): IfMatch,
    Path(id): Path<Uuid>,
    Json(mut order): Json<TriggerOrder>,
) -> Result<Tagged<TriggerView>, Problem> {
    let found = server.trigger_of(&me, id).await?;
    unchanged(revision, found.revision)?;
    let mut before = Design::of(&found);
    if let Some(Source::Webhook { auth: kept, .. }) = before.as_mut().map(|kept| &mut kept.source)
        && let Source::Webhook { auth, .. } = &mut order.design.source
    {
        auth.keep(kept);
    }
    let mut row = server
        .trigger_row(&me, found.id, found.revision, order)
        .await?;
    row.created_at = found.created_at;
    let tenant = server.store.tenant(me.tenant);
    let mut work = tenant.begin().await?;
    tenant.change_trigger(&mut work, &row).await?;
    let details = json!({ "name": row.name, "enabled": row.enabled });
    tenant
        .audit(
            &mut work,
            &me.actor(),
            "trigger.change",
            &id.to_string(),
            &details,
        )
        .await?;
    work.commit().await?;
    row.revision += 1;
    Ok(Tagged(row.revision, view(&server, row)?))
}

/// Delete a trigger.
#[utoipa::path(delete, path = "/triggers/{id}", tag = "triggers", responses((status = 204)))]
async fn delete_trigger(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let tenant = server.store.tenant(me.tenant);
    let mut work = tenant.begin().await?;
    tenant.delete_trigger(&mut work, TriggerId(id)).await?;
    tenant
        .audit(
            &mut work,
            &me.actor(),
            "trigger.delete",
            &id.to_string(),
            &json!({}),
        )
        .await?;
    work.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What came to a trigger, and what became of it, the latest first.
#[utoipa::path(get, path = "/triggers/{id}/deliveries", tag = "triggers",
    params(("id" = Uuid, Path), Paging), responses((status = 200, body = Page<DeliveryView>)))]
async fn list_deliveries(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<DeliveryView>>, Problem> {
    let trigger = server.trigger_of(&me, id).await?;
    let before = paging.after_id()?;
    let rows =
        triggers::deliveries(&server.store, me.tenant, trigger.id, before, paging.fetch()).await?;
    let view = |row: Delivery| DeliveryView {
        id: row.id,
        at: row.at.into(),
        outcome: row.outcome,
        job: row.job_id.map(|job| job.0),
        detail: row.detail,
    };
    Ok(Json(paging.page(rows, |row| row.id.to_string(), view)))
}

/// Try again what was refused, with the trigger and the workflow as they are now.
#[utoipa::path(post, path = "/triggers/{id}/deliveries/{delivery}/repeat", tag = "triggers",
    params(("id" = Uuid, Path), ("delivery" = Uuid, Path)), responses((status = 202, body = CallView)))]
async fn repeat_delivery(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path((id, delivery)): Path<(Uuid, Uuid)>,
) -> Result<(StatusCode, Json<CallView>), Problem> {
    let trigger = server.trigger_of(&me, id).await?;
    let armed = Armed::of(me.tenant, trigger)
        .ok_or_else(|| Problem::invalid("the trigger was written by another version"))?;
    let found = triggers::refused(&server.store, me.tenant, armed.id(), delivery).await?;
    let came = found
        .and_then(|found| found.came)
        .ok_or_else(|| Problem::missing("refused delivery"))?;
    let key = format!("repeated:{delivery}");
    let became = server.start_for(&armed, &came.0, Some(&key)).await?;
    let job = became.job();
    triggers::settle_refused(&server.store, me.tenant, delivery, job).await?;
    let view = CallView {
        job: job.map(|job| job.0),
        state: None,
        outputs: None,
    };
    Ok((StatusCode::ACCEPTED, Json(view)))
}

/// Call a webhook. The same `Idempotency-Key` starts one run, however often it comes.
#[utoipa::path(method(post, put, get), path = "/webhooks/{id}", operation_id = "receive_call",
    tag = "triggers", params(("id" = Uuid, Path)),
    request_body(content = Object, description = "Anything; JSON can be mapped to inputs"),
    responses((status = 200, body = CallView), (status = 202, body = CallView)))]
async fn receive_call(
    State(server): State<Orchestrator>,
    method: Method,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    Path(id): Path<Uuid>,
    body: Bytes,
) -> Result<Response, Problem> {
    let armed = server.armed(TriggerId(id), "webhook").await?;
    let Source::Webhook { auth, wait_s } = &armed.design.source else {
        return Err(Problem::missing("webhook"));
    };
    let name = sealed_as(armed.id());
    if !triggers::admitted(auth, &server.vault, armed.tenant, &name, &headers, &body).await? {
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "unknown_credentials",
            "the call does not show that it may",
        ));
    }
    let key = headers.get("idempotency-key").or(headers.get("webhook-id"));
    let key = key
        .and_then(|key| key.to_str().ok())
        .filter(|key| key.len() <= 150);
    let arrival = Arrival {
        came: came(&method, &headers, query.as_deref(), &body)?,
        key: key.map(str::to_owned),
    };
    let Some(job) = server.arrive(&armed, &arrival).await?.job() else {
        let nothing = CallView {
            job: None,
            state: None,
            outputs: None,
        };
        return Ok((StatusCode::ACCEPTED, Json(nothing)).into_response());
    };
    let patience = Duration::from_secs(u64::from(*wait_s));
    let story = server.end_within(armed.tenant, job, patience).await?;
    let status = if story.state.is_end() {
        StatusCode::OK
    } else {
        StatusCode::ACCEPTED
    };
    let view = CallView {
        job: Some(job.0),
        state: Some(story.state.name().to_owned()),
        outputs: story.outputs,
    };
    Ok((status, Json(view)).into_response())
}

/// What came, as filters and inputs see it: `method`, `query`, `headers`, `body`.
fn came(
    method: &Method,
    headers: &HeaderMap,
    query: Option<&str>,
    body: &[u8],
) -> Result<Value, Problem> {
    if body.len() > LARGEST {
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "a call takes 1 MiB at most",
        ));
    }
    if body.contains(&0) || body.windows(6).any(|part| part == br"\u0000") {
        return Err(Problem::invalid("the body holds the character U+0000"));
    }
    let read: Value = serde_json::from_slice(body)
        .unwrap_or_else(|_| String::from_utf8_lossy(body).into_owned().into());
    let names: BTreeMap<String, &str> = headers
        .iter()
        .filter(|(name, _)| ![header::AUTHORIZATION, header::COOKIE].contains(name))
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?)))
        .collect();
    let query: BTreeMap<String, String> = query
        .and_then(|query| {
            axum::extract::Query::try_from_uri(&format!("/?{query}").parse().ok()?).ok()
        })
        .map(|axum::extract::Query(query)| query)
        .unwrap_or_default();
    Ok(json!({ "method": method.as_str(), "query": query, "headers": names, "body": read }))
}

impl Orchestrator {
    /// A trigger that callers from outside name, of whatever tenant, if it is on.
    pub(super) async fn armed(&self, id: TriggerId, what: &'static str) -> Result<Armed, Problem> {
        let found = triggers::anywhere(&self.store, id).await?;
        found
            .filter(|(_, trigger)| trigger.enabled)
            .and_then(|(tenant, trigger)| Armed::of(tenant, trigger))
            .ok_or_else(|| Problem::missing(what))
    }

    /// A job when it has ended, or as it stands when the time is over.
    async fn end_within(
        &self,
        tenant: TenantId,
        job: JobId,
        patience: Duration,
    ) -> Result<casare_queue::JobStory, Problem> {
        let deadline = tokio::time::Instant::now() + patience;
        let mut newest = self.events.subscribe();
        loop {
            newest.mark_unchanged();
            let story = self.queue.job(tenant, job).await?;
            if story.state.is_end() || tokio::time::Instant::now() >= deadline {
                return Ok(story);
            }
            tokio::select! {
                () = self.closing.cancelled() => return Ok(story),
                _ = tokio::time::timeout_at(deadline, newest.changed()) => {}
            }
        }
    }
}

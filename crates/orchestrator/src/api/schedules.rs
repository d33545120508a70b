//! Schedules and calendars.

use axum::{extract::State, http::StatusCode};
use casare_access::{Permission, Principal};
use casare_store::{DueSchedule, Schedule, ScheduleId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::types::Json as Column;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    IfMatch, Json, Page, Paging, Path, Query, Tagged, Time, jobs::Ordered, whole,
    workflows::unchanged,
};
use crate::{
    Orchestrator, Problem,
    guard::{Me, may},
    schedules::{self, Calendar, Plan},
};

pub(crate) fn routes() -> OpenApiRouter<Orchestrator> {
    OpenApiRouter::new()
        .routes(may(Permission::ScheduleRead, routes!(list_schedules)))
        .routes(may(Permission::ScheduleWrite, routes!(create_schedule)))
        .routes(may(Permission::ScheduleRead, routes!(preview_plan)))
        .routes(may(Permission::ScheduleRead, routes!(show_schedule)))
        .routes(may(Permission::ScheduleWrite, routes!(change_schedule)))
        .routes(may(Permission::ScheduleWrite, routes!(delete_schedule)))
        .routes(may(Permission::ScheduleRead, routes!(list_upcoming)))
        .routes(may(Permission::ScheduleRead, routes!(list_firings)))
        .routes(may(Permission::WorkflowRun, routes!(run_schedule)))
        .routes(may(Permission::WorkflowRun, routes!(backfill_schedule)))
        .routes(may(Permission::ScheduleRead, routes!(list_calendars)))
        .routes(may(Permission::ScheduleRead, routes!(show_calendar)))
        .routes(may(Permission::ScheduleWrite, routes!(set_calendar)))
        .routes(may(Permission::ScheduleWrite, routes!(delete_calendar)))
}

#[derive(Debug, Serialize, ToSchema)]
struct ScheduleView {
    id: Uuid,
    name: String,
    workflow: Uuid,
    enabled: bool,
    plan: Plan,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Time>,
    revision: i64,
    created: Time,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ScheduleOrder {
    name: String,
    /// Id or name.
    workflow: String,
    #[serde(default = "yes")]
    enabled: bool,
    plan: Plan,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Count {
    /// How many; 10 when nothing is said.
    #[param(minimum = 1, maximum = 100)]
    count: Option<usize>,
}

/// A time that is to come.
#[derive(Debug, Serialize, ToSchema)]
struct Upcoming {
    at: Time,
    /// When it starts, if the calendar puts it off.
    #[serde(skip_serializing_if = "Option::is_none")]
    starts: Option<Time>,
    /// The calendar is closed then.
    blocked: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct FiringView {
    at: Time,
    fired: Time,
    /// `started`, `blocked`, `overlapped`, `missed` or `refused`.
    outcome: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<Uuid>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct Range {
    from: Time,
    to: Time,
}

#[derive(Debug, Serialize, ToSchema)]
struct CalendarView {
    name: String,
    #[serde(flatten)]
    calendar: Calendar,
    revision: i64,
}

fn view(schedule: Schedule) -> Result<ScheduleView, Problem> {
    Ok(ScheduleView {
        id: schedule.id.0,
        name: schedule.name,
        workflow: schedule.workflow_id.0,
        enabled: schedule.enabled,
        plan: serde_json::from_value(schedule.spec.0)
            .map_err(|_| Problem::invalid("the schedule was written by another version"))?,
        next: schedule.next_at.map(Time),
        revision: schedule.revision,
        created: schedule.created_at.into(),
    })
}

impl Orchestrator {
    async fn schedule_of(&self, me: &Principal, id: Uuid) -> Result<Schedule, Problem> {
        let tenant = self.store.tenant(me.tenant);
        let found = tenant.schedule(ScheduleId(id)).await?;
        found.ok_or_else(|| Problem::missing("schedule"))
    }

    /// Checks an order and makes the row of it.
    async fn schedule_row(
        &self,
        me: &Principal,
        id: ScheduleId,
        revision: i64,
        mut order: ScheduleOrder,
    ) -> Result<Schedule, Problem> {
        super::name(&order.name)?;
        let now = self.queue.now();
        order.plan.settle(now)?;
        let workflow = self.workflow_of(me, &order.workflow).await?;
        super::jobs::new_job(workflow.id, order.plan.order.clone())?;
        if let Some(name) = &order.plan.calendar {
            let found = schedules::calendar(&self.store, me.tenant, name).await?;
            found.ok_or_else(|| Problem::invalid(format!("there is no calendar `{name}`")))?;
        }
        let next = order.plan.times()?.next(now);
        self.limit_schedule(me.tenant, id.0, &order.plan)
            .await
            .map_err(super::failed)?;
        Ok(Schedule {
            id,
            name: order.name,
            workflow_id: workflow.id,
            spec: Column(serde_json::to_value(&order.plan).unwrap_or_default()),
            enabled: order.enabled,
            next_at: next.filter(|_| order.enabled),
            revision,
            created_at: now,
        })
    }

    async fn upcoming(
        &self,
        me: &Principal,
        plan: &Plan,
        count: usize,
    ) -> Result<Vec<Upcoming>, Problem> {
        let opening = match &plan.calendar {
            None => None,
            Some(name) => {
                let found = schedules::calendar(&self.store, me.tenant, name).await?;
                let found = found
                    .ok_or_else(|| Problem::invalid(format!("there is no calendar `{name}`")))?;
                Some(found.spec.0.opening()?)
            }
        };
        let times = plan.times()?;
        let mut last = self.queue.now();
        let mut list = Vec::new();
        while list.len() < count.clamp(1, 100) {
            let Some(next) = times.next(last) else { break };
            last = next;
            let open = opening
                .as_ref()
                .map_or(Some(next), |one| one.next_open(next));
            let blocked = open != Some(next);
            let deferred = open.filter(|_| blocked && plan.blocked == schedules::Blocked::Defer);
            list.push(Upcoming {
                at: next.into(),
                starts: deferred.map(Time),
                blocked,
            });
        }
        Ok(list)
    }
}

/// Schedules by name.
#[utoipa::path(get, path = "/schedules", tag = "schedules", params(Paging),
    responses((status = 200, body = Page<ScheduleView>)))]
async fn list_schedules(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<ScheduleView>>, Problem> {
    let after = paging.after()?.unwrap_or_default();
    let tenant = server.store.tenant(me.tenant);
    let rows = tenant.schedules(&after, paging.fetch()).await?;
    let views: Result<Vec<ScheduleView>, Problem> = rows.into_iter().map(view).collect();
    Ok(Json(paging.page(views?, |one| one.name.clone(), |one| one)))
}

/// Make a schedule.
#[utoipa::path(post, path = "/schedules", tag = "schedules",
    responses((status = 201, body = ScheduleView)))]
async fn create_schedule(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Json(order): Json<ScheduleOrder>,
) -> Result<(StatusCode, Tagged<ScheduleView>), Problem> {
    let id = schedules::new_id(server.queue.now());
    let row = server.schedule_row(&me, id, 1, order).await?;
    let tenant = server.store.tenant(me.tenant);
    let mut work = tenant.begin().await?;
    tenant.add_schedule(&mut work, &row).await?;
    let details = json!({ "name": row.name });
    tenant
        .audit(
            &mut work,
            &me.actor(),
            "schedule.create",
            &id.to_string(),
            &details,
        )
        .await?;
    work.commit().await?;
    Ok((StatusCode::CREATED, Tagged(1, view(row)?)))
}

/// When a plan would fire, without keeping it.
#[utoipa::path(post, path = "/schedules/preview", tag = "schedules", params(Count),
    responses((status = 200, body = Page<Upcoming>)))]
async fn preview_plan(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Query(count): Query<Count>,
    Json(mut plan): Json<Plan>,
) -> Result<Json<Page<Upcoming>>, Problem> {
    plan.settle(server.queue.now())?;
    let count = count.count.unwrap_or(10);
    Ok(Json(whole(server.upcoming(&me, &plan, count).await?)))
}

/// A schedule.
#[utoipa::path(get, path = "/schedules/{id}", tag = "schedules",
    responses((status = 200, body = ScheduleView)))]
async fn show_schedule(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
) -> Result<Tagged<ScheduleView>, Problem> {
    let found = server.schedule_of(&me, id).await?;
    Ok(Tagged(found.revision, view(found)?))
}

/// Change a schedule. It fires next as the new plan says; times that it fired for stay fired.
#[utoipa::path(put, path = "/schedules/{id}", tag = "schedules",
    responses((status = 200, body = ScheduleView)))]
async fn change_schedule(
    State(server): State<Orchestrator>,
    Me(me): Me,
    IfMatch(revision): IfMatch,
    Path(id): Path<Uuid>,
    Json(order): Json<ScheduleOrder>,
) -> Result<Tagged<ScheduleView>, Problem> {
    let found = server.schedule_of(&me, id).await?;
    unchanged(revision, found.revision)?;
    let mut row = server
        .schedule_row(&me, found.id, found.revision, order)
        .await?;
    row.created_at = found.created_at;
    let tenant = server.store.tenant(me.tenant);
    let mut work = tenant.begin().await?;
    tenant.change_schedule(&mut work, &row).await?;
    let details = json!({ "name": row.name, "enabled": row.enabled });
    tenant
        .audit(
            &mut work,
            &me.actor(),
            "schedule.change",
            &id.to_string(),
            &details,
        )
        .await?;
    work.commit().await?;
    row.revision += 1;
    Ok(Tagged(row.revision, view(row)?))
}

/// Delete a schedule; jobs that it has ordered go on.
#[utoipa::path(delete, path = "/schedules/{id}", tag = "schedules", responses((status = 204)))]
async fn delete_schedule(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let tenant = server.store.tenant(me.tenant);
    let mut work = tenant.begin().await?;
    tenant.delete_schedule(&mut work, ScheduleId(id)).await?;
    tenant
        .audit(
            &mut work,
            &me.actor(),
            "schedule.delete",
            &id.to_string(),
            &json!({}),
        )
        .await?;
    work.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// When a schedule fires next, with what its calendar says.
#[utoipa::path(get, path = "/schedules/{id}/upcoming", tag = "schedules",
    params(("id" = Uuid, Path), Count), responses((status = 200, body = Page<Upcoming>)))]
async fn list_upcoming(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
    Query(count): Query<Count>,
) -> Result<Json<Page<Upcoming>>, Problem> {
    let plan = view(server.schedule_of(&me, id).await?)?.plan;
    let count = count.count.unwrap_or(10);
    Ok(Json(whole(server.upcoming(&me, &plan, count).await?)))
}

/// When a schedule fired, the latest first.
#[utoipa::path(get, path = "/schedules/{id}/firings", tag = "schedules",
    params(("id" = Uuid, Path), Paging), responses((status = 200, body = Page<FiringView>)))]
async fn list_firings(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<FiringView>>, Problem> {
    let schedule = server.schedule_of(&me, id).await?;
    let before = paging
        .after_parsed()?
        .map(casare_store::Moment::from_micros);
    let tenant = server.store.tenant(me.tenant);
    let rows = tenant.firings(schedule.id, before, paging.fetch()).await?;
    let view = |row: casare_store::Firing| FiringView {
        at: row.fire_at.into(),
        fired: row.fired_at.into(),
        outcome: row.outcome,
        job: row.job_id.map(|job| job.0),
    };
    Ok(Json(paging.page(
        rows,
        |row| row.fire_at.micros().to_string(),
        view,
    )))
}

/// Run what a schedule runs, now and besides its times.
#[utoipa::path(post, path = "/schedules/{id}/run", tag = "schedules",
    responses((status = 202, body = Ordered)))]
async fn run_schedule(
    State(server): State<Orchestrator>,
    Me(me): Me,
    headers: axum::http::HeaderMap,
    Path(id): Path<Uuid>,
) -> Result<(StatusCode, Json<Ordered>), Problem> {
    let found = server.schedule_of(&me, id).await?;
    let workflow = found.workflow_id;
    let plan = view(found)?.plan;
    let mut job = super::jobs::new_job(workflow, plan.order)?;
    job.due = None;
    job.key = super::jobs::key_of(&me, &headers);
    let made = server.queue.submit(me.tenant, job).await?;
    let details = json!({ "job": made.job });
    server
        .note(&me, "schedule.run", &id.to_string(), &details)
        .await?;
    let ordered = Ordered {
        job: made.job.0,
        existing: made.existing,
    };
    Ok((StatusCode::ACCEPTED, Json(ordered)))
}

/// Run a schedule for each time of the past that it has not fired for, 1000 at most.
#[utoipa::path(post, path = "/schedules/{id}/backfill", tag = "schedules",
    responses((status = 202, body = Page<FiringView>)))]
async fn backfill_schedule(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
    Json(range): Json<Range>,
) -> Result<(StatusCode, Json<Page<FiringView>>), Problem> {
    let found = server.schedule_of(&me, id).await?;
    let now = server.queue.now();
    if range.to.0 > now || range.from.0 > range.to.0 {
        return Err(Problem::invalid(
            "`from` and `to` are in the past, in this order",
        ));
    }
    let due = DueSchedule {
        id: found.id,
        tenant_id: me.tenant,
        workflow_id: found.workflow_id,
        spec: found.spec.clone(),
        next_at: now,
    };
    let plan = view(found)?.plan;
    let times = plan.times()?;
    let mut at = range.from.0 - std::time::Duration::from_micros(1);
    let mut list = Vec::new();
    while list.len() < 1_000 {
        let Some(next) = times.next(at).filter(|next| *next <= range.to.0) else {
            break;
        };
        at = next;
        let fired = server
            .fire_at(&due, &plan, next)
            .await
            .map_err(super::failed)?;
        let mut work = server.store.begin().await?;
        let firing = DueSchedule {
            next_at: next,
            ..due.clone()
        };
        let new = server
            .store
            .fire(&mut work, &firing, fired.outcome, fired.job)
            .await?;
        work.commit().await?;
        if new {
            list.push(FiringView {
                at: next.into(),
                fired: now.into(),
                outcome: fired.outcome.to_owned(),
                job: fired.job.map(|job| job.0),
            });
        }
    }
    let details = json!({ "runs": list.len() });
    server
        .note(&me, "schedule.backfill", &id.to_string(), &details)
        .await?;
    Ok((StatusCode::ACCEPTED, Json(whole(list))))
}

fn calendar_view(row: schedules::CalendarRow) -> CalendarView {
    CalendarView {
        name: row.name,
        calendar: row.spec.0,
        revision: row.revision,
    }
}

/// Calendars.
#[utoipa::path(get, path = "/calendars", tag = "schedules",
    responses((status = 200, body = Page<CalendarView>)))]
async fn list_calendars(
    State(server): State<Orchestrator>,
    Me(me): Me,
) -> Result<Json<Page<CalendarView>>, Problem> {
    let rows = schedules::calendars(&server.store.tenant(me.tenant)).await?;
    Ok(Json(whole(rows.into_iter().map(calendar_view).collect())))
}

/// A calendar.
#[utoipa::path(get, path = "/calendars/{name}", tag = "schedules", params(("name" = String, Path)),
    responses((status = 200, body = CalendarView)))]
async fn show_calendar(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(name): Path<String>,
) -> Result<Tagged<CalendarView>, Problem> {
    let found = schedules::calendar(&server.store, me.tenant, &name).await?;
    let found = found.ok_or_else(|| Problem::missing("calendar"))?;
    Ok(Tagged(found.revision, calendar_view(found)))
}

/// Keep a calendar.
#[utoipa::path(put, path = "/calendars/{name}", tag = "schedules", params(("name" = String, Path)),
    responses((status = 204)))]
async fn set_calendar(
    State(server): State<Orchestrator>,
    Me(me): Me,
    IfMatch(revision): IfMatch,
    Path(name): Path<String>,
    Json(calendar): Json<Calendar>,
) -> Result<StatusCode, Problem> {
    super::name(&name)?;
    calendar.opening()?;
    let tenant = server.store.tenant(me.tenant);
    let mut work = tenant.begin().await?;
    schedules::add_calendar(&tenant, &mut work, &name, &calendar, revision).await?;
    tenant
        .audit(&mut work, &me.actor(), "calendar.set", &name, &json!({}))
        .await?;
    work.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Delete a calendar. Schedules that keep to it do not fire any more.
#[utoipa::path(delete, path = "/calendars/{name}", tag = "schedules",
    params(("name" = String, Path)), responses((status = 204)))]
async fn delete_calendar(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let tenant = server.store.tenant(me.tenant);
    let mut work = tenant.begin().await?;
    schedules::delete_calendar(&tenant, &mut work, &name).await?;
    tenant
        .audit(&mut work, &me.actor(), "calendar.delete", &name, &json!({}))
        .await?;
    work.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

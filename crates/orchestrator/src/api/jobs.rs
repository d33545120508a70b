//! Jobs: ordering runs, looking at them, and stopping them.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use casare_access::{Permission, Principal};
use casare_queue::{
    Demands, Edit, JobFilter, JobState, JobStory, ListedJob, NewJob, Priority, Recovery,
    RetryPolicy,
};
use casare_store::{JobId, RobotId, TenantId, Workflow, WorkflowId};
use casare_workflow::Source;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{Json, Page, Paging, Path, Query, Time, whole};
use crate::{
    Orchestrator, Problem,
    guard::{Me, may},
};

pub(crate) fn routes() -> OpenApiRouter<Orchestrator> {
    OpenApiRouter::new()
        .routes(may(Permission::WorkflowRun, routes!(run_workflow)))
        .routes(may(Permission::JobRead, routes!(list_jobs)))
        .routes(may(Permission::JobRead, routes!(count_jobs)))
        .routes(may(Permission::JobRead, routes!(show_job)))
        .routes(may(Permission::JobRead, routes!(why_waiting)))
        .routes(may(Permission::JobControl, routes!(cancel_job)))
        .routes(may(Permission::JobControl, routes!(kill_job)))
        .routes(may(Permission::JobControl, routes!(rerun_job)))
        .routes(may(Permission::JobControl, routes!(set_priority)))
        .routes(may(Permission::JobControl, routes!(resume_job)))
        .routes(may(Permission::JobControl, routes!(decide_job)))
}

/// An order to run a workflow.
#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RunOrder {
    #[schema(value_type = Object)]
    pub(crate) inputs: serde_json::Map<String, Value>,
    /// The number of a version; the one that is active when it starts, when nothing is said.
    pub(crate) version: Option<i64>,
    /// 0 to 100, the largest first; 50 when nothing is said.
    #[schema(minimum = 0, maximum = 100)]
    pub(crate) priority: Option<u8>,
    /// Not before.
    pub(crate) due: Option<Time>,
    pub(crate) environment: Option<String>,
    pub(crate) pool: Option<String>,
    /// Only this robot.
    pub(crate) robot: Option<Uuid>,
    pub(crate) capabilities: BTreeSet<String>,
    pub(crate) labels: BTreeMap<String, String>,
    /// Named resources whose limits count it.
    pub(crate) resources: BTreeSet<String>,
    /// Attempts in all; 3 when nothing is said.
    #[schema(minimum = 1, maximum = 100)]
    pub(crate) max_attempts: Option<u32>,
    /// What happens when the robot is lost, or an attempt fails that may be tried again: `resume` goes on where it
    /// stood, `retry` begins again, `ask` lets a person decide; `resume` when nothing is said.
    #[schema(value_type = Option<String>)]
    pub(crate) recovery: Option<Recovery>,
}

/// A job that was ordered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ordered {
    pub(crate) job: Uuid,
    /// It was there already, under the same key.
    pub(crate) existing: bool,
}

/// A job in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobView {
    pub(crate) id: Uuid,
    pub(crate) workflow: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<i64>,
    /// `scheduled`, `queued`, `leased`, `running`, `suspended`, `needs_decision`, `succeeded`,
    /// `failed`, `cancelled` or `dead`.
    pub(crate) state: String,
    pub(crate) priority: u8,
    pub(crate) submitted: Time,
    pub(crate) due: Time,
    pub(crate) attempt: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) robot: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) started: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) finished: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error_kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error_message: Option<String>,
}

/// A job with everything that was tried.
#[derive(Debug, Serialize, ToSchema)]
struct JobDetail {
    #[serde(flatten)]
    job: JobView,
    /// Somebody has asked it to stop.
    stopping: bool,
    /// Until when something must happen: its lease, its delay, its wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Time>,
    #[schema(value_type = Object)]
    inputs: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    outputs: Option<Value>,
    /// The job that this one repeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    replay_of: Option<Uuid>,
    /// In order; the last one goes on, or is how it ended.
    attempts: Vec<AttemptView>,
}

/// One attempt at a job.
#[derive(Debug, Serialize, ToSchema)]
struct AttemptView {
    /// What its events, log and artifacts are found under.
    run: Uuid,
    number: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    robot: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leased: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<Time>,
    /// `running`, or how it ended.
    outcome: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct JobQuery {
    /// Only those in this state.
    state: Option<String>,
    /// Only those of this workflow, by id or name.
    workflow: Option<String>,
    /// Only those that this robot has or had.
    robot: Option<Uuid>,
    /// `next` of the page before.
    cursor: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// A job after somebody asked it to stop.
#[derive(Debug, Serialize, ToSchema)]
struct StopView {
    job: Uuid,
    /// One that a robot has goes on until the robot has stopped it.
    state: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct CountView {
    state: String,
    jobs: i64,
}

/// What to change for another run.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct EditOrder {
    #[schema(value_type = Option<Object>)]
    inputs: Option<serde_json::Map<String, Value>>,
    #[schema(minimum = 0, maximum = 100)]
    priority: Option<u8>,
    version: Option<i64>,
    due: Option<Time>,
    #[schema(minimum = 1, maximum = 100)]
    max_attempts: Option<u32>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct PriorityChange {
    #[schema(minimum = 0, maximum = 100)]
    priority: u8,
}

#[derive(Debug, Deserialize, ToSchema)]
struct Answer {
    /// What it waited for.
    #[schema(value_type = Object)]
    answer: Value,
}

/// How a person settles what a run could not know.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "decision")]
enum DecisionOrder {
    /// The step did not happen: do it again.
    Repeat,
    /// It happened, with these outputs: go on after it.
    Happened {
        #[schema(value_type = Object)]
        outputs: Value,
    },
    /// The job ends as failed.
    Fail { message: String },
}

fn listed(job: ListedJob) -> JobView {
    JobView {
        id: job.id.0,
        workflow: job.workflow_id.0,
        version: job.workflow_version,
        priority: job.priority().get(),
        submitted: job.id.made_at().into(),
        due: job.due_at.into(),
        attempt: u32::try_from(job.attempt).unwrap_or(0),
        robot: job.robot_id.map(|robot| robot.0),
        started: job.started_at.map(Time),
        finished: job.finished_at.map(Time),
        state: job.state,
        error_kind: job.error_kind,
        error_message: job.error_message,
    }
}

fn detail(story: JobStory) -> JobDetail {
    let id = story.job;
    let last = story.attempts.last();
    JobDetail {
        job: JobView {
            id: id.0,
            workflow: story.workflow.0,
            version: story.version,
            state: story.state.name().to_owned(),
            priority: story.priority.get(),
            submitted: story.submitted.into(),
            due: story.due.into(),
            attempt: last.map_or(0, |attempt| attempt.number),
            robot: last.and_then(|attempt| attempt.robot).map(|robot| robot.0),
            started: last.and_then(|attempt| attempt.started).map(Time),
            finished: story.finished.map(Time),
            error_kind: last.and_then(|attempt| attempt.error_kind.clone()),
            error_message: last.and_then(|attempt| attempt.error_message.clone()),
        },
        stopping: story.stopping,
        until: story.until.map(Time),
        inputs: story.inputs,
        outputs: story.outputs,
        replay_of: story.options.replay_of.map(|job| job.0),
        attempts: story
            .attempts
            .into_iter()
            .map(|attempt| AttemptView {
                run: casare_store::RunId::of(id, attempt.epoch).0,
                number: attempt.number,
                robot: attempt.robot.map(|robot| robot.0),
                leased: attempt.leased.map(Time),
                started: attempt.started.map(Time),
                ended: attempt.ended.map(Time),
                outcome: attempt.outcome,
                error_kind: attempt.error_kind,
                error_message: attempt.error_message,
            })
            .collect(),
    }
}

pub(crate) fn priority(value: Option<u8>) -> Result<Option<Priority>, Problem> {
    value
        .map(|value| Priority::new(value).ok_or_else(|| Problem::invalid("`priority` is 0 to 100")))
        .transpose()
}

pub(crate) fn edit(order: EditOrder) -> Result<Edit, Problem> {
    Ok(Edit {
        inputs: order.inputs.map(Value::Object),
        priority: priority(order.priority)?,
        version: order.version,
        retry: order.max_attempts.map(|max_attempts| RetryPolicy {
            max_attempts,
            ..RetryPolicy::default()
        }),
        due: order.due.map(|time| time.0),
    })
}

/// The order as the queue takes it.
pub(crate) fn new_job(workflow: WorkflowId, order: RunOrder) -> Result<NewJob, Problem> {
    let mut job = NewJob::of(workflow);
    job.version = order.version;
    job.inputs = Value::Object(order.inputs);
    job.priority = priority(order.priority)?.unwrap_or_default();
    job.due = order.due.map(|time| time.0);
    job.demands = Demands {
        environment: order.environment,
        pool: order.pool,
        robot: order.robot.map(RobotId),
        capabilities: order.capabilities,
        labels: order.labels,
        resources: order.resources,
        ..Demands::default()
    };
    if let Some(attempts) = order.max_attempts {
        job.options.retry.max_attempts = attempts;
    }
    // What was done is not done again, unless that is asked for.
    job.options.recovery = order.recovery.unwrap_or(Recovery::Resume);
    Ok(job)
}

impl Orchestrator {
    /// Checks that a version can run with these inputs.
    pub(crate) async fn check_order(
        &self,
        tenant: TenantId,
        workflow: &Workflow,
        version: Option<i64>,
        inputs: &serde_json::Map<String, Value>,
    ) -> Result<(), Problem> {
        let number = version.or(workflow.active_version).ok_or_else(|| {
            Problem::new(
                StatusCode::CONFLICT,
                "no_active_version",
                format!("`{}` has no active version", workflow.name),
            )
            .with_help("publish and activate one, or name the version to run")
        })?;
        let found = self
            .store
            .tenant(tenant)
            .version(workflow.id, number)
            .await?;
        let found = found.ok_or_else(|| Problem::missing("version"))?;
        if found.state == "archived" {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                "wrong_state",
                format!("version {number} is archived"),
            ));
        }
        let Ok((read, _)) = Source::read("workflow.yaml", &found.text) else {
            return Err(Problem::invalid("this version cannot be read any more"));
        };
        let mut problems = Vec::new();
        for (name, input) in &read.inputs {
            let given = inputs.get(name);
            if given.is_none() && input.required && input.default.is_none() {
                problems.push(json!({ "input": name, "message": "it is required" }));
            }
            if let Some(given) = given
                && !input.options.is_empty()
                && !input.options.contains(given)
            {
                problems.push(json!({ "input": name, "message": "it is none of its options" }));
            }
        }
        for name in inputs
            .keys()
            .filter(|name| !read.inputs.contains_key(*name))
        {
            problems.push(json!({ "input": name, "message": "the workflow has no such input" }));
        }
        if problems.is_empty() {
            return Ok(());
        }
        Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_inputs",
            "the inputs do not fit the workflow",
        )
        .with_problems(problems))
    }

    /// Notes in the audit what somebody did to the queue.
    pub(crate) async fn note(
        &self,
        me: &Principal,
        action: &str,
        subject: &str,
        details: &Value,
    ) -> Result<(), Problem> {
        let tenant = self.store.tenant(me.tenant);
        let mut work = tenant.begin().await?;
        tenant
            .audit(&mut work, &me.actor(), action, subject, details)
            .await?;
        Ok(work.commit().await?)
    }
}

/// The key of a repeated request, as the queue keeps it.
pub(crate) fn key_of(me: &Principal, headers: &HeaderMap) -> Option<String> {
    let key = headers.get("idempotency-key")?.to_str().ok()?;
    Some(format!("api:{}:{key}", me.identity()))
}

/// Order a run of a workflow.
#[utoipa::path(post, path = "/workflows/{workflow}/runs", tag = "jobs",
    params(("workflow" = String, Path, description = "Id or name")),
    responses((status = 202, body = Ordered)))]
async fn run_workflow(
    State(server): State<Orchestrator>,
    Me(me): Me,
    headers: HeaderMap,
    Path(workflow): Path<String>,
    Json(order): Json<RunOrder>,
) -> Result<(StatusCode, Json<Ordered>), Problem> {
    let found = server.workflow_of(&me, &workflow).await?;
    server
        .check_order(me.tenant, &found, order.version, &order.inputs)
        .await?;
    let mut job = new_job(found.id, order)?;
    job.key = key_of(&me, &headers);
    let made = server.queue.submit(me.tenant, job).await?;
    let details = json!({ "workflow": found.name });
    server
        .note(&me, "job.submit", &made.job.to_string(), &details)
        .await?;
    let ordered = Ordered {
        job: made.job.0,
        existing: made.existing,
    };
    Ok((StatusCode::ACCEPTED, Json(ordered)))
}

/// Jobs, the newest first.
#[utoipa::path(get, path = "/jobs", tag = "jobs", params(JobQuery),
    responses((status = 200, body = Page<JobView>)))]
async fn list_jobs(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Query(query): Query<JobQuery>,
) -> Result<Json<Page<JobView>>, Problem> {
    let paging = Paging {
        cursor: query.cursor,
        limit: query.limit,
    };
    let state = query.state.filter(|state| !state.is_empty());
    let state = state.map(|state| {
        let known: Result<JobState, ()> = state.parse();
        known.map_err(|()| Problem::invalid(format!("there is no state `{state}`")))
    });
    let workflow = match query.workflow {
        Some(workflow) => Some(server.workflow_of(&me, &workflow).await?.id),
        None => None,
    };
    let filter = JobFilter {
        state: state.transpose()?,
        workflow,
        robot: query.robot.map(RobotId),
        before: paging.after_id()?.map(JobId),
    };
    let rows = server
        .queue
        .jobs(me.tenant, &filter, paging.fetch())
        .await?;
    Ok(Json(paging.page(rows, |row| row.id.to_string(), listed)))
}

/// How many jobs that have not ended are in each state.
#[utoipa::path(get, path = "/jobs/counts", tag = "jobs",
    responses((status = 200, body = Page<CountView>)))]
async fn count_jobs(
    State(server): State<Orchestrator>,
    Me(me): Me,
) -> Result<Json<Page<CountView>>, Problem> {
    let counts = server.queue.counts(me.tenant).await?;
    let view = |(state, jobs): (JobState, i64)| CountView {
        state: state.name().to_owned(),
        jobs,
    };
    Ok(Json(whole(counts.into_iter().map(view).collect())))
}

/// A job with everything that was tried.
#[utoipa::path(get, path = "/jobs/{id}", tag = "jobs", responses((status = 200, body = JobDetail)))]
async fn show_job(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
) -> Result<Json<JobDetail>, Problem> {
    let story = server.queue.job(me.tenant, JobId(id)).await?;
    Ok(Json(detail(story)))
}

/// Why a job is not with a robot, as the matcher sees it.
#[utoipa::path(get, path = "/jobs/{id}/waiting", tag = "jobs",
    responses((status = 200, body = Vec<Object>)))]
async fn why_waiting(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
) -> Result<Json<Value>, Problem> {
    let robots = server.store.tenant(me.tenant).robots().await?;
    let robots: Vec<_> = robots.iter().map(super::robots::robot_of).collect();
    let reasons = server
        .queue
        .why_waiting(me.tenant, JobId(id), &robots)
        .await?;
    Ok(Json(serde_json::to_value(reasons).unwrap_or_default()))
}

async fn stop(
    server: &Orchestrator,
    me: &Principal,
    id: Uuid,
    kill: bool,
) -> Result<(StatusCode, Json<StopView>), Problem> {
    let job = JobId(id);
    let stopped = if kill {
        server.queue.kill(me.tenant, &[job]).await?
    } else {
        server.queue.cancel(me.tenant, &[job]).await?
    };
    let state = match stopped.first() {
        Some((_, state)) => *state,
        // It has ended: that is left alone.
        None => server.queue.job(me.tenant, job).await?.state,
    };
    let action = if kill { "job.kill" } else { "job.cancel" };
    server
        .note(me, action, &job.to_string(), &json!({}))
        .await?;
    let view = StopView {
        job: id,
        state: state.name().to_owned(),
    };
    Ok((StatusCode::ACCEPTED, Json(view)))
}

/// Cancel a job: its robot ends it gracefully. One that has ended is left alone.
#[utoipa::path(post, path = "/jobs/{id}/cancel", tag = "jobs",
    responses((status = 202, body = StopView)))]
async fn cancel_job(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
) -> Result<(StatusCode, Json<StopView>), Problem> {
    stop(&server, &me, id, false).await
}

/// Kill a job: its robot ends it at once, and it is over after 30 s whatever the robot does.
#[utoipa::path(post, path = "/jobs/{id}/kill", tag = "jobs",
    responses((status = 202, body = StopView)))]
async fn kill_job(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
) -> Result<(StatusCode, Json<StopView>), Problem> {
    stop(&server, &me, id, true).await
}

/// Order once more what a job was ordered to do, as a new job.
#[utoipa::path(post, path = "/jobs/{id}/rerun", tag = "jobs",
    responses((status = 202, body = Ordered)))]
async fn rerun_job(
    State(server): State<Orchestrator>,
    Me(me): Me,
    headers: HeaderMap,
    Path(id): Path<Uuid>,
    Json(order): Json<EditOrder>,
) -> Result<(StatusCode, Json<Ordered>), Problem> {
    let key = key_of(&me, &headers);
    let made = server
        .queue
        .again(me.tenant, JobId(id), edit(order)?, key)
        .await?;
    let details = json!({ "as": made.job });
    server
        .note(&me, "job.rerun", &id.to_string(), &details)
        .await?;
    let ordered = Ordered {
        job: made.job.0,
        existing: made.existing,
    };
    Ok((StatusCode::ACCEPTED, Json(ordered)))
}

/// Change how urgent a waiting job is.
#[utoipa::path(put, path = "/jobs/{id}/priority", tag = "jobs", responses((status = 204)))]
async fn set_priority(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
    Json(change): Json<PriorityChange>,
) -> Result<StatusCode, Problem> {
    let wanted = priority(Some(change.priority))?.unwrap_or_default();
    server
        .queue
        .set_priority(me.tenant, JobId(id), wanted)
        .await?;
    let details = json!({ "priority": change.priority });
    server
        .note(&me, "job.priority", &id.to_string(), &details)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Let a suspended job go on with an answer.
#[utoipa::path(post, path = "/jobs/{id}/resume", tag = "jobs", responses((status = 202)))]
async fn resume_job(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
    Json(answer): Json<Answer>,
) -> Result<StatusCode, Problem> {
    server
        .queue
        .resume(me.tenant, JobId(id), answer.answer)
        .await?;
    server
        .note(&me, "job.resume", &id.to_string(), &json!({}))
        .await?;
    Ok(StatusCode::ACCEPTED)
}

/// Say whether a step has happened, where the run cannot know.
#[utoipa::path(post, path = "/jobs/{id}/decide", tag = "jobs", responses((status = 202)))]
async fn decide_job(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
    Json(order): Json<DecisionOrder>,
) -> Result<StatusCode, Problem> {
    let (decision, name) = match order {
        DecisionOrder::Repeat => (casare_queue::Decision::Repeat, "repeat"),
        DecisionOrder::Happened { outputs } => {
            (casare_queue::Decision::Happened { outputs }, "happened")
        }
        DecisionOrder::Fail { message } => (casare_queue::Decision::Fail { message }, "fail"),
    };
    server.queue.decide(me.tenant, JobId(id), decision).await?;
    let details = json!({ "decision": name });
    server
        .note(&me, "job.decide", &id.to_string(), &details)
        .await?;
    Ok(StatusCode::ACCEPTED)
}

//! Jobs that were given up, and questions that jobs put to people.

use axum::{extract::State, http::StatusCode};
use casare_access::Permission;
use casare_queue::{Asking, DeadLetter};
use casare_store::JobId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    Json, Page, Paging, Path, Query, Time,
    jobs::{EditOrder, Ordered, edit},
    whole,
};
use crate::{
    Orchestrator, Problem,
    guard::{Me, may},
};

pub(crate) fn routes() -> OpenApiRouter<Orchestrator> {
    OpenApiRouter::new()
        .routes(may(Permission::JobRead, routes!(list_letters)))
        .routes(may(Permission::JobRead, routes!(count_letters)))
        .routes(may(Permission::JobControl, routes!(replay_letter)))
        .routes(may(Permission::JobControl, routes!(replay_letters)))
        .routes(may(Permission::JobControl, routes!(discard_letter)))
        .routes(may(Permission::JobControl, routes!(note_letter)))
        .routes(may(Permission::TaskRead, routes!(list_tasks)))
        .routes(may(Permission::TaskAnswer, routes!(answer_task)))
}

#[derive(Debug, Serialize, ToSchema)]
struct LetterView {
    job: Uuid,
    workflow: Uuid,
    error_kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
    died: Time,
    /// `open`, `replayed` or `discarded`.
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    settled: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settled_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replayed_as: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LetterQuery {
    /// `open` (when nothing is said), `replayed` or `discarded`.
    state: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

#[derive(Debug, Serialize, ToSchema)]
struct LetterCount {
    error_kind: String,
    letters: i64,
}

#[derive(Debug, Deserialize, ToSchema)]
struct Several {
    /// At most 500.
    jobs: Vec<Uuid>,
}

/// What became of each.
#[derive(Debug, Serialize, ToSchema)]
struct Replayed {
    job: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    replayed_as: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct Discard {
    note: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct Note {
    note: String,
}

/// A question that a job put to people.
#[derive(Debug, Serialize, ToSchema)]
struct TaskView {
    /// The job that waits.
    job: Uuid,
    workflow: Uuid,
    /// `suspended` for a form or an approval, `needs_decision` where a step may have happened.
    state: String,
    /// When it goes on without an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Time>,
    /// What is asked, as the run put it.
    #[schema(value_type = Object)]
    question: Value,
}

#[derive(Debug, Deserialize, ToSchema)]
struct TaskAnswer {
    #[schema(value_type = Object)]
    answer: Value,
}

fn letter_view(letter: DeadLetter) -> LetterView {
    LetterView {
        job: letter.job.0,
        workflow: letter.workflow.0,
        error_kind: letter.error_kind,
        error_message: letter.error_message,
        died: letter.died.into(),
        state: letter.state,
        settled: letter.settled.map(Time),
        settled_by: letter.settled_by,
        replayed_as: letter.replayed_as.map(|job| job.0),
        note: letter.note,
    }
}

fn task_view(asking: Asking) -> TaskView {
    TaskView {
        job: asking.job.0,
        workflow: asking.workflow.0,
        state: asking.state,
        until: asking.until.map(Time),
        question: asking.question.unwrap_or_else(|| json!({})),
    }
}

/// Jobs that were given up, the oldest first.
#[utoipa::path(get, path = "/dead-letters", tag = "dead letters", params(LetterQuery),
    responses((status = 200, body = Page<LetterView>)))]
async fn list_letters(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Query(query): Query<LetterQuery>,
) -> Result<Json<Page<LetterView>>, Problem> {
    let state = query.state.as_deref().unwrap_or("open");
    if !["open", "replayed", "discarded"].contains(&state) {
        return Err(Problem::invalid("`state` is open, replayed or discarded"));
    }
    let paging = Paging {
        cursor: query.cursor.clone(),
        limit: query.limit,
    };
    let after = paging.after_id()?.map(JobId);
    let rows = server
        .queue
        .dead_letters(me.tenant, state, after, paging.fetch())
        .await?;
    Ok(Json(paging.page(
        rows,
        |row| row.job.to_string(),
        letter_view,
    )))
}

/// How many are open, by kind of error.
#[utoipa::path(get, path = "/dead-letters/counts", tag = "dead letters",
    responses((status = 200, body = Page<LetterCount>)))]
async fn count_letters(
    State(server): State<Orchestrator>,
    Me(me): Me,
) -> Result<Json<Page<LetterCount>>, Problem> {
    let counts = server.queue.dead_letter_counts(me.tenant).await?;
    let view = |(error_kind, letters)| LetterCount {
        error_kind,
        letters,
    };
    Ok(Json(whole(counts.into_iter().map(view).collect())))
}

/// Run a job that was given up again, as it was or changed. Twice gives the same new job.
#[utoipa::path(post, path = "/dead-letters/{job}/replay", tag = "dead letters",
    params(("job" = Uuid, Path)), responses((status = 202, body = Ordered)))]
async fn replay_letter(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(job): Path<Uuid>,
    Json(order): Json<EditOrder>,
) -> Result<(StatusCode, Json<Ordered>), Problem> {
    let made = server
        .queue
        .replay(me.tenant, JobId(job), edit(order)?, &me.actor())
        .await?;
    let details = json!({ "as": made.job });
    server
        .note(&me, "letter.replay", &job.to_string(), &details)
        .await?;
    let ordered = Ordered {
        job: made.job.0,
        existing: made.existing,
    };
    Ok((StatusCode::ACCEPTED, Json(ordered)))
}

/// Run several jobs that were given up again, as they were.
#[utoipa::path(post, path = "/dead-letters/replay", tag = "dead letters",
    responses((status = 200, body = Page<Replayed>)))]
async fn replay_letters(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Json(several): Json<Several>,
) -> Result<Json<Page<Replayed>>, Problem> {
    if several.jobs.len() > 500 {
        return Err(Problem::invalid("at most 500 at a time"));
    }
    let jobs: Vec<JobId> = several.jobs.iter().copied().map(JobId).collect();
    let answers = server.queue.replay_all(me.tenant, &jobs, &me.actor()).await;
    let count = json!({ "jobs": jobs.len() });
    server.note(&me, "letter.replay", "several", &count).await?;
    let view = |(job, answer): (JobId, Result<casare_queue::Enqueued, _>)| match answer {
        Ok(made) => Replayed {
            job: job.0,
            replayed_as: Some(made.job.0),
            error: None,
        },
        Err(error) => Replayed {
            job: job.0,
            replayed_as: None,
            error: Some(Problem::from(error).detail.clone()),
        },
    };
    Ok(Json(whole(
        jobs.into_iter().zip(answers).map(view).collect(),
    )))
}

/// Put a dead letter away.
#[utoipa::path(post, path = "/dead-letters/{job}/discard", tag = "dead letters",
    params(("job" = Uuid, Path)), responses((status = 204)))]
async fn discard_letter(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(job): Path<Uuid>,
    Json(discard): Json<Discard>,
) -> Result<StatusCode, Problem> {
    server
        .queue
        .discard(me.tenant, JobId(job), &me.actor(), discard.note.as_deref())
        .await?;
    server
        .note(&me, "letter.discard", &job.to_string(), &json!({}))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Write something beside a dead letter.
#[utoipa::path(put, path = "/dead-letters/{job}/note", tag = "dead letters",
    params(("job" = Uuid, Path)), responses((status = 204)))]
async fn note_letter(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(job): Path<Uuid>,
    Json(note): Json<Note>,
) -> Result<StatusCode, Problem> {
    server.queue.note(me.tenant, JobId(job), &note.note).await?;
    server
        .note(&me, "letter.note", &job.to_string(), &json!({}))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What jobs ask people, the oldest first. A job that asks holds no robot.
#[utoipa::path(get, path = "/tasks", tag = "tasks", params(Paging),
    responses((status = 200, body = Page<TaskView>)))]
async fn list_tasks(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<TaskView>>, Problem> {
    let after = paging.after_id()?.map(JobId);
    let rows = server
        .queue
        .asking(me.tenant, after, paging.fetch())
        .await?;
    Ok(Json(paging.page(
        rows,
        |row| row.job.to_string(),
        task_view,
    )))
}

/// Answer what a job asks: it goes on with the answer, on any robot. The first answer counts.
#[utoipa::path(post, path = "/tasks/{job}/answer", tag = "tasks",
    params(("job" = Uuid, Path)), responses((status = 202)))]
async fn answer_task(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(job): Path<Uuid>,
    Json(answer): Json<TaskAnswer>,
) -> Result<StatusCode, Problem> {
    // Who answered is part of the answer: an approval without a name is none.
    let answer = json!({ "answer": answer.answer, "by": me.actor() });
    server.queue.resume(me.tenant, JobId(job), answer).await?;
    server
        .note(&me, "task.answer", &job.to_string(), &json!({}))
        .await?;
    Ok(StatusCode::ACCEPTED)
}

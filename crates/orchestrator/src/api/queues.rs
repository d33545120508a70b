//! Transaction queues and their items.

use std::time::Duration;

use axum::{body::Bytes, extract::State, http::StatusCode};
use casare_access::{Permission, Principal};
use casare_queue::{
    Exception, Item, ItemLease, ItemState, NewItem, QueueDesign, RetryPolicy, Review,
    TransactionQueue,
};
use casare_store::ItemId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{Json, Page, Paging, Path, Query, Tagged, Time, jobs::priority, whole};
use crate::{
    Orchestrator, Problem,
    guard::{Me, may},
};

pub(crate) fn routes() -> OpenApiRouter<Orchestrator> {
    OpenApiRouter::new()
        .routes(may(Permission::QueueRead, routes!(list_queues)))
        .routes(may(Permission::QueueWrite, routes!(create_queue)))
        .routes(may(Permission::QueueRead, routes!(show_queue)))
        .routes(may(Permission::QueueWrite, routes!(change_queue)))
        .routes(may(Permission::QueueWrite, routes!(delete_queue)))
        .routes(may(Permission::QueueUse, routes!(pause_queue)))
        .routes(may(Permission::QueueRead, routes!(count_items)))
        .routes(may(Permission::QueueRead, routes!(list_items)))
        .routes(may(Permission::QueueUse, routes!(add_items)))
        .routes(may(Permission::QueueUse, routes!(import_items)))
        .routes(may(Permission::QueueUse, routes!(take_items)))
        .routes(may(Permission::QueueRead, routes!(show_item)))
        .routes(may(Permission::QueueUse, routes!(delete_item)))
        .routes(may(Permission::QueueUse, routes!(complete_item)))
        .routes(may(Permission::QueueUse, routes!(fail_item)))
        .routes(may(Permission::QueueUse, routes!(defer_item)))
        .routes(may(Permission::QueueUse, routes!(renew_item)))
        .routes(may(Permission::QueueUse, routes!(retry_item)))
        .routes(may(Permission::QueueUse, routes!(review_item)))
}

/// Items of one request at most.
const MOST: usize = 5_000;

/// How a queue treats its items.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct Design {
    description: Option<String>,
    /// JSON Schema that every item fits.
    #[schema(value_type = Option<Object>)]
    schema: Option<Value>,
    /// Whether no two items may have the same reference.
    unique_reference: bool,
    /// Attempts in all after application exceptions; 3 when nothing is said.
    #[schema(minimum = 1, maximum = 100)]
    max_attempts: Option<u32>,
    /// Seconds before the second attempt; 5 when nothing is said.
    retry_delay_s: Option<u32>,
    /// Seconds that somebody has an item without renewing; 600 when nothing is said.
    #[schema(minimum = 1, maximum = 604_800)]
    lease_s: Option<u32>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct NewQueue {
    name: String,
    #[serde(default)]
    design: Design,
}

#[derive(Debug, Serialize, ToSchema)]
struct QueueView {
    id: Uuid,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    schema: Option<Value>,
    unique_reference: bool,
    max_attempts: u32,
    lease_s: u64,
    /// Since when nothing is taken from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused: Option<Time>,
    revision: i64,
    created: Time,
}

#[derive(Debug, Deserialize, ToSchema)]
struct Paused {
    paused: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct ItemCount {
    state: String,
    items: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct ItemView {
    id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// `new`, `deferred`, `in_progress`, `completed`, `failed`, `abandoned` or `deleted`.
    state: String,
    /// Of failed ones: `pending`, `in_review`, `verified` or `retried`.
    #[serde(skip_serializing_if = "Option::is_none")]
    review: Option<String>,
    priority: u8,
    due: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline: Option<Time>,
    attempt: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    taken: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished: Option<Time>,
    #[schema(value_type = Object)]
    payload: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    output: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_of: Option<Uuid>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct ItemOrder {
    /// The data of the item.
    #[schema(value_type = Object)]
    payload: Value,
    reference: Option<String>,
    #[schema(minimum = 0, maximum = 100)]
    priority: Option<u8>,
    /// Nobody gets it before.
    defer_until: Option<Time>,
    /// Nobody gets it after.
    deadline: Option<Time>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct Items {
    /// At most 5000.
    items: Vec<ItemOrder>,
}

/// What became of each item, in their order.
#[derive(Debug, Serialize, ToSchema)]
struct Added {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ItemQuery {
    /// Only those in this state.
    state: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ImportQuery {
    /// The column whose values are references.
    reference: Option<String>,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct Take {
    /// One when nothing is said.
    #[schema(minimum = 1, maximum = 100)]
    count: Option<u32>,
}

#[derive(Debug, Serialize, ToSchema)]
struct TakenView {
    id: Uuid,
    /// Name it when reporting: an older one changes nothing.
    epoch: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[schema(value_type = Object)]
    payload: Value,
    attempt: u32,
    /// Until when it must be renewed or reported.
    until: Time,
}

#[derive(Debug, Deserialize, ToSchema)]
struct Completion {
    epoch: i64,
    #[schema(value_type = Option<Object>)]
    output: Option<Value>,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ExceptionKind {
    Business,
    Application,
}

#[derive(Debug, Deserialize, ToSchema)]
struct Failure {
    epoch: i64,
    /// `business`: the data is at fault, it is not tried again. `application`: it is.
    exception: ExceptionKind,
    message: String,
}

#[derive(Debug, Deserialize, ToSchema)]
struct Deferral {
    epoch: i64,
    until: Time,
}

#[derive(Debug, Deserialize, ToSchema)]
struct Renewal {
    epoch: i64,
    /// What people are told meanwhile.
    progress: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct ReviewChange {
    /// `pending`, `in_review` or `verified`.
    #[schema(value_type = String)]
    from: Review,
    #[schema(value_type = String)]
    to: Review,
}

#[derive(Debug, Serialize, ToSchema)]
struct Made {
    id: Uuid,
}

fn design(order: Design) -> QueueDesign {
    let basis = QueueDesign::default();
    let retry = RetryPolicy::default();
    QueueDesign {
        description: order.description,
        schema: order.schema,
        unique_reference: order.unique_reference,
        retry: RetryPolicy {
            max_attempts: order.max_attempts.unwrap_or(retry.max_attempts),
            delay_ms: order
                .retry_delay_s
                .map_or(retry.delay_ms, |seconds| u64::from(seconds) * 1_000),
            ..retry
        },
        lease: order.lease_s.map_or(basis.lease, |seconds| {
            Duration::from_secs(u64::from(seconds))
        }),
    }
}

fn queue_view(queue: TransactionQueue) -> QueueView {
    QueueView {
        id: queue.id.0,
        name: queue.name,
        description: queue.design.description,
        schema: queue.design.schema,
        unique_reference: queue.design.unique_reference,
        max_attempts: queue.design.retry.max_attempts,
        lease_s: queue.design.lease.as_secs(),
        paused: queue.paused.map(Time),
        revision: queue.revision,
        created: queue.created.into(),
    }
}

fn item_view(item: Item) -> ItemView {
    ItemView {
        id: item.id.0,
        priority: item.priority().get(),
        reference: item.reference,
        state: item.state,
        review: item.review,
        due: item.due_at.into(),
        deadline: item.deadline_at.map(Time),
        attempt: item.attempt,
        holder: item.holder,
        taken: item.taken_at.map(Time),
        finished: item.finished_at.map(Time),
        payload: item.payload.0,
        output: item.output.map(|output| output.0),
        progress: item.progress,
        error_kind: item.error_kind,
        error_message: item.error_message,
        retry_of: item.retry_of.map(|item| item.0),
    }
}

fn new_item(order: ItemOrder) -> Result<NewItem, Problem> {
    Ok(NewItem {
        reference: order.reference,
        payload: order.payload,
        priority: priority(order.priority)?.unwrap_or_default(),
        defer_until: order.defer_until.map(|time| time.0),
        deadline: order.deadline.map(|time| time.0),
    })
}

/// Queues by name.
#[utoipa::path(get, path = "/queues", tag = "queues", params(Paging),
    responses((status = 200, body = Page<QueueView>)))]
async fn list_queues(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<QueueView>>, Problem> {
    let after = paging.after()?.unwrap_or_default();
    let queues = server.queue.transactions(me.tenant);
    let rows = queues.list(&after, paging.fetch()).await?;
    Ok(Json(paging.page(rows, |row| row.name.clone(), queue_view)))
}

/// Make a queue.
#[utoipa::path(post, path = "/queues", tag = "queues", responses((status = 201, body = QueueView)))]
async fn create_queue(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Json(new): Json<NewQueue>,
) -> Result<(StatusCode, Json<QueueView>), Problem> {
    let queues = server.queue.transactions(me.tenant);
    queues.create(&new.name, &design(new.design)).await?;
    server
        .note(&me, "queue.create", &new.name, &json!({}))
        .await?;
    let made = queues.get(&new.name).await?;
    Ok((StatusCode::CREATED, Json(queue_view(made))))
}

/// A queue.
#[utoipa::path(get, path = "/queues/{queue}", tag = "queues", params(("queue" = String, Path)),
    responses((status = 200, body = QueueView)))]
async fn show_queue(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(queue): Path<String>,
) -> Result<Tagged<QueueView>, Problem> {
    let found = server.queue.transactions(me.tenant).get(&queue).await?;
    Ok(Tagged(found.revision, queue_view(found)))
}

/// Change how a queue treats its items; those that are there stay as they are.
#[utoipa::path(put, path = "/queues/{queue}", tag = "queues", params(("queue" = String, Path)),
    responses((status = 200, body = QueueView)))]
async fn change_queue(
    State(server): State<Orchestrator>,
    Me(me): Me,
    super::IfMatch(revision): super::IfMatch,
    Path(queue): Path<String>,
    Json(order): Json<Design>,
) -> Result<Tagged<QueueView>, Problem> {
    let queues = server.queue.transactions(me.tenant);
    super::workflows::unchanged(revision, queues.get(&queue).await?.revision)?;
    queues.change(&queue, &design(order)).await?;
    server.note(&me, "queue.change", &queue, &json!({})).await?;
    let found = queues.get(&queue).await?;
    Ok(Tagged(found.revision, queue_view(found)))
}

/// Delete a queue with all its items.
#[utoipa::path(delete, path = "/queues/{queue}", tag = "queues", params(("queue" = String, Path)),
    responses((status = 204)))]
async fn delete_queue(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(queue): Path<String>,
) -> Result<StatusCode, Problem> {
    server.queue.transactions(me.tenant).remove(&queue).await?;
    server.note(&me, "queue.delete", &queue, &json!({})).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Let nobody take items, or let them again.
#[utoipa::path(put, path = "/queues/{queue}/paused", tag = "queues",
    params(("queue" = String, Path)), responses((status = 204)))]
async fn pause_queue(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(queue): Path<String>,
    Json(paused): Json<Paused>,
) -> Result<StatusCode, Problem> {
    let queues = server.queue.transactions(me.tenant);
    queues.pause(&queue, paused.paused).await?;
    let details = json!({ "paused": paused.paused });
    server.note(&me, "queue.pause", &queue, &details).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How many items are in each state.
#[utoipa::path(get, path = "/queues/{queue}/counts", tag = "queues",
    params(("queue" = String, Path)), responses((status = 200, body = Page<ItemCount>)))]
async fn count_items(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(queue): Path<String>,
) -> Result<Json<Page<ItemCount>>, Problem> {
    let counts = server
        .queue
        .transactions(me.tenant)
        .statistics(&queue)
        .await?;
    let view = |(state, items): (ItemState, i64)| ItemCount {
        state: state.name().to_owned(),
        items,
    };
    Ok(Json(whole(counts.into_iter().map(view).collect())))
}

/// Items in the order in which they were added.
#[utoipa::path(get, path = "/queues/{queue}/items", tag = "queues",
    params(("queue" = String, Path), ItemQuery), responses((status = 200, body = Page<ItemView>)))]
async fn list_items(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(queue): Path<String>,
    Query(query): Query<ItemQuery>,
) -> Result<Json<Page<ItemView>>, Problem> {
    let paging = Paging {
        cursor: query.cursor,
        limit: query.limit,
    };
    let state = query.state.map(|state| {
        let known: Result<ItemState, ()> = state.parse();
        known.map_err(|()| Problem::invalid(format!("there is no state `{state}`")))
    });
    let after = paging.after_id()?.map(ItemId);
    let queues = server.queue.transactions(me.tenant);
    let rows = queues
        .items(&queue, state.transpose()?, after, paging.fetch())
        .await?;
    Ok(Json(paging.page(rows, |row| row.id.to_string(), item_view)))
}

async fn add(
    server: &Orchestrator,
    me: &Principal,
    queue: &str,
    items: Vec<NewItem>,
) -> Result<(StatusCode, Json<Page<Added>>), Problem> {
    if items.len() > MOST {
        return Err(Problem::invalid("at most 5000 items at a time"));
    }
    let answers = server
        .queue
        .transactions(me.tenant)
        .add(queue, items)
        .await?;
    let added = answers.iter().filter(|answer| answer.is_ok()).count();
    let details = json!({ "items": added });
    server.note(me, "queue.add", queue, &details).await?;
    let view = |answer: Result<ItemId, casare_queue::QueueError>| match answer {
        Ok(id) => Added {
            id: Some(id.0),
            error: None,
        },
        Err(error) => Added {
            id: None,
            error: Some(Problem::from(error).detail.clone()),
        },
    };
    let view = whole(answers.into_iter().map(view).collect());
    Ok((StatusCode::CREATED, Json(view)))
}

/// Add items. One that does not fit does not keep the others from being added.
#[utoipa::path(post, path = "/queues/{queue}/items", tag = "queues",
    params(("queue" = String, Path)), responses((status = 201, body = Page<Added>)))]
async fn add_items(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(queue): Path<String>,
    Json(items): Json<Items>,
) -> Result<(StatusCode, Json<Page<Added>>), Problem> {
    let items: Result<Vec<NewItem>, Problem> = items.items.into_iter().map(new_item).collect();
    add(&server, &me, &queue, items?).await
}

/// Add a row of CSV as an item each; the first row names the fields.
#[utoipa::path(post, path = "/queues/{queue}/import", tag = "queues",
    params(("queue" = String, Path), ImportQuery),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 201, body = Page<Added>)))]
async fn import_items(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(queue): Path<String>,
    Query(query): Query<ImportQuery>,
    body: Bytes,
) -> Result<(StatusCode, Json<Page<Added>>), Problem> {
    if body.contains(&0) {
        return Err(Problem::invalid("the table holds the character U+0000"));
    }
    let unreadable = |error: csv::Error| Problem::invalid(format!("the table: {error}"));
    let mut reader = csv::Reader::from_reader(body.as_ref());
    let names = reader.headers().map_err(unreadable)?.clone();
    let mut items = Vec::new();
    for row in reader.records() {
        let row = row.map_err(unreadable)?;
        let payload: serde_json::Map<String, Value> = names
            .iter()
            .zip(row.iter())
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        let reference = query.reference.as_ref();
        let reference = reference.and_then(|name| payload.get(name)?.as_str());
        items.push(NewItem {
            reference: reference.map(ToOwned::to_owned),
            payload: Value::Object(payload),
            priority: casare_queue::Priority::default(),
            defer_until: None,
            deadline: None,
        });
        if items.len() > MOST {
            break;
        }
    }
    add(&server, &me, &queue, items).await
}

/// Take items: nobody else gets them until they are reported, or their time is up.
#[utoipa::path(post, path = "/queues/{queue}/take", tag = "queues",
    params(("queue" = String, Path)), responses((status = 200, body = Page<TakenView>)))]
async fn take_items(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(queue): Path<String>,
    Json(take): Json<Take>,
) -> Result<Json<Page<TakenView>>, Problem> {
    let count = take.count.unwrap_or(1).clamp(1, 100);
    let queues = server.queue.transactions(me.tenant);
    let taken = queues.take(&queue, &me.actor(), count).await?;
    let view = |item: casare_queue::TakenItem| TakenView {
        id: item.lease.item.0,
        epoch: item.lease.epoch,
        reference: item.reference,
        payload: item.payload,
        attempt: item.attempt,
        until: item.until.into(),
    };
    Ok(Json(whole(taken.into_iter().map(view).collect())))
}

/// An item.
#[utoipa::path(get, path = "/items/{id}", tag = "queues", responses((status = 200, body = ItemView)))]
async fn show_item(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
) -> Result<Json<ItemView>, Problem> {
    let found = server
        .queue
        .transactions(me.tenant)
        .item(ItemId(id))
        .await?;
    let found = found.ok_or_else(|| Problem::missing("item"))?;
    Ok(Json(item_view(found)))
}

/// Delete an item that nobody has.
#[utoipa::path(delete, path = "/items/{id}", tag = "queues", responses((status = 204)))]
async fn delete_item(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let queues = server.queue.transactions(me.tenant);
    if !queues.remove_item(ItemId(id)).await? {
        return Err(Problem::missing("item that nobody has"));
    }
    server
        .note(&me, "item.delete", &id.to_string(), &json!({}))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Orchestrator {
    /// The lease of an item that belongs to the tenant.
    async fn item_lease(&self, me: &Principal, id: Uuid, epoch: i64) -> Result<ItemLease, Problem> {
        let found = self.queue.transactions(me.tenant).item(ItemId(id)).await?;
        found.ok_or_else(|| Problem::missing("item"))?;
        Ok(ItemLease {
            item: ItemId(id),
            epoch,
        })
    }
}

/// Report that an item was done.
#[utoipa::path(post, path = "/items/{id}/complete", tag = "queues", responses((status = 204)))]
async fn complete_item(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
    Json(done): Json<Completion>,
) -> Result<StatusCode, Problem> {
    let lease = server.item_lease(&me, id, done.epoch).await?;
    let queues = server.queue.transactions(me.tenant);
    queues.complete(lease, done.output).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Report that an item could not be done.
#[utoipa::path(post, path = "/items/{id}/fail", tag = "queues", responses((status = 204)))]
async fn fail_item(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
    Json(failure): Json<Failure>,
) -> Result<StatusCode, Problem> {
    let lease = server.item_lease(&me, id, failure.epoch).await?;
    let queues = server.queue.transactions(me.tenant);
    let exception = match failure.exception {
        ExceptionKind::Business => Exception::Business(failure.message),
        ExceptionKind::Application => Exception::Application(failure.message),
    };
    queues.fail(lease, exception).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give an item back until later.
#[utoipa::path(post, path = "/items/{id}/defer", tag = "queues", responses((status = 204)))]
async fn defer_item(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
    Json(deferral): Json<Deferral>,
) -> Result<StatusCode, Problem> {
    let lease = server.item_lease(&me, id, deferral.epoch).await?;
    let queues = server.queue.transactions(me.tenant);
    queues.defer(lease, deferral.until.0).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keep an item for longer.
#[utoipa::path(post, path = "/items/{id}/renew", tag = "queues", responses((status = 204)))]
async fn renew_item(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
    Json(renewal): Json<Renewal>,
) -> Result<StatusCode, Problem> {
    let lease = server.item_lease(&me, id, renewal.epoch).await?;
    let queues = server.queue.transactions(me.tenant);
    queues.renew(lease, renewal.progress.as_deref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Add a failed item again, as a new one that names it.
#[utoipa::path(post, path = "/queues/{queue}/items/{id}/retry", tag = "queues",
    params(("queue" = String, Path), ("id" = Uuid, Path)),
    responses((status = 201, body = Made)))]
async fn retry_item(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path((queue, id)): Path<(String, Uuid)>,
) -> Result<(StatusCode, Json<Made>), Problem> {
    let queues = server.queue.transactions(me.tenant);
    let made = queues.retry(&queue, ItemId(id)).await?;
    server
        .note(&me, "item.retry", &id.to_string(), &json!({}))
        .await?;
    Ok((StatusCode::CREATED, Json(Made { id: made.0 })))
}

/// Say how far the review of a failed item is.
#[utoipa::path(put, path = "/items/{id}/review", tag = "queues", responses((status = 204)))]
async fn review_item(
    State(server): State<Orchestrator>,
    Me(me): Me,
    Path(id): Path<Uuid>,
    Json(change): Json<ReviewChange>,
) -> Result<StatusCode, Problem> {
    let queues = server.queue.transactions(me.tenant);
    let found = queues.item(ItemId(id)).await?;
    found.ok_or_else(|| Problem::missing("item"))?;
    if !queues.review(ItemId(id), change.from, change.to).await? {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "wrong_state",
            "its review stands elsewhere by now",
        ));
    }
    server
        .note(&me, "item.review", &id.to_string(), &json!({}))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

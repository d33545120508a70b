//! The items of transaction queues.

use std::{collections::HashSet, str::FromStr};

use casare_store::{ItemId, Moment, QueueId, execute, fetch_all, fetch_optional, row};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::types::Json;
use uuid::Uuid;

use super::{Transactions, statements};
use crate::{ErrorKind, Priority, Queue, QueueError, RetryPolicy, lease::HeldUnder};

/// An item to add.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewItem {
    /// What people call it: an invoice number, a case.
    pub reference: Option<String>,
    pub payload: Value,
    pub priority: Priority,
    /// Not before that.
    pub defer_until: Option<Moment>,
    /// Given up when it was not taken by then.
    pub deadline: Option<Moment>,
}

/// Where an item stands. The last four are ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    New,
    /// Waits for a time: it was asked to, or failed and is tried again.
    Deferred,
    InProgress,
    Completed,
    Failed,
    /// Its deadline passed, or nobody who took it was heard of again.
    Abandoned,
    Deleted,
}

impl ItemState {
    const ALL: [(Self, &'static str); 7] = [
        (Self::New, "new"),
        (Self::Deferred, "deferred"),
        (Self::InProgress, "in_progress"),
        (Self::Completed, "completed"),
        (Self::Failed, "failed"),
        (Self::Abandoned, "abandoned"),
        (Self::Deleted, "deleted"),
    ];

    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(state, _)| *state == self)
            .map_or("new", |(_, name)| name)
    }
}

impl FromStr for ItemState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .iter()
            .find(|(_, name)| *name == text)
            .map(|(state, _)| *state)
            .ok_or(())
    }
}

/// What people have made of an item that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Review {
    Pending,
    InReview,
    /// It is right that it failed.
    Verified,
    Retried,
}

impl Review {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InReview => "in_review",
            Self::Verified => "verified",
            Self::Retried => "retried",
        }
    }
}

/// Why an item failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exception {
    /// The data is at fault: it is not tried again.
    Business(String),
    /// Something around it is at fault: it is tried again as the queue says.
    Application(String),
}

/// The right to report on an item that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ItemLease {
    pub item: ItemId,
    pub epoch: i64,
}

/// An item in the hands of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct TakenItem {
    pub lease: ItemLease,
    pub reference: Option<String>,
    pub payload: Value,
    pub priority: Priority,
    /// Counted from one.
    pub attempt: u32,
    pub until: Moment,
    pub deadline: Option<Moment>,
}

row! {
    /// An item as it stands.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Item {
        pub id: ItemId,
        pub queue_id: QueueId,
        pub reference: Option<String>,
        pub state: String,
        pub review: Option<String>,
        pub(crate) rank: i16,
        pub due_at: Moment,
        pub deadline_at: Option<Moment>,
        pub attempt: i32,
        pub holder: Option<String>,
        pub taken_at: Option<Moment>,
        pub finished_at: Option<Moment>,
        pub payload: Json<Value>,
        pub output: Option<Json<Value>>,
        pub progress: Option<String>,
        pub error_kind: Option<String>,
        pub error_message: Option<String>,
        pub retry_of: Option<ItemId>,
    }
    struct IdRow {
        id: ItemId,
    }
    struct TakenRow {
        id: ItemId,
        reference: Option<String>,
        rank: i16,
        due_at: Moment,
        deadline_at: Option<Moment>,
        lease_epoch: i64,
        attempt: i32,
        timer_at: Moment,
        payload: Json<Value>,
    }
    struct HeldItem {
        attempt: i32,
        max_attempts: i32,
        retry: Json<RetryPolicy>,
        lease_us: i64,
    }
}

impl Item {
    pub fn priority(&self) -> Priority {
        Priority::from_rank(self.rank)
    }
}

impl Transactions {
    /// Adds items in one transaction. Each has its own answer: one that does not fit does not keep
    /// the others from being added.
    pub async fn add(
        &self,
        queue: &str,
        items: Vec<NewItem>,
    ) -> Result<Vec<Result<ItemId, QueueError>>, QueueError> {
        self.add_retries(queue, items.into_iter().map(|item| (item, None)).collect())
            .await
    }

    async fn add_retries(
        &self,
        queue: &str,
        items: Vec<(NewItem, Option<ItemId>)>,
    ) -> Result<Vec<Result<ItemId, QueueError>>, QueueError> {
        let queue = self.get(queue).await?;
        let schema = self.queue.inner.schemas.of(&queue)?;
        let now = self.queue.now();
        let mut answers = Vec::new();
        let mut rows = Vec::new();
        let mut references = Vec::new();
        for (item, retry_of) in items {
            if let Some(schema) = &schema
                && let Some(error) = schema.iter_errors(&item.payload).next()
            {
                let why = format!("{} at `{}`", error.masked(), error.instance_path());
                answers.push(Err(QueueError::Unfit { why }));
                continue;
            }
            let size = item.payload.to_string().len();
            if size > self.queue.settings().max_value {
                let why = format!("its payload takes {size} bytes");
                answers.push(Err(QueueError::Unfit { why }));
                continue;
            }
            let id = ItemId::new(now);
            let due = item.defer_until.unwrap_or(now);
            let (state, timer) = if due > now {
                (ItemState::Deferred, Some(due))
            } else {
                (ItemState::New, item.deadline)
            };
            let unique = item
                .reference
                .as_ref()
                .filter(|_| queue.design.unique_reference);
            rows.push(json!([
                id,
                queue.id,
                self.tenant,
                item.reference,
                unique,
                state.name(),
                item.priority.rank(),
                due.micros(),
                item.deadline.map(Moment::micros),
                timer.map(Moment::micros),
                item.payload,
                retry_of,
            ]));
            references.push(item.reference.unwrap_or_default());
            answers.push(Ok(id));
        }
        let mut work = self.queue.store().begin().await?;
        let added = fetch_all!(work.link(), IdRow, statements::ADD, Json(rows))?;
        work.commit().await?;
        let added: HashSet<ItemId> = added.into_iter().map(|row| row.id).collect();
        let accepted = answers.iter_mut().filter(|answer| answer.is_ok());
        for (answer, reference) in accepted.zip(references) {
            if answer.as_ref().is_ok_and(|id| !added.contains(id)) {
                *answer = Err(QueueError::ReferenceTaken { reference });
            }
        }
        if !added.is_empty() {
            self.queue.store().queue().wake();
        }
        Ok(answers)
    }

    /// Takes up to `count` items: by priority, then time, then id. `holder` says who has them.
    pub async fn take(
        &self,
        queue: &str,
        holder: &str,
        count: u32,
    ) -> Result<Vec<TakenItem>, QueueError> {
        let queue = self.get(queue).await?;
        if queue.paused.is_some() {
            return Ok(Vec::new());
        }
        self.queue.tick_items().await?;
        let now = self.queue.now();
        let until = now + queue.design.lease;
        let mut work = self.queue.store().begin().await?;
        let count = i64::from(count.min(1_000));
        let mut rows = fetch_all!(
            work.link(),
            TakenRow,
            statements::TAKE,
            queue.id,
            count,
            holder,
            now,
            until
        )?;
        work.commit().await?;
        rows.sort_unstable_by_key(|row| (row.rank, row.due_at, row.id));
        let taken = |row: TakenRow| TakenItem {
            lease: ItemLease {
                item: row.id,
                epoch: row.lease_epoch,
            },
            reference: row.reference,
            payload: row.payload.0,
            priority: Priority::from_rank(row.rank),
            attempt: u32::try_from(row.attempt).unwrap_or(1),
            until: row.timer_at,
            deadline: row.deadline_at,
        };
        Ok(rows.into_iter().map(taken).collect())
    }

    /// Keeps an item for another lease, and says how far it has come.
    pub async fn renew(
        &self,
        lease: ItemLease,
        progress: Option<&str>,
    ) -> Result<Moment, QueueError> {
        let mut work = self.queue.store().begin().await?;
        let held = self.held(&mut work, lease).await?;
        let until = self.queue.now()
            + std::time::Duration::from_micros(held.lease_us.max(0).cast_unsigned());
        let changed = execute!(
            work.link(),
            statements::RENEW_ITEM,
            lease.item,
            lease.epoch,
            until,
            progress
        )?;
        work.commit().await?;
        mine(changed, lease).map(|()| until)
    }

    pub async fn complete(
        &self,
        lease: ItemLease,
        output: Option<Value>,
    ) -> Result<(), QueueError> {
        let mut work = self.queue.store().begin().await?;
        let changed = execute!(
            work.link(),
            statements::COMPLETE,
            lease.item,
            lease.epoch,
            output.map(Json),
            self.queue.now()
        )?;
        work.commit().await?;
        mine(changed, lease)
    }

    /// Ends an attempt with an exception. Answers when it is tried again, if it is.
    pub async fn fail(
        &self,
        lease: ItemLease,
        exception: Exception,
    ) -> Result<Option<Moment>, QueueError> {
        let now = self.queue.now();
        let mut work = self.queue.store().begin().await?;
        let held = self.held(&mut work, lease).await?;
        let mut retry = held.retry.0;
        retry.max_attempts = u32::try_from(held.max_attempts).unwrap_or(1);
        // Whatever an application exception was, the queue's policy is for it.
        retry.on.insert(ErrorKind::Unavailable);
        let attempt = u32::try_from(held.attempt).unwrap_or(1);
        let (kind, message, delay) = match exception {
            Exception::Business(message) => ("business", message, None),
            Exception::Application(message) => {
                let delay = retry.delay(attempt, ErrorKind::Unavailable, rand::random());
                ("application", message, delay)
            }
        };
        let again = delay.map(|delay| now + delay);
        let (state, finished, review) = match again {
            Some(_) => (ItemState::Deferred, None, None),
            None => (ItemState::Failed, Some(now), Some(Review::Pending.name())),
        };
        let changed = execute!(
            work.link(),
            statements::FAIL,
            lease.item,
            lease.epoch,
            state.name(),
            again,
            finished,
            kind,
            message,
            review
        )?;
        work.commit().await?;
        mine(changed, lease).map(|()| again)
    }

    /// Puts a taken item back until a time; the attempt does not count.
    pub async fn defer(&self, lease: ItemLease, until: Moment) -> Result<(), QueueError> {
        let mut work = self.queue.store().begin().await?;
        let changed = execute!(
            work.link(),
            statements::DEFER,
            lease.item,
            lease.epoch,
            until
        )?;
        work.commit().await?;
        mine(changed, lease)
    }

    /// Moves the review of an item that failed from one state to the next.
    pub async fn review(&self, item: ItemId, from: Review, to: Review) -> Result<bool, QueueError> {
        let mut work = self.queue.store().begin().await?;
        let changed = execute!(
            work.link(),
            statements::REVIEW,
            self.tenant,
            item,
            from.name(),
            to.name()
        )?;
        work.commit().await?;
        Ok(changed > 0)
    }

    /// Adds an item that failed again, as a new one that names it.
    pub async fn retry(&self, queue: &str, item: ItemId) -> Result<ItemId, QueueError> {
        let old = self
            .item(item)
            .await?
            .ok_or(QueueError::ItemLost { item })?;
        let mut work = self.queue.store().begin().await?;
        let changed = execute!(work.link(), statements::FREE_KEY, self.tenant, item)?;
        work.commit().await?;
        if changed == 0 {
            return Err(QueueError::Invalid {
                what: "the item",
                why: format!("it is {}, and only what failed is added again", old.state),
            });
        }
        let again = NewItem {
            priority: old.priority(),
            reference: old.reference,
            payload: old.payload.0,
            defer_until: None,
            deadline: None,
        };
        let answers = self.add_retries(queue, vec![(again, Some(item))]).await?;
        answers
            .into_iter()
            .next()
            .unwrap_or(Err(QueueError::Closed))
    }

    /// Takes an item out of the queue; one that is in progress stays.
    pub async fn remove_item(&self, item: ItemId) -> Result<bool, QueueError> {
        let mut work = self.queue.store().begin().await?;
        let now = self.queue.now();
        let changed = execute!(work.link(), statements::REMOVE_ITEM, self.tenant, item, now)?;
        work.commit().await?;
        Ok(changed > 0)
    }

    pub async fn item(&self, item: ItemId) -> Result<Option<Item>, QueueError> {
        let mut reader = self.queue.store().reader().await?;
        Ok(fetch_optional!(
            reader.link(),
            Item,
            statements::ITEM,
            self.tenant,
            item
        )?)
    }

    /// Items of a queue in the order they were added, those after `after`.
    pub async fn items(
        &self,
        queue: &str,
        state: Option<ItemState>,
        after: Option<ItemId>,
        limit: u32,
    ) -> Result<Vec<Item>, QueueError> {
        let queue = self.get(queue).await?;
        let mut reader = self.queue.store().reader().await?;
        let after = after.map_or(Uuid::nil(), |item| item.0);
        Ok(fetch_all!(
            reader.link(),
            Item,
            statements::ITEMS,
            self.tenant,
            queue.id,
            after,
            state.map(ItemState::name),
            i64::from(limit.min(1_000))
        )?)
    }

    /// How many items are in each state.
    pub async fn statistics(&self, queue: &str) -> Result<Vec<(ItemState, i64)>, QueueError> {
        let queue = self.get(queue).await?;
        let mut reader = self.queue.store().reader().await?;
        let rows = fetch_all!(
            reader.link(),
            HeldUnder,
            statements::STATISTICS,
            self.tenant,
            queue.id
        )?;
        let count = |row: HeldUnder| row.key.parse().ok().map(|state| (state, row.held));
        Ok(rows.into_iter().filter_map(count).collect())
    }

    async fn held(
        &self,
        work: &mut casare_store::Work,
        lease: ItemLease,
    ) -> Result<HeldItem, QueueError> {
        let row = fetch_optional!(
            work.link(),
            HeldItem,
            statements::HELD_ITEM,
            lease.item,
            lease.epoch
        )?;
        row.ok_or(QueueError::ItemLost { item: lease.item })
    }
}

fn mine(changed: u64, lease: ItemLease) -> Result<(), QueueError> {
    if changed == 0 {
        return Err(QueueError::ItemLost { item: lease.item });
    }
    Ok(())
}

impl Queue {
    /// Deferred items become ready, deadlines pass, leases run out. Taking does it by itself.
    pub async fn tick_items(&self) -> Result<u64, QueueError> {
        let now = self.now();
        let mut work = self.store().begin().await?;
        let mut changed = 0;
        for sql in [statements::UNDEFER, statements::EXPIRE, statements::LOSE] {
            changed += execute!(work.link(), sql, now)?;
        }
        work.commit().await?;
        Ok(changed)
    }

    /// Forgets items that ended before `limit`, in all queues.
    pub async fn forget_items_before(&self, limit: Moment) -> Result<u64, QueueError> {
        let mut work = self.store().begin().await?;
        let forgotten = execute!(work.link(), statements::FORGET_ITEMS, limit)?;
        work.commit().await?;
        Ok(forgotten)
    }
}

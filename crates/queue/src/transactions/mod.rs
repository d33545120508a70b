//! Transaction queues: business items that one run produces and another consumes, one by one.
//!
//! An item fails with a business exception, which is never tried again, or with an application
//! exception, which is. A taken item has a lease: whoever does not renew it loses the item.

mod items;
pub(crate) mod statements;

use std::{collections::HashMap, sync::Arc, time::Duration};

use casare_store::{Moment, QueueId, TenantId, execute, fetch_all, fetch_optional, micros, row};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::types::Json;

pub use items::{Exception, Item, ItemLease, ItemState, NewItem, Review, TakenItem};

use crate::{Queue, QueueError, RetryPolicy};

/// How a transaction queue treats its items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueDesign {
    pub description: Option<String>,
    /// JSON Schema that every item fits.
    pub schema: Option<Value>,
    /// Whether two items may have the same reference.
    pub unique_reference: bool,
    /// Of application exceptions; its `max_attempts` counts the first one.
    pub retry: RetryPolicy,
    /// How long whoever takes an item has it without renewing.
    pub lease: Duration,
}

impl Default for QueueDesign {
    fn default() -> Self {
        Self {
            description: None,
            schema: None,
            unique_reference: false,
            retry: RetryPolicy::default(),
            lease: Duration::from_mins(10),
        }
    }
}

/// A transaction queue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TransactionQueue {
    pub id: QueueId,
    pub name: String,
    #[serde(flatten)]
    pub design: QueueDesign,
    /// Since when nothing is taken from it.
    pub paused: Option<Moment>,
    pub revision: i64,
    pub created: Moment,
}

/// The transaction queues of one tenant.
#[derive(Debug, Clone)]
pub struct Transactions {
    queue: Queue,
    tenant: TenantId,
}

row! {
    struct QueueRow {
        id: QueueId,
        name: String,
        description: Option<String>,
        schema: Option<Json<Value>>,
        unique_reference: bool,
        max_attempts: i32,
        retry: Json<RetryPolicy>,
        lease_us: i64,
        paused_at: Option<Moment>,
        revision: i64,
        created_at: Moment,
    }
}

impl From<QueueRow> for TransactionQueue {
    fn from(row: QueueRow) -> Self {
        let mut retry = row.retry.0;
        retry.max_attempts = u32::try_from(row.max_attempts).unwrap_or(1);
        Self {
            id: row.id,
            name: row.name,
            design: QueueDesign {
                description: row.description,
                schema: row.schema.map(|schema| schema.0),
                unique_reference: row.unique_reference,
                retry,
                lease: Duration::from_micros(row.lease_us.max(0).cast_unsigned()),
            },
            paused: row.paused_at,
            revision: row.revision,
            created: row.created_at,
        }
    }
}

/// Compiled schemas, by queue and revision.
#[derive(Debug, Default)]
pub(crate) struct Schemas(Mutex<HashMap<QueueId, (i64, Arc<jsonschema::Validator>)>>);

impl Schemas {
    fn of(
        &self,
        queue: &TransactionQueue,
    ) -> Result<Option<Arc<jsonschema::Validator>>, QueueError> {
        let Some(schema) = &queue.design.schema else {
            return Ok(None);
        };
        let mut known = self.0.lock();
        if let Some((revision, validator)) = known.get(&queue.id)
            && *revision == queue.revision
        {
            return Ok(Some(Arc::clone(validator)));
        }
        let validator = Arc::new(compile(schema)?);
        if known.len() > 1_000 {
            known.clear();
        }
        known.insert(queue.id, (queue.revision, Arc::clone(&validator)));
        Ok(Some(validator))
    }
}

fn compile(schema: &Value) -> Result<jsonschema::Validator, QueueError> {
    jsonschema::validator_for(schema).map_err(|error| QueueError::Invalid {
        what: "the schema of the queue",
        why: error.to_string(),
    })
}

impl Queue {
    /// The transaction queues of a tenant.
    pub fn transactions(&self, tenant: TenantId) -> Transactions {
        Transactions {
            queue: self.clone(),
            tenant,
        }
    }
}

impl Transactions {
    /// Makes a queue.
    ///
    /// # Errors
    ///
    /// `Invalid` when there is one of this name, or the schema is none.
    pub async fn create(&self, name: &str, design: &QueueDesign) -> Result<QueueId, QueueError> {
        check(name, design)?;
        let id = QueueId::new(self.queue.now());
        let mut work = self.queue.store().begin().await?;
        let made = execute!(
            work.link(),
            statements::CREATE,
            id,
            self.tenant,
            name,
            design.description.as_deref(),
            design.schema.as_ref().map(Json),
            design.unique_reference,
            design.retry.max_attempts as i32,
            Json(&design.retry),
            micros(design.lease),
            self.queue.now()
        )?;
        work.commit().await?;
        if made == 0 {
            return Err(QueueError::Invalid {
                what: "the name of the queue",
                why: format!("there is a queue `{name}` already"),
            });
        }
        Ok(id)
    }

    /// Changes how a queue treats its items. Items that are there stay as they are.
    pub async fn change(&self, name: &str, design: &QueueDesign) -> Result<(), QueueError> {
        check(name, design)?;
        let mut work = self.queue.store().begin().await?;
        let changed = execute!(
            work.link(),
            statements::CHANGE,
            self.tenant,
            name,
            design.description.as_deref(),
            design.schema.as_ref().map(Json),
            design.unique_reference,
            design.retry.max_attempts as i32,
            Json(&design.retry),
            micros(design.lease)
        )?;
        work.commit().await?;
        found(changed, name)
    }

    pub async fn get(&self, name: &str) -> Result<TransactionQueue, QueueError> {
        let mut reader = self.queue.store().reader().await?;
        let row = fetch_optional!(reader.link(), QueueRow, statements::FIND, self.tenant, name)?;
        row.map(TransactionQueue::from)
            .ok_or_else(|| QueueError::NoSuchQueue {
                name: name.to_owned(),
            })
    }

    /// Queues by name, those after `after`.
    pub async fn list(&self, after: &str, limit: u32) -> Result<Vec<TransactionQueue>, QueueError> {
        let mut reader = self.queue.store().reader().await?;
        let limit = i64::from(limit.min(1_000));
        let rows = fetch_all!(
            reader.link(),
            QueueRow,
            statements::LIST,
            self.tenant,
            after,
            limit
        )?;
        Ok(rows.into_iter().map(TransactionQueue::from).collect())
    }

    /// Removes a queue with all its items.
    pub async fn remove(&self, name: &str) -> Result<(), QueueError> {
        let mut work = self.queue.store().begin().await?;
        let changed = execute!(work.link(), statements::REMOVE, self.tenant, name)?;
        work.commit().await?;
        found(changed, name)
    }

    /// Nothing is taken from it until it is resumed; adding goes on.
    pub async fn pause(&self, name: &str, paused: bool) -> Result<(), QueueError> {
        let mut work = self.queue.store().begin().await?;
        let since = paused.then(|| self.queue.now());
        let changed = execute!(work.link(), statements::PAUSE, self.tenant, name, since)?;
        work.commit().await?;
        if !paused {
            self.queue.store().queue().wake();
        }
        found(changed, name)
    }
}

fn found(changed: u64, name: &str) -> Result<(), QueueError> {
    if changed == 0 {
        return Err(QueueError::NoSuchQueue {
            name: name.to_owned(),
        });
    }
    Ok(())
}

fn check(name: &str, design: &QueueDesign) -> Result<(), QueueError> {
    let invalid = |what, why: &str| {
        Err(QueueError::Invalid {
            what,
            why: why.to_owned(),
        })
    };
    if name.is_empty() || name.len() > 200 || name.chars().any(char::is_control) {
        return invalid(
            "the name of the queue",
            "it must have 1 to 200 bytes, all printable",
        );
    }
    if !(1..=100).contains(&design.retry.max_attempts) {
        return invalid("the retry policy", "max_attempts must be between 1 and 100");
    }
    if design.lease < Duration::from_secs(1) || design.lease > Duration::from_hours(24 * 7) {
        return invalid("the lease", "it must be between a second and a week");
    }
    design
        .schema
        .as_ref()
        .map_or(Ok(()), |schema| compile(schema).map(|_| ()))
}

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use casare_engine::{BlockEnd, Node, NodeError, Opened, Resource, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{
    connection::{Connection, Database, Dialect},
    statements,
};

/// Makes the changes of the steps inside together: all of them, or none.
///
/// Steps in the block that name no database work in the transaction. When the block ends, the
/// changes are committed; when a step fails or the run is cancelled, they are undone. A transaction
/// without a database inside another one is a savepoint of it: if it fails and the failure is
/// caught, only its own changes are undone.
///
/// A run that is interrupted in the block begins the transaction anew and does its steps again,
/// because the database has undone them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenTransaction {
    /// The database, as for `sql.query`; without it a savepoint of the transaction around.
    #[serde(default)]
    database: Option<String>,
    /// Name of a credential with `username` and `password`, or with the whole `url`.
    #[serde(default)]
    credential: Option<String>,
    /// What the transaction sees of others; the database's own default otherwise.
    #[serde(default)]
    isolation: Option<Isolation>,
}

/// What a transaction sees of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Isolation {
    /// Each statement sees what is committed when it begins.
    ReadCommitted,
    /// All statements see what was committed when the first began.
    RepeatableRead,
    /// As if the transactions came one after the other; some fail with `conflict` for it.
    Serializable,
}

/// What was begun.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TransactionOpened {
    /// How many transactions are around each other here; 1 for the outermost.
    depth: usize,
}

pub(super) fn node() -> Node {
    Node::session("sql.transaction", open)
        .effect(Effect::Live)
        .icon("database-backup")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: sql.execute
  with:
    database: sqlite:bank.db
    script: >-
      CREATE TABLE account (id INTEGER, balance INTEGER);
      INSERT INTO account VALUES (1, 100), (2, 100);
- use: sql.transaction
  with: { database: sqlite:bank.db }
  do:
    - use: sql.execute
      with: { sql: UPDATE account SET balance = balance - 30 WHERE id = 1 }
    - use: sql.execute
      with: { sql: UPDATE account SET balance = balance + 30 WHERE id = 2 }
";

/// A transaction, or a savepoint in one.
pub(super) struct Transaction {
    held: Arc<Mutex<Held>>,
    depth: usize,
    closed: AtomicBool,
}

/// The connection that a transaction and its savepoints share.
pub(super) struct Held {
    connection: Option<Connection>,
    /// How often a statement failed at each depth: PostgreSQL undoes a transaction then, and says
    /// nothing when it is committed.
    failures: VecDeque<Option<String>>,
}

impl Held {
    pub(super) fn connection(&mut self) -> Result<&mut Connection, NodeError> {
        self.connection
            .as_mut()
            .ok_or_else(|| NodeError::invalid("the transaction has ended"))
    }

    pub(super) fn note_failure(&mut self, error: &NodeError) {
        if let Some(last) = self.failures.back_mut() {
            last.get_or_insert_with(|| error.message().to_owned());
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // The block's end was never told: what is under way must not go back to the pool.
        if let Some(connection) = &mut self.connection {
            connection.abandon();
        }
    }
}

impl Transaction {
    pub(super) async fn held(&self) -> Result<OwnedMutexGuard<Held>, NodeError> {
        Ok(self.held.clone().lock_owned().await)
    }
}

async fn open(
    cx: &StepContext,
    settings: OpenTransaction,
) -> Result<Opened<TransactionOpened>, NodeError> {
    let database = Database::new(settings.database.as_deref(), settings.credential.as_deref());
    let around = cx.resource::<Transaction>("transaction").ok();
    let transaction = match around {
        Some(around) if !database.is_named() => {
            let held = around.held.clone();
            let mut inside = held.lock().await;
            statements::begin(inside.connection()?, None).await?;
            inside.failures.push_back(None);
            drop(inside);
            Transaction {
                held,
                depth: around.depth + 1,
                closed: AtomicBool::new(false),
            }
        }
        _ => {
            let mut connection = database.connection(cx).await?;
            if let Err(error) = statements::begin(&mut connection, settings.isolation).await {
                connection.abandon();
                return Err(error);
            }
            Transaction {
                held: Arc::new(Mutex::new(Held {
                    connection: Some(connection),
                    failures: VecDeque::from([None]),
                })),
                depth: 1,
                closed: AtomicBool::new(false),
            }
        }
    };
    let depth = transaction.depth;
    Ok(Opened {
        resource: Arc::new(transaction),
        outputs: TransactionOpened { depth },
    })
}

#[async_trait]
impl Resource for Transaction {
    async fn close(&self, end: BlockEnd) -> Result<(), NodeError> {
        if self.closed.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        let mut held = self.held.lock().await;
        let failure = held.failures.pop_back().flatten();
        let connection = held.connection()?;
        let outcome = if end == BlockEnd::Completed {
            commit(connection, failure).await
        } else {
            statements::rollback(connection).await
        };
        if outcome.is_err() {
            connection.abandon();
        }
        if self.depth == 1 {
            held.connection = None;
        }
        outcome
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn std::any::Any + Send + Sync> {
        self
    }
}

async fn commit(connection: &mut Connection, failure: Option<String>) -> Result<(), NodeError> {
    // After a failed statement PostgreSQL answers a COMMIT by undoing everything, as if all were
    // well. Only asking it something brings that out.
    if let (Dialect::Postgres, Some(failure)) = (connection.dialect(), failure)
        && statements::alive(connection).await.is_err()
    {
        statements::rollback(connection).await?;
        return Err(NodeError::conflict(format!(
            "nothing was changed: a statement in the transaction had failed ({failure})"
        ))
        .with_help(
            "the failure was caught, but the database gives up the whole transaction. Put steps \
             that may fail into a `sql.transaction` of their own inside this one",
        )
        .permanent());
    }
    statements::commit(connection).await
}

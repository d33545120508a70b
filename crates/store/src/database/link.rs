//! Connections and units of work, of either database.

use sqlx::{
    PgConnection, Postgres, Sqlite, SqliteConnection, Transaction, pool::PoolConnection,
    types::Json,
};

use super::DatabaseError;
use crate::{Moment, Store, TenantId, execute, statements};

/// A connection as statements need it.
pub enum Link<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl Link<'_> {
    /// The same for one statement.
    pub fn again(&mut self) -> Link<'_> {
        match self {
            Self::Sqlite(link) => Link::Sqlite(link),
            Self::Postgres(link) => Link::Postgres(link),
        }
    }
}

/// A connection of a pool, for reading.
#[derive(Debug)]
pub enum Reader {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

impl Reader {
    pub fn link(&mut self) -> Link<'_> {
        match self {
            Self::Sqlite(connection) => Link::Sqlite(connection),
            Self::Postgres(connection) => Link::Postgres(connection),
        }
    }
}

/// A unit of work: what is written in it, and the events that tell of it, happen together or not
/// at all. Dropped without [`Work::commit`], nothing of it has happened.
#[derive(Debug)]
pub struct Work {
    pub(crate) transaction: Writing,
    pub(crate) store: Store,
    told: bool,
}

#[derive(Debug)]
pub(crate) enum Writing {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Work {
    pub(crate) fn new(store: Store, transaction: Writing) -> Self {
        Self {
            transaction,
            store,
            told: false,
        }
    }

    pub fn link(&mut self) -> Link<'_> {
        match &mut self.transaction {
            Writing::Sqlite(transaction) => Link::Sqlite(transaction),
            Writing::Postgres(transaction) => Link::Postgres(transaction),
        }
    }

    /// Announces something on `topic` as soon as this is committed, and not otherwise.
    pub async fn tell(
        &mut self,
        tenant: Option<TenantId>,
        topic: &str,
        payload: serde_json::Value,
        now: Moment,
    ) -> Result<(), DatabaseError> {
        execute!(self.link(), TELL, tenant, topic, Json(payload), now)?;
        self.told = true;
        Ok(())
    }

    /// Tells several events of tenants, each with its topic, in this order.
    pub async fn tell_all(
        &mut self,
        told: impl Iterator<Item = (TenantId, String, serde_json::Value)>,
        now: Moment,
    ) -> Result<(), DatabaseError> {
        let told: Vec<_> = told.collect();
        if told.is_empty() {
            return Ok(());
        }
        execute!(self.link(), TELL_ALL, Json(told), now)?;
        self.told = true;
        Ok(())
    }

    /// Makes it all happen. On SQLite it is on the disk after that, on PostgreSQL as its
    /// `synchronous_commit` says.
    pub async fn commit(self) -> Result<(), DatabaseError> {
        let failed = |error| DatabaseError::from_sqlx("COMMIT", error);
        match self.transaction {
            Writing::Sqlite(transaction) => transaction.commit().await.map_err(failed)?,
            Writing::Postgres(transaction) => transaction.commit().await.map_err(failed)?,
        }
        if self.told {
            self.store.outbox().wake();
        }
        Ok(())
    }
}

statements! {
    /// Tells an event as part of a unit of work.
    TELL: "INSERT INTO outbox (tenant_id, topic, payload, at) VALUES ($1, $2, $3, $4)";
    TELL_ALL:
        "INSERT INTO outbox (tenant_id, topic, payload, at)
         SELECT unhex(value->>0, '-'), value->>1, value->2, $2 FROM json_each($1) ORDER BY key",
        "INSERT INTO outbox (tenant_id, topic, payload, at)
         SELECT (e->>0)::uuid, e->>1, e->2, $2
         FROM jsonb_array_elements($1) WITH ORDINALITY AS l (e, place) ORDER BY place";
}

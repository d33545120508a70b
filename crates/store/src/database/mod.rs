//! The database of the server: SQLite or PostgreSQL behind one [`Store`].

mod backup;
mod error;
mod link;
mod migrate;
mod open;
mod statement;
mod wake;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use sqlx::{PgPool, SqlitePool};

pub use error::DatabaseError;
pub(crate) use link::Writing;
pub use link::{Link, Reader, Work};
pub use statement::Sql;
pub use wake::Wake;

use crate::{Clock, TenantId};

/// Where the server keeps everything. Clones share the connections.
#[derive(Debug, Clone)]
pub enum Store {
    Sqlite(Arc<SqliteStore>),
    Postgres(Arc<PostgresStore>),
}

/// One file: a connection that writes, and others that read beside it.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    writer: SqlitePool,
    readers: SqlitePool,
    signals: wake::Signals,
    clock: Clock,
}

/// A database of a server that others may use at the same time.
#[derive(Debug)]
pub struct PostgresStore {
    /// Connections that see all tenants, planned for the statements of the queue.
    server: PgPool,
    /// Connections that see the tenant that was chosen last, and none before that.
    tenants: PgPool,
    signals: wake::Signals,
    clock: Clock,
}

/// The statements of units of work.
pub(crate) fn statements() -> Vec<Sql> {
    link::ALL.to_vec()
}

impl SqliteStore {
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl PostgresStore {
    /// Connections that see all tenants.
    pub fn server(&self) -> &PgPool {
        &self.server
    }
}

impl Store {
    /// Opens the database at `sqlite:PATH` or `postgres://…` and brings it up to date.
    ///
    /// # Errors
    ///
    /// What [`DatabaseError`] says up to `Migration`; the database is as it was then.
    pub async fn open(address: &str, clock: Clock) -> Result<Self, DatabaseError> {
        open::open(address, clock, &open::Connections::default()).await
    }

    /// The same with as many connections as asked for.
    pub async fn open_with(
        address: &str,
        clock: Clock,
        connections: u32,
    ) -> Result<Self, DatabaseError> {
        open::open(address, clock, &open::Connections::of(connections)).await
    }

    pub fn clock(&self) -> &Clock {
        match self {
            Self::Sqlite(store) => &store.clock,
            Self::Postgres(store) => &store.clock,
        }
    }

    /// A unit of work of the server itself, for all tenants.
    pub async fn begin(&self) -> Result<Work, DatabaseError> {
        let transaction = match self {
            Self::Sqlite(store) => Writing::Sqlite(begin_immediate(&store.writer).await?),
            Self::Postgres(store) => {
                Writing::Postgres(store.server.begin().await.map_err(beginning)?)
            }
        };
        Ok(Work::new(self.clone(), transaction))
    }

    /// A connection for reading, for all tenants.
    pub async fn reader(&self) -> Result<Reader, DatabaseError> {
        Ok(match self {
            Self::Sqlite(store) => {
                Reader::Sqlite(store.readers.acquire().await.map_err(beginning)?)
            }
            Self::Postgres(store) => {
                Reader::Postgres(store.server.acquire().await.map_err(beginning)?)
            }
        })
    }

    /// A unit of work that sees and changes this tenant alone.
    pub(crate) async fn begin_for(&self, tenant: TenantId) -> Result<Work, DatabaseError> {
        let transaction = match self {
            Self::Sqlite(store) => Writing::Sqlite(begin_immediate(&store.writer).await?),
            Self::Postgres(store) => {
                let mut transaction = store.tenants.begin().await.map_err(beginning)?;
                sqlx::query("SELECT set_config('casare.tenant', $1, true)")
                    .bind(tenant.to_string())
                    .execute(&mut *transaction)
                    .await
                    .map_err(beginning)?;
                Writing::Postgres(transaction)
            }
        };
        Ok(Work::new(self.clone(), transaction))
    }

    /// A connection for reading that sees this tenant alone.
    pub(crate) async fn reader_for(&self, tenant: TenantId) -> Result<Reader, DatabaseError> {
        let Self::Postgres(store) = self else {
            return self.reader().await;
        };
        let mut connection = store.tenants.acquire().await.map_err(beginning)?;
        sqlx::query("SELECT set_config('casare.tenant', $1, false)")
            .bind(tenant.to_string())
            .execute(&mut *connection)
            .await
            .map_err(beginning)?;
        Ok(Reader::Postgres(connection))
    }

    /// Wakes whoever waits for jobs, in all processes that share this database.
    pub fn queue(&self) -> &Wake {
        &self.signals().queue
    }

    /// Wakes whoever reads the outbox.
    pub fn outbox(&self) -> &Wake {
        &self.signals().outbox
    }

    fn signals(&self) -> &wake::Signals {
        match self {
            Self::Sqlite(store) => &store.signals,
            Self::Postgres(store) => &store.signals,
        }
    }

    /// Closes all connections, after what is under way.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(store) => {
                store.readers.close().await;
                store.writer.close().await;
            }
            Self::Postgres(store) => {
                store.signals.stop();
                store.tenants.close().await;
                store.server.close().await;
            }
        }
    }
}

async fn begin_immediate(
    writer: &SqlitePool,
) -> Result<sqlx::Transaction<'static, sqlx::Sqlite>, DatabaseError> {
    // The lock at once: a transaction that begins reading cannot wait for it later.
    writer
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(beginning)
}

fn beginning(error: sqlx::Error) -> DatabaseError {
    DatabaseError::from_sqlx("BEGIN", error)
}

//! Opening a database, or making it.

use std::{
    fs::{DirBuilder, OpenOptions},
    io,
    path::Path,
    sync::Arc,
    time::Duration,
};

use sqlx::{
    ConnectOptions,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{DatabaseError, PostgresStore, SqliteStore, Store, migrate, wake::Signals};
use crate::Clock;

/// How long to wait for a lock, or for a free connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// PostgreSQL 13 brought what the outbox stands on.
const OLDEST_POSTGRES: i64 = 130_000;

/// How many connections to keep.
pub(super) struct Connections {
    readers: u32,
    server: u32,
    tenants: u32,
}

impl Default for Connections {
    fn default() -> Self {
        Self::of(16)
    }
}

impl Connections {
    pub(super) fn of(count: u32) -> Self {
        let half = (count / 2).max(2);
        Self {
            readers: half.min(8),
            server: half,
            tenants: half,
        }
    }
}

pub(super) async fn open(
    address: &str,
    clock: Clock,
    connections: &Connections,
) -> Result<Store, DatabaseError> {
    if let Some(path) = address.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        return open_sqlite(Path::new(path), clock, connections).await;
    }
    if address.starts_with("postgres://") || address.starts_with("postgresql://") {
        return open_postgres(address, clock, connections).await;
    }
    Err(DatabaseError::Address {
        why: "it begins neither with `sqlite:` nor with `postgres://`".to_owned(),
    })
}

async fn open_sqlite(
    path: &Path,
    clock: Clock,
    connections: &Connections,
) -> Result<Store, DatabaseError> {
    let path =
        std::path::absolute(path).map_err(|error| DatabaseError::file("finding", path, error))?;
    create(&path)?;
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .busy_timeout(PATIENCE)
        .journal_mode(SqliteJournalMode::Wal)
        // A commit is on the disk when it is answered.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .pragma("cache_size", "-65536")
        .pragma("temp_store", "memory")
        .pragma("journal_size_limit", "67108864")
        .statement_cache_capacity(300)
        .disable_statement_logging();
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .connect_with(options.clone())
        .await
        .map_err(opening)?;
    migrate::sqlite(&writer, clock.now()).await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(connections.readers)
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .connect_lazy_with(options.pragma("query_only", "on"));
    Ok(Store::Sqlite(Arc::new(SqliteStore {
        path,
        writer,
        readers,
        signals: Signals::local(),
        clock,
    })))
}

/// Creates file and folder, for this user alone; SQLite gives what stands beside it the same
/// permissions.
fn create(path: &Path) -> Result<(), DatabaseError> {
    let failed = |error| DatabaseError::file("creating", path, error);
    if let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) {
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(folder).map_err(failed)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed(error)),
        _ => Ok(()),
    }
}

async fn open_postgres(
    address: &str,
    clock: Clock,
    connections: &Connections,
) -> Result<Store, DatabaseError> {
    let options: PgConnectOptions = address.parse().map_err(|_| DatabaseError::Address {
        // What the parser says may hold the password.
        why: "it is not a valid address of PostgreSQL".to_owned(),
    })?;
    let options = options
        .application_name("casare")
        .statement_cache_capacity(300)
        .disable_statement_logging();
    let pool = |count: u32| {
        PgPoolOptions::new()
            .max_connections(count)
            .acquire_timeout(PATIENCE)
            .test_before_acquire(false)
    };
    // The queue's statements are written for its indexes. What the planner could win by looking
    // at values it would lose by planning again, or by sorting what an index holds in order.
    let server = pool(connections.server)
        .connect_with(options.clone().options([
            ("casare.tenant", "all"),
            ("plan_cache_mode", "force_generic_plan"),
            ("enable_seqscan", "off"),
            ("enable_bitmapscan", "off"),
            ("jit", "off"),
        ]))
        .await
        .map_err(opening)?;
    check_version(&server).await?;
    migrate::postgres(&server, clock.now()).await?;
    let tenants = pool(connections.tenants).connect_lazy_with(options);
    let signals = Signals::shared(server.clone());
    Ok(Store::Postgres(Arc::new(PostgresStore {
        server,
        tenants,
        signals,
        clock,
    })))
}

async fn check_version(pool: &sqlx::PgPool) -> Result<(), DatabaseError> {
    let (number, name): (i32, String) = sqlx::query_as(
        "SELECT current_setting('server_version_num')::int, current_setting('server_version')",
    )
    .fetch_one(pool)
    .await
    .map_err(opening)?;
    if i64::from(number) < OLDEST_POSTGRES {
        return Err(DatabaseError::TooOld { found: name });
    }
    Ok(())
}

fn opening(error: sqlx::Error) -> DatabaseError {
    match DatabaseError::from_sqlx("CONNECT", error) {
        DatabaseError::Gone { source } | DatabaseError::Statement { source, .. } => {
            DatabaseError::Unreachable { source }
        }
        error => error,
    }
}

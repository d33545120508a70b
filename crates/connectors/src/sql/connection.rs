//! Which database a step means, and the connections to it.

use std::{
    collections::HashMap,
    str::FromStr,
    sync::{LazyLock, Mutex, PoisonError},
    time::Duration,
};

use casare_engine::{NodeError, StepContext};
use sqlx::{
    Connection as _, PgConnection, PgPool, Postgres, Sqlite, SqlitePool,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
#[cfg(feature = "mysql")]
use sqlx::{
    MySql, MySqlConnection, MySqlPool,
    mysql::{MySqlConnectOptions, MySqlPoolOptions},
};
use tokio::sync::OwnedMutexGuard;
use url::Url;

use super::{
    fault::fault,
    transaction::{Held, Transaction},
};

/// How long a step waits for a connection, and for a database that others are writing to.
const PATIENCE: Duration = Duration::from_secs(10);

/// Pools that are kept at most; beyond it all of them are let go.
const MOST_POOLS: usize = 200;

/// Where a database is: the two settings that all its nodes share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Database<'a> {
    database: Option<&'a str>,
    credential: Option<&'a str>,
}

/// What statements are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
    MySql,
}

/// Connections to one database.
#[derive(Clone)]
enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
    #[cfg(feature = "mysql")]
    MySql(MySqlPool),
}

/// One connection.
pub(super) enum Connection {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
    #[cfg(feature = "mysql")]
    MySql(PoolConnection<MySql>),
}

/// The connection that a step works with: one of its own, or that of the transaction around it.
pub(super) enum Lease {
    Own(Box<Connection>),
    Transaction(OwnedMutexGuard<Held>),
}

/// Pools by the runtime they live in and their address. A run's steps come back to the same
/// database; a new connection each time would cost more than most statements.
static POOLS: LazyLock<Mutex<HashMap<(tokio::runtime::Id, String), Pool>>> =
    LazyLock::new(Mutex::default);

impl<'a> Database<'a> {
    pub(super) fn new(database: Option<&'a str>, credential: Option<&'a str>) -> Self {
        Self {
            database,
            credential,
        }
    }

    /// Whether the step names a database; one that names none works in the transaction around it.
    pub(super) fn is_named(&self) -> bool {
        self.database.is_some() || self.credential.is_some()
    }

    /// A connection to this database, or that of the transaction around the step.
    pub(super) async fn lease(&self, cx: &StepContext) -> Result<Lease, NodeError> {
        if self.is_named() {
            return Ok(Lease::Own(Box::new(self.connection(cx).await?)));
        }
        let transaction = cx.resource::<Transaction>("transaction").map_err(|_| {
            NodeError::invalid("the step names no database").with_help(
                "set `database` or `credential`, or put the step into a `sql.transaction`",
            )
        })?;
        Ok(Lease::Transaction(transaction.held().await?))
    }

    /// A connection of its own to this database.
    pub(super) async fn connection(&self, cx: &StepContext) -> Result<Connection, NodeError> {
        let unreachable = |error| fault("the database can't be reached", &error);
        Ok(match self.pool(cx).await? {
            Pool::Sqlite(pool) => Connection::Sqlite(pool.acquire().await.map_err(unreachable)?),
            Pool::Postgres(pool) => {
                Connection::Postgres(pool.acquire().await.map_err(unreachable)?)
            }
            #[cfg(feature = "mysql")]
            Pool::MySql(pool) => Connection::MySql(pool.acquire().await.map_err(unreachable)?),
        })
    }

    async fn pool(&self, cx: &StepContext) -> Result<Pool, NodeError> {
        let url = self.url(cx).await?;
        let key = (
            tokio::runtime::Handle::current().id(),
            whole_address(cx, &url),
        );
        let known = POOLS
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
            .cloned();
        if let Some(pool) = known {
            return Ok(pool);
        }
        let pool = match url.scheme() {
            "sqlite" => Pool::Sqlite(sqlite(cx, &url)?),
            "postgres" | "postgresql" => Pool::Postgres(postgres(&url).await?),
            #[cfg(feature = "mysql")]
            "mysql" | "mariadb" => Pool::MySql(mysql(&url).await?),
            other => {
                return Err(NodeError::invalid(format!(
                    "`{other}:` is no database that is known here"
                ))
                .with_help(FORMS));
            }
        };
        let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
        if pools.len() >= MOST_POOLS {
            pools.clear();
        }
        pools.insert(key, pool.clone());
        Ok(pool)
    }

    async fn url(&self, cx: &StepContext) -> Result<Url, NodeError> {
        let credential = match self.credential {
            Some(name) => Some(cx.credential(name).await?),
            None => None,
        };
        let whole = credential
            .as_ref()
            .and_then(|credential| credential.optional("url"))
            .or(self.database)
            .ok_or_else(|| {
                NodeError::invalid("the step names no database")
                    .with_help("set `database`, or a `credential` that has a `url`")
            })?;
        let mut url: Url = whole.trim().parse().map_err(|error| {
            // Not shown: it may hold a password.
            NodeError::invalid(format!("the database's address can't be read: {error}"))
                .with_help(FORMS)
        })?;
        if let Some(credential) = &credential {
            let unfit = |()| NodeError::invalid("the database's address takes no login");
            if let Some(user) = credential.optional("username") {
                url.set_username(user).map_err(unfit)?;
            }
            if let Some(password) = credential.optional("password") {
                url.set_password(Some(password)).map_err(unfit)?;
            }
        }
        if let Some(password) = url.password() {
            cx.mask_secret(password);
        }
        Ok(url)
    }
}

const FORMS: &str =
    "write `sqlite:file.db`, `postgres://user@host/name` or `mysql://user@host/name`";

impl Connection {
    pub(super) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
            #[cfg(feature = "mysql")]
            Self::MySql(_) => Dialect::MySql,
        }
    }

    /// Ends it rather than giving it back: nobody knows what is under way on it.
    pub(super) fn abandon(&mut self) {
        match self {
            Self::Sqlite(connection) => connection.close_on_drop(),
            Self::Postgres(connection) => connection.close_on_drop(),
            #[cfg(feature = "mysql")]
            Self::MySql(connection) => connection.close_on_drop(),
        }
    }
}

impl Lease {
    pub(super) fn connection(&mut self) -> Result<&mut Connection, NodeError> {
        match self {
            Self::Own(connection) => Ok(connection),
            Self::Transaction(held) => held.connection(),
        }
    }

    /// Tells the transaction around the step that a statement failed.
    pub(super) fn note<T>(&mut self, outcome: Result<T, NodeError>) -> Result<T, NodeError> {
        if let (Self::Transaction(held), Err(error)) = (self, &outcome) {
            held.note_failure(error);
        }
        outcome
    }
}

/// The address that means the same database in every run: a relative path is another file in each
/// folder, and what is in memory belongs to one run.
fn whole_address(cx: &StepContext, url: &Url) -> String {
    if url.scheme() != "sqlite" {
        return url.to_string();
    }
    match sqlite_path(url) {
        path if path == MEMORY => format!("sqlite:{MEMORY}{}", cx.run_id()),
        path => format!("sqlite:{}", cx.file(path).display()),
    }
}

const MEMORY: &str = ":memory:";

fn sqlite_path(url: &Url) -> String {
    let path = url
        .as_str()
        .trim_start_matches("sqlite:")
        .trim_start_matches("//");
    let path = path.split('?').next().unwrap_or(path);
    percent_encoding::percent_decode_str(path)
        .decode_utf8_lossy()
        .into_owned()
}

fn sqlite(cx: &StepContext, url: &Url) -> Result<SqlitePool, NodeError> {
    let path = sqlite_path(url);
    let options = if path == MEMORY {
        // One name for the process: every step of a run sees the same memory.
        SqliteConnectOptions::from_str(&format!(
            "sqlite:file:casare-{}?mode=memory&cache=shared",
            cx.run_id()
        ))
        .map_err(|error| fault("the database can't be opened", &error))?
    } else {
        SqliteConnectOptions::new()
            .filename(cx.file(path))
            .create_if_missing(true)
    };
    Ok(SqlitePoolOptions::new()
        .max_connections(4)
        .acquire_timeout(PATIENCE)
        .connect_lazy_with(options.busy_timeout(PATIENCE).foreign_keys(true)))
}

async fn postgres(url: &Url) -> Result<PgPool, NodeError> {
    let options = PgConnectOptions::from_str(url.as_str())
        .map_err(|error| fault("the database's address can't be read", &error))?
        .application_name("casare");
    // A pool tries for all its patience; an address that refuses is better told at once.
    PgConnection::connect_with(&options)
        .await
        .map_err(|error| fault("the database can't be reached", &error))?
        .close()
        .await
        .map_err(|error| fault("the database can't be reached", &error))?;
    Ok(PgPoolOptions::new()
        .max_connections(4)
        .acquire_timeout(PATIENCE)
        .connect_lazy_with(options))
}

#[cfg(feature = "mysql")]
async fn mysql(url: &Url) -> Result<MySqlPool, NodeError> {
    let mut url = url.clone();
    // The same protocol; the driver knows one name.
    let _ = url.set_scheme("mysql");
    let options = MySqlConnectOptions::from_str(url.as_str())
        .map_err(|error| fault("the database's address can't be read", &error))?;
    MySqlConnection::connect_with(&options)
        .await
        .map_err(|error| fault("the database can't be reached", &error))?
        .close()
        .await
        .map_err(|error| fault("the database can't be reached", &error))?;
    Ok(MySqlPoolOptions::new()
        .max_connections(4)
        .acquire_timeout(PATIENCE)
        .connect_lazy_with(options))
}

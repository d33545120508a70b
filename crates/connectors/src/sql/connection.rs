//! Which database a step means, and the connections to it.

use std::{
    collections::HashMap,
    str::FromStr,
    sync::{LazyLock, Mutex, PoisonError},
    time::Duration,
};

use casare_engine::{ErrorKind, NodeError, StepContext, chain};
use sqlx::{
    Connection, PgConnection, PgPool, SqlitePool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use url::Url;

/// How long a step waits for a connection, and for a database that others are writing to.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a database is: the two settings that all its nodes share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Database<'a> {
    database: Option<&'a str>,
    credential: Option<&'a str>,
}

/// Connections to one database.
#[derive(Clone)]
pub(super) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
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

    /// The connections to this database.
    pub(super) async fn pool(&self, cx: &StepContext) -> Result<Pool, NodeError> {
        let url = self.url(cx).await?;
        let key = (tokio::runtime::Handle::current().id(), url.to_string());
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
            other => {
                return Err(NodeError::invalid(format!(
                    "`{other}:` is no database that is known here"
                ))
                .with_help("write `sqlite:file.db` or `postgres://user@host/name`"));
            }
        };
        POOLS
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key, pool.clone());
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
                .with_help("write `sqlite:file.db` or `postgres://user@host/name`")
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
        Ok(url)
    }
}

fn sqlite(cx: &StepContext, url: &Url) -> Result<SqlitePool, NodeError> {
    let path = url
        .as_str()
        .trim_start_matches("sqlite:")
        .trim_start_matches("//");
    let path = path.split('?').next().unwrap_or(path);
    let options = if path == ":memory:" {
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

/// What went wrong `doing` something with a database.
pub(super) fn fault(doing: &str, error: &sqlx::Error) -> NodeError {
    let (kind, help) = match error {
        sqlx::Error::Database(database) => by_code(database.code().as_deref()),
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => (
            ErrorKind::Unavailable,
            "check that the database runs and that its address is right",
        ),
        sqlx::Error::Configuration(_) => (ErrorKind::Invalid, "check `database`"),
        _ => (ErrorKind::Invalid, "check the statement and its parameters"),
    };
    NodeError::new(kind, format!("{doing}: {}", chain(error))).with_help(help)
}

/// PostgreSQL's SQLSTATE classes and SQLite's extended result codes.
fn by_code(code: Option<&str>) -> (ErrorKind, &'static str) {
    let code = code.unwrap_or_default();
    match code {
        "5" | "6" | "261" | "517" => (
            ErrorKind::Unavailable,
            "others are writing to it; try again",
        ),
        "8" | "1032" => (ErrorKind::Denied, "the database is read-only"),
        "13" => (ErrorKind::Unavailable, "the disk is full: free some space"),
        "14" | "270" => (
            ErrorKind::NotFound,
            "check the folder of the database's file",
        ),
        "1555" | "2067" => (ErrorKind::Conflict, "a row with this key exists already"),
        _ if code.starts_with("23") => (
            ErrorKind::Conflict,
            "a rule of the table (key, reference, check) refuses the row",
        ),
        _ if code.starts_with("28") || code == "42501" => {
            (ErrorKind::Denied, "check the credential and its rights")
        }
        _ if code.starts_with("40") => (
            ErrorKind::Conflict,
            "another transaction was in the way; try again",
        ),
        _ if code.starts_with("08") || code.starts_with("53") || code.starts_with("57P") => (
            ErrorKind::Unavailable,
            "the database is not available now; try again",
        ),
        "42P01" | "3D000" => (ErrorKind::NotFound, "check the name"),
        _ => (ErrorKind::Invalid, "check the statement and its parameters"),
    }
}

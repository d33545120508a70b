//! Statements on a connection, the same way on each database.

use std::sync::Arc;

use casare_engine::NodeError;
use casare_files::rows::Header;
use casare_workflow::Value;
use futures::TryStreamExt;
use sqlx::{
    AssertSqlSafe, Column, Database, Either, Executor, PgConnection, Postgres, SqlSafeStr, SqlStr,
    Sqlite, SqliteConnection, Statement, TypeInfo,
};
#[cfg(feature = "mysql")]
use sqlx::{MySql, MySqlConnection};
use sqlx_core::transaction::TransactionManager;

use super::{
    connection::Connection, fault::fault, parameters::Prepared, transaction::Isolation, value,
};

/// What becomes of each row.
pub(super) type Take<'t> = dyn FnMut(&Arc<Header>, Vec<Value>) -> Result<(), NodeError> + Send + 't;

/// What a statement did.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Done {
    pub(super) affected: u64,
    /// The key that the database gave to the last row; where it says so.
    pub(super) last_id: Option<i64>,
}

pub(super) const READING: &str = "the query failed";
pub(super) const CHANGING: &str = "the statement failed, nothing was changed";

/// The statement's text is the author's own; values reach it as parameters.
pub(super) fn text(sql: &str) -> SqlStr {
    AssertSqlSafe(sql.to_owned()).into_sql_str()
}

/// The functions for one database: the drivers' types have no trait in common that would do.
macro_rules! statements {
    ($name:ident, $connection:ty, $last_id:expr) => {
        mod $name {
            use super::*;

            /// The columns that the statement gives, and the types of its parameters.
            async fn known(
                connection: &mut $connection,
                sql: &str,
            ) -> Result<(Arc<Header>, Vec<String>), sqlx::Error> {
                let known = (&mut *connection).prepare(text(sql)).await?;
                let columns = known.columns().iter();
                let header = Header::new(columns.map(|column| column.name().to_owned()));
                let wanted = match known.parameters() {
                    Some(Either::Left(types)) => types
                        .iter()
                        .map(|wanted| wanted.name().to_owned())
                        .collect(),
                    _ => Vec::new(),
                };
                Ok((header, wanted))
            }

            pub(super) async fn wanted(
                connection: &mut $connection,
                sql: &str,
            ) -> Result<Vec<String>, NodeError> {
                let known = known(connection, sql).await;
                known
                    .map(|(_, wanted)| wanted)
                    .map_err(|error| fault(CHANGING, &error))
            }

            pub(super) async fn fetch(
                connection: &mut $connection,
                prepared: &Prepared,
                take: &mut Take<'_>,
            ) -> Result<Arc<Header>, NodeError> {
                let failed = |error| fault(READING, &error);
                let (header, wanted) = known(connection, &prepared.sql).await.map_err(failed)?;
                let mut query = sqlx::query(text(&prepared.sql));
                for (index, value) in prepared.values.iter().enumerate() {
                    let wanted = wanted.get(index).map(String::as_str);
                    query = value::$name::bind(query, value, wanted)
                        .map_err(|error| unfit(index, &error))?;
                }
                let mut found = query.fetch(&mut *connection);
                while let Some(row) = found.try_next().await.map_err(failed)? {
                    take(
                        &header,
                        value::$name::cells(&row).map_err(NodeError::invalid)?,
                    )?;
                }
                Ok(header)
            }

            pub(super) async fn execute(
                connection: &mut $connection,
                sql: &str,
                values: &[Value],
                wanted: &[String],
            ) -> Result<Done, NodeError> {
                let mut query = sqlx::query(text(sql));
                for (index, value) in values.iter().enumerate() {
                    let wanted = wanted.get(index).map(String::as_str);
                    query = value::$name::bind(query, value, wanted)
                        .map_err(|error| unfit(index, &error))?;
                }
                let done = query
                    .execute(&mut *connection)
                    .await
                    .map_err(|error| fault(CHANGING, &error))?;
                Ok(Done {
                    affected: done.rows_affected(),
                    last_id: $last_id(&done),
                })
            }

            pub(super) async fn script(
                connection: &mut $connection,
                sql: &str,
            ) -> Result<u64, NodeError> {
                sqlx::raw_sql(text(sql))
                    .execute(&mut *connection)
                    .await
                    .map(|done| done.rows_affected())
                    .map_err(|error| fault("the script failed", &error))
            }
        }
    };
}

statements!(
    sqlite,
    SqliteConnection,
    |done: &sqlx::sqlite::SqliteQueryResult| Some(done.last_insert_rowid())
);
statements!(
    postgres,
    PgConnection,
    |_: &sqlx::postgres::PgQueryResult| None
);
#[cfg(feature = "mysql")]
statements!(
    mysql,
    MySqlConnection,
    |done: &sqlx::mysql::MySqlQueryResult| i64::try_from(done.last_insert_id())
        .ok()
        .filter(|id| *id != 0)
);

/// Calls the function of the connection's own database.
macro_rules! on {
    ($connection:expr, $function:ident($($argument:expr),*)) => {
        match $connection {
            Connection::Sqlite(connection) => sqlite::$function(connection, $($argument),*).await,
            Connection::Postgres(connection) => postgres::$function(connection, $($argument),*).await,
            #[cfg(feature = "mysql")]
            Connection::MySql(connection) => mysql::$function(connection, $($argument),*).await,
        }
    };
}

fn unfit(index: usize, why: &str) -> NodeError {
    NodeError::invalid(format!("parameter ${}: {why}", index + 1))
}

/// Reads rows, each handed to `take`; answers the columns.
pub(super) async fn fetch(
    connection: &mut Connection,
    prepared: &Prepared,
    take: &mut Take<'_>,
) -> Result<Arc<Header>, NodeError> {
    on!(connection, fetch(prepared, take))
}

/// The rows of a statement that gives few.
pub(super) async fn rows(
    connection: &mut Connection,
    prepared: &Prepared,
) -> Result<Vec<Vec<Value>>, NodeError> {
    let mut rows = Vec::new();
    fetch(connection, prepared, &mut |_, cells| {
        rows.push(cells);
        Ok(())
    })
    .await?;
    Ok(rows)
}

/// The types that the statement's parameters want; empty where the database does not say.
pub(super) async fn wanted(
    connection: &mut Connection,
    sql: &str,
) -> Result<Vec<String>, NodeError> {
    on!(connection, wanted(sql))
}

/// Executes one statement.
pub(super) async fn execute(
    connection: &mut Connection,
    sql: &str,
    values: &[Value],
    wanted: &[String],
) -> Result<Done, NodeError> {
    on!(connection, execute(sql, values, wanted))
}

/// Executes statements that are separated by `;`.
pub(super) async fn script(connection: &mut Connection, sql: &str) -> Result<u64, NodeError> {
    on!(connection, script(sql))
}

/// Whether the connection still takes statements.
pub(super) async fn alive(connection: &mut Connection) -> Result<(), NodeError> {
    on!(connection, script("SELECT 1")).map(|_| ())
}

/// Begins a transaction; a savepoint where one is under way.
pub(super) async fn begin(
    connection: &mut Connection,
    isolation: Option<Isolation>,
) -> Result<(), NodeError> {
    let begun = match connection {
        Connection::Sqlite(connection) => {
            // The lock is taken now: taken at the first write, it may fail in the middle.
            let first =
                <Sqlite as Database>::TransactionManager::get_transaction_depth(connection) == 0;
            let statement = first.then(|| text("BEGIN IMMEDIATE"));
            <Sqlite as Database>::TransactionManager::begin(connection, statement).await
        }
        Connection::Postgres(connection) => {
            let statement =
                isolation.map(|level| text(&format!("BEGIN ISOLATION LEVEL {}", level.sql())));
            <Postgres as Database>::TransactionManager::begin(connection, statement).await
        }
        #[cfg(feature = "mysql")]
        Connection::MySql(connection) => {
            if let Some(level) = isolation {
                let level = format!("SET TRANSACTION ISOLATION LEVEL {}", level.sql());
                mysql::script(connection, &level).await?;
            }
            <MySql as Database>::TransactionManager::begin(connection, None).await
        }
    };
    begun.map_err(|error| fault("no transaction could be begun", &error))
}

/// Commits the innermost transaction or savepoint.
pub(super) async fn commit(connection: &mut Connection) -> Result<(), NodeError> {
    let done = match connection {
        Connection::Sqlite(connection) => {
            <Sqlite as Database>::TransactionManager::commit(connection).await
        }
        Connection::Postgres(connection) => {
            <Postgres as Database>::TransactionManager::commit(connection).await
        }
        #[cfg(feature = "mysql")]
        Connection::MySql(connection) => {
            <MySql as Database>::TransactionManager::commit(connection).await
        }
    };
    done.map_err(|error| fault("the changes could not be committed", &error))
}

/// Undoes the innermost transaction or savepoint.
pub(super) async fn rollback(connection: &mut Connection) -> Result<(), NodeError> {
    let done = match connection {
        Connection::Sqlite(connection) => {
            <Sqlite as Database>::TransactionManager::rollback(connection).await
        }
        Connection::Postgres(connection) => {
            <Postgres as Database>::TransactionManager::rollback(connection).await
        }
        #[cfg(feature = "mysql")]
        Connection::MySql(connection) => {
            <MySql as Database>::TransactionManager::rollback(connection).await
        }
    };
    done.map_err(|error| fault("the changes could not be undone", &error))
}

/// A transaction of a step's own: all that is done in it, or nothing.
///
/// Dropped in the middle, the connection is given up, and with it what was begun.
pub(super) struct Together<'c> {
    connection: &'c mut Connection,
    ended: bool,
}

impl<'c> Together<'c> {
    pub(super) async fn begin(connection: &'c mut Connection) -> Result<Self, NodeError> {
        begin(connection, None).await?;
        Ok(Self {
            connection,
            ended: false,
        })
    }

    pub(super) fn connection(&mut self) -> &mut Connection {
        self.connection
    }

    /// Commits what succeeded, undoes what failed.
    pub(super) async fn end<T>(mut self, outcome: Result<T, NodeError>) -> Result<T, NodeError> {
        let outcome = match outcome {
            Ok(value) => commit(self.connection).await.map(|()| value),
            Err(error) => {
                // Why it failed counts more than why it could not be undone: the connection is
                // ended.
                if rollback(self.connection).await.is_err() {
                    self.connection.abandon();
                }
                Err(error)
            }
        };
        self.ended = true;
        outcome
    }
}

impl Drop for Together<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.connection.abandon();
        }
    }
}

impl Isolation {
    fn sql(self) -> &'static str {
        match self {
            Self::ReadCommitted => "READ COMMITTED",
            Self::RepeatableRead => "REPEATABLE READ",
            Self::Serializable => "SERIALIZABLE",
        }
    }
}

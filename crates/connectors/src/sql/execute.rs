use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::{Either, Executor, Statement};

use super::{
    connection::{Database, Pool, fault},
    query::statement,
    value::{bind_postgres, bind_sqlite},
};

/// Changes a database: `INSERT`, `UPDATE`, `DELETE`, or a change of its tables.
///
/// With `rows` the statement is executed once for each row, all in one transaction: either all
/// rows are in or none. Values go into `parameters` or `rows`, never into the statement's text.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Execute {
    /// The database: `sqlite:data.db` (a file, made if missing) or
    /// `postgres://user@host:5432/name`. A password belongs into `credential`.
    #[serde(default)]
    database: Option<String>,
    /// Name of a credential with `username` and `password`, or with the whole `url`.
    #[serde(default)]
    credential: Option<String>,
    /// The statement, such as `INSERT INTO customer (id, name) VALUES ($1, $2)`.
    sql: String,
    /// Values for `$1`, `$2`, …
    #[serde(default)]
    parameters: Vec<Any>,
    /// Lists of such values: the statement is executed for each.
    #[serde(default)]
    rows: Option<Vec<Vec<Any>>>,
}

/// What was changed.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Executed {
    /// Rows that were inserted, changed or deleted.
    affected: u64,
}

pub(super) fn node() -> Node {
    Node::action("sql.execute", execute)
        .icon("database-zap")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: sql.execute
  with:
    database: sqlite:orders.db
    sql: INSERT INTO orders (id, total) VALUES ($1, $2)
    rows: [[1, 9.5], [2, 12]]
";

const CHANGING: &str = "the statement failed, nothing was changed";

async fn execute(cx: &StepContext, settings: Execute) -> Result<Executed, NodeError> {
    let pool = Database::new(settings.database.as_deref(), settings.credential.as_deref())
        .pool(cx)
        .await?;
    let rows = match settings.rows {
        Some(_) if !settings.parameters.is_empty() => {
            return Err(NodeError::invalid("give `parameters` or `rows`, not both"));
        }
        Some(rows) => rows,
        None => vec![settings.parameters],
    };
    let total = rows.len() as u64;
    let progress = |done: usize| {
        if done.is_multiple_of(1000) {
            cx.progress(done as u64, Some(total));
        }
    };
    let affected = match pool {
        Pool::Sqlite(pool) => sqlite(&pool, &settings.sql, &rows, progress).await?,
        Pool::Postgres(pool) => postgres(&pool, &settings.sql, &rows, progress).await?,
    };
    Ok(Executed { affected })
}

async fn sqlite(
    pool: &sqlx::SqlitePool,
    sql: &str,
    rows: &[Vec<Any>],
    progress: impl Fn(usize),
) -> Result<u64, NodeError> {
    let failed = |error| fault(CHANGING, &error);
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
    let mut affected = 0;
    for (index, row) in rows.iter().enumerate() {
        let mut query = sqlx::query(statement(sql));
        for value in row {
            query = bind_sqlite(query, &value.0);
        }
        let done = query
            .execute(&mut *transaction)
            .await
            .map_err(|error| in_row(index, rows.len(), fault(CHANGING, &error)))?;
        affected += done.rows_affected();
        progress(index + 1);
    }
    transaction.commit().await.map_err(failed)?;
    Ok(affected)
}

async fn postgres(
    pool: &sqlx::PgPool,
    sql: &str,
    rows: &[Vec<Any>],
    progress: impl Fn(usize),
) -> Result<u64, NodeError> {
    let failed = |error| fault(CHANGING, &error);
    let mut transaction = pool.begin().await.map_err(failed)?;
    let prepared = transaction.prepare(statement(sql)).await.map_err(failed)?;
    let wanted = match prepared.parameters() {
        Some(Either::Left(types)) => types.to_vec(),
        _ => Vec::new(),
    };
    let mut affected = 0;
    for (index, row) in rows.iter().enumerate() {
        let mut query = sqlx::query(statement(sql));
        for (place, value) in row.iter().enumerate() {
            query = bind_postgres(query, &value.0, wanted.get(place)).map_err(|error| {
                let error = NodeError::invalid(format!("parameter ${}: {error}", place + 1));
                in_row(index, rows.len(), error)
            })?;
        }
        let done = query
            .execute(&mut *transaction)
            .await
            .map_err(|error| in_row(index, rows.len(), fault(CHANGING, &error)))?;
        affected += done.rows_affected();
        progress(index + 1);
    }
    transaction.commit().await.map_err(failed)?;
    Ok(affected)
}

/// Says which of several rows it was.
fn in_row(index: usize, rows: usize, error: NodeError) -> NodeError {
    if rows < 2 {
        return error;
    }
    let told = NodeError::new(
        error.kind(),
        format!("row {}: {}", index + 1, error.message()),
    );
    match error.help() {
        Some(help) => told.with_help(help),
        None => told,
    }
}

use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use futures::TryStreamExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, Column, Either, Executor, SqlSafeStr, Statement};

use super::{
    connection::{Database, Pool, fault},
    value::{bind_postgres, bind_sqlite, postgres_row, sqlite_row},
};

/// Reads rows from a database.
///
/// Values go into `parameters`, never into the text of the statement: `$1`, `$2`, … stand for them
/// (`?` for SQLite too). Dates and times come back as ISO text, exact decimals as text, bytes as
/// base64, JSON as data.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// The database: `sqlite:data.db` (a file, made if missing) or
    /// `postgres://user@host:5432/name`. A password belongs into `credential`.
    #[serde(default)]
    database: Option<String>,
    /// Name of a credential with `username` and `password`, or with the whole `url`.
    #[serde(default)]
    credential: Option<String>,
    /// The statement, such as `SELECT id, name FROM customer WHERE country = $1`.
    sql: String,
    /// Values for `$1`, `$2`, …
    #[serde(default)]
    parameters: Vec<Any>,
    /// Rows after which the step fails, so that a forgotten condition fills no memory (100,000).
    #[serde(default = "most_rows")]
    max_rows: usize,
}

fn most_rows() -> usize {
    100_000
}

/// The rows.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Rows {
    /// One map per row, by column.
    rows: Any,
    /// How many there are.
    count: usize,
    /// The first row; none when there is none.
    first: Any,
    /// The columns' names.
    columns: Vec<String>,
}

pub(super) fn node() -> Node {
    Node::action("sql.query", query)
        .pure()
        .icon("database")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: open
  use: sql.query
  with:
    database: sqlite:orders.db
    sql: SELECT id, total FROM orders WHERE state = $1 ORDER BY id
    parameters: [open]
- use: log.write
  with: { message: "{{ steps.open.count }} orders are open" }
"#;

async fn query(cx: &StepContext, settings: Query) -> Result<Rows, NodeError> {
    let pool = Database::new(settings.database.as_deref(), settings.credential.as_deref())
        .pool(cx)
        .await?;
    let mut rows = Vec::new();
    let columns = match pool {
        Pool::Sqlite(pool) => sqlite(&pool, &settings, &mut rows).await?,
        Pool::Postgres(pool) => postgres(&pool, &settings, &mut rows).await?,
    };
    Ok(Rows {
        count: rows.len(),
        first: rows
            .first()
            .cloned()
            .unwrap_or_else(|| Value::from(()))
            .into(),
        rows: Value::from(rows).into(),
        columns,
    })
}

/// The statement's text is the author's own; values reach it as parameters.
pub(super) fn statement(sql: &str) -> sqlx::SqlStr {
    AssertSqlSafe(sql.to_owned()).into_sql_str()
}

const READING: &str = "the query failed";

async fn sqlite(
    pool: &sqlx::SqlitePool,
    settings: &Query,
    rows: &mut Vec<Value>,
) -> Result<Vec<String>, NodeError> {
    let failed = |error| fault(READING, &error);
    let prepared = pool
        .prepare(statement(&settings.sql))
        .await
        .map_err(failed)?;
    let columns = prepared
        .columns()
        .iter()
        .map(|column| column.name().to_owned())
        .collect();
    let mut query = sqlx::query(statement(&settings.sql));
    for parameter in &settings.parameters {
        query = bind_sqlite(query, &parameter.0);
    }
    let mut found = query.fetch(pool);
    while let Some(row) = found.try_next().await.map_err(failed)? {
        bounded(rows, settings.max_rows)?;
        rows.push(sqlite_row(&row));
    }
    Ok(columns)
}

async fn postgres(
    pool: &sqlx::PgPool,
    settings: &Query,
    rows: &mut Vec<Value>,
) -> Result<Vec<String>, NodeError> {
    let failed = |error| fault(READING, &error);
    let prepared = pool
        .prepare(statement(&settings.sql))
        .await
        .map_err(failed)?;
    let columns = prepared
        .columns()
        .iter()
        .map(|column| column.name().to_owned())
        .collect();
    let wanted = match prepared.parameters() {
        Some(Either::Left(types)) => types.to_vec(),
        _ => Vec::new(),
    };
    let mut query = sqlx::query(statement(&settings.sql));
    for (index, parameter) in settings.parameters.iter().enumerate() {
        query = bind_postgres(query, &parameter.0, wanted.get(index))
            .map_err(|error| NodeError::invalid(format!("parameter ${}: {error}", index + 1)))?;
    }
    let mut found = query.fetch(pool);
    while let Some(row) = found.try_next().await.map_err(failed)? {
        bounded(rows, settings.max_rows)?;
        rows.push(postgres_row(&row).map_err(NodeError::invalid)?);
    }
    Ok(columns)
}

fn bounded(rows: &[Value], most: usize) -> Result<(), NodeError> {
    if rows.len() < most {
        return Ok(());
    }
    Err(
        NodeError::invalid(format!("the query gives more than {most} rows"))
            .with_help("add a condition or a LIMIT, or raise `max_rows`"),
    )
}

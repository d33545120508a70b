use std::sync::Arc;

use casare_engine::{Node, NodeError, StepContext};
use casare_files::rows::{Header, Row};
use casare_workflow::{
    Any, Effect, Value,
    value::{from_json, to_json},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{
    connection::{Connection, Database},
    parameters::{self, Prepared, only_reads},
    statements,
};
use crate::spool::Spool;

/// Reads rows from a database.
///
/// Values go into `parameters`, never into the text of the statement: `$1`, `$2`, … stand for the
/// items of a list, `:name` for those of a map. Dates and times come back as ISO text, exact
/// decimals as text, bytes as base64, JSON as data. (MySQL does not tell bytes from texts with a
/// binary collation: there, bytes that are a text come back as text.)
///
/// With `stream` the rows stay on disk and are read when a loop gets to them: a table of millions
/// needs no memory.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// The database: `sqlite:data.db` (a file, made if missing), `postgres://user@host:5432/name`
    /// or `mysql://user@host:3306/name` (MariaDB too). A password belongs into `credential`.
    /// Inside a `sql.transaction`, a step without it works in the transaction.
    #[serde(default)]
    database: Option<String>,
    /// Name of a credential with `username` and `password`, or with the whole `url`.
    #[serde(default)]
    credential: Option<String>,
    /// The statement, such as `SELECT id, name FROM customer WHERE country = $1`.
    sql: String,
    /// Values for `$1`, `$2`, … as a list, or for `:name` as a map.
    #[serde(default)]
    #[schemars(schema_with = "parameters::schema")]
    parameters: Any,
    /// Whether the rows are kept on disk rather than in memory.
    #[serde(default)]
    stream: bool,
    /// Rows after which the step fails, so that a forgotten condition fills no memory (100,000;
    /// with `stream` 100 million).
    #[serde(default)]
    max_rows: Option<u64>,
}

/// The rows.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Rows {
    /// One map per row, by column.
    rows: Any,
    /// How many there are.
    count: u64,
    /// The first row; none when there is none.
    first: Any,
    /// The columns' names.
    columns: Vec<String>,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("sql.query", query, |query: &Query| {
        let named = query.database.is_some() || query.credential.is_some();
        match (named, only_reads(&query.sql)) {
            // What was done in a transaction that is gone has to be done again.
            (false, _) => Effect::Live,
            (true, true) => Effect::Pure,
            (true, false) => Effect::Once,
        }
    })
    .pure()
    .icon("database")
    .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: sql.execute
  with: { database: sqlite:orders.db, sql: 'CREATE TABLE orders (id INTEGER, total REAL, state TEXT)' }
- use: sql.execute
  with:
    database: sqlite:orders.db
    sql: INSERT INTO orders VALUES ($1, $2, $3)
    rows: [[1, 9.5, open], [2, 12, paid]]
- id: open
  use: sql.query
  with:
    database: sqlite:orders.db
    sql: SELECT id, total FROM orders WHERE state = :state ORDER BY id
    parameters: { state: open }
- use: log.write
  with: { message: '{{ steps.open.count }} orders are open' }
";

async fn query(cx: &StepContext, settings: Query) -> Result<Rows, NodeError> {
    let database = Database::new(settings.database.as_deref(), settings.credential.as_deref());
    let mut lease = database.lease(cx).await?;
    let outcome = read(cx, &settings, lease.connection()?).await;
    lease.note(outcome)
}

async fn read(
    cx: &StepContext,
    settings: &Query,
    connection: &mut Connection,
) -> Result<Rows, NodeError> {
    let dialect = connection.dialect();
    let prepared = parameters::prepared(&settings.sql, dialect, &settings.parameters)?;
    let most = settings.max_rows.unwrap_or(if settings.stream {
        100_000_000
    } else {
        100_000
    });
    if settings.stream {
        return streamed(cx, connection, &prepared, most).await;
    }
    let mut rows = Vec::new();
    let header = statements::fetch(connection, &prepared, &mut |header, cells| {
        bounded(rows.len() as u64, most)?;
        rows.push(Row::of_values(header.clone(), cells));
        Ok(())
    })
    .await?;
    Ok(Rows {
        count: rows.len() as u64,
        first: rows
            .first()
            .cloned()
            .unwrap_or_else(|| Value::from(()))
            .into(),
        rows: Value::from(rows).into(),
        columns: header.names(),
    })
}

async fn streamed(
    cx: &StepContext,
    connection: &mut Connection,
    prepared: &Prepared,
    most: u64,
) -> Result<Rows, NodeError> {
    let mut spool = Spool::new()?;
    let mut first = None;
    let header = statements::fetch(connection, prepared, &mut |header, cells| {
        bounded(spool.rows(), most)?;
        spool.push(&Json::Array(cells.iter().map(to_json).collect()))?;
        if first.is_none() {
            first = Some(Row::of_values(header.clone(), cells));
        }
        if spool.rows().is_multiple_of(10_000) {
            cx.progress(spool.rows(), None);
        }
        Ok(())
    })
    .await?;
    let count = spool.rows();
    let of_row = header.clone();
    Ok(Rows {
        rows: spool
            .finish("rows of a query", move |json| row(&of_row, &json))?
            .into(),
        count,
        first: first.unwrap_or_else(|| Value::from(())).into(),
        columns: header.names(),
    })
}

fn row(header: &Arc<Header>, cells: &Json) -> Value {
    let cells = cells.as_array().into_iter().flatten().map(from_json);
    Row::of_values(header.clone(), cells.collect())
}

fn bounded(rows: u64, most: u64) -> Result<(), NodeError> {
    if rows < most {
        return Ok(());
    }
    Err(
        NodeError::invalid(format!("the query gives more than {most} rows"))
            .with_help("add a condition or a LIMIT, set `stream`, or raise `max_rows`"),
    )
}

//! What a database holds: tables and their columns.

use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Effect, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    connection::{Connection, Database, Dialect},
    parameters::{self, Prepared, prepared},
    statements::rows,
};

/// Lists the tables of a database.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Tables {
    /// The database, as for `sql.query`.
    #[serde(default)]
    database: Option<String>,
    /// Name of a credential with `username` and `password`, or with the whole `url`.
    #[serde(default)]
    credential: Option<String>,
    /// The schema; otherwise those that need not be named.
    #[serde(default)]
    schema: Option<String>,
    /// Whether views are listed too.
    #[serde(default = "yes")]
    views: bool,
}

fn yes() -> bool {
    true
}

/// The tables.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TableList {
    /// The tables, by name.
    tables: Vec<Table>,
    /// How many there are.
    count: usize,
}

/// A table.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Table {
    /// Its name.
    name: String,
    /// Its schema, where the database has some.
    schema: Option<String>,
    /// Whether it is a view.
    view: bool,
}

/// Describes the columns of a table.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Columns {
    /// The database, as for `sql.query`.
    #[serde(default)]
    database: Option<String>,
    /// Name of a credential with `username` and `password`, or with the whole `url`.
    #[serde(default)]
    credential: Option<String>,
    /// The table, such as `orders` or `sales.orders`.
    table: String,
}

/// The columns.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ColumnList {
    /// The columns, in their order.
    columns: Vec<Column>,
    /// Their names.
    names: Vec<String>,
    /// How many there are.
    count: usize,
}

/// A column.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Column {
    /// Its name.
    pub(super) name: String,
    /// Its type, as the database calls it.
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// Whether it may be empty.
    pub(super) nullable: bool,
    /// Its default, as SQL.
    pub(super) default: Option<String>,
    /// Whether it is part of the primary key.
    pub(super) primary_key: bool,
}

/// Says whether a table, or a row, is there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Exists {
    /// The database, as for `sql.query`.
    #[serde(default)]
    database: Option<String>,
    /// Name of a credential with `username` and `password`, or with the whole `url`.
    #[serde(default)]
    credential: Option<String>,
    /// The table, such as `orders` or `sales.orders`.
    #[serde(default)]
    table: Option<String>,
    /// A query: does it give any row?
    #[serde(default)]
    sql: Option<String>,
    /// Values for `$1`, `$2`, … as a list, or for `:name` as a map.
    #[serde(default)]
    #[schemars(schema_with = "parameters::schema")]
    parameters: Any,
}

/// Whether it is there.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Existence {
    /// Whether it is there.
    result: bool,
}

/// As all reading nodes: again in a transaction that was begun anew.
fn effect(database: Option<&String>, credential: Option<&String>) -> Effect {
    if database.is_some() || credential.is_some() {
        Effect::Pure
    } else {
        Effect::Live
    }
}

pub(super) fn nodes() -> [Node; 3] {
    let tables = Node::action_with_effect("sql.tables", tables, |settings: &Tables| {
        effect(settings.database.as_ref(), settings.credential.as_ref())
    });
    let columns = Node::action_with_effect("sql.columns", columns, |settings: &Columns| {
        effect(settings.database.as_ref(), settings.credential.as_ref())
    });
    let exists = Node::action_with_effect("sql.exists", exists, |settings: &Exists| {
        effect(settings.database.as_ref(), settings.credential.as_ref())
    });
    [
        tables.pure().icon("table-2").example(TABLES),
        columns.pure().icon("columns-3").example(COLUMNS),
        exists.pure().icon("circle-help").example(EXISTS),
    ]
}

const TABLES: &str = r"- use: sql.execute
  with: { database: sqlite:shop.db, sql: 'CREATE TABLE orders (id INTEGER)' }
- id: all
  use: sql.tables
  with: { database: sqlite:shop.db }
- use: log.write
  with: { message: '{{ steps.all.tables[0].name }}' }
";

const COLUMNS: &str = r"- use: sql.execute
  with: { database: sqlite:shop.db, sql: 'CREATE TABLE orders (id INTEGER, total REAL)' }
- id: orders
  use: sql.columns
  with: { database: sqlite:shop.db, table: orders }
- use: log.write
  with: { message: '{{ steps.orders.names | length }} columns' }
";

const EXISTS: &str = r"- id: orders
  use: sql.exists
  with: { database: sqlite:shop.db, table: orders }
- use: sql.execute
  when: '{{ not steps.orders.result }}'
  with: { database: sqlite:shop.db, sql: 'CREATE TABLE orders (id INTEGER)' }
";

async fn tables(cx: &StepContext, settings: Tables) -> Result<TableList, NodeError> {
    let database = Database::new(settings.database.as_deref(), settings.credential.as_deref());
    let mut lease = database.lease(cx).await?;
    let connection = lease.connection()?;
    let schema = settings.schema.clone();
    let (sql, values) = match (connection.dialect(), schema) {
        (Dialect::Sqlite, _) => (
            "SELECT name, NULL, type = 'view' FROM sqlite_schema WHERE type IN ('table', 'view') \
             AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
            vec![],
        ),
        (Dialect::Postgres, Some(schema)) => (
            "SELECT table_name::text, table_schema::text, table_type = 'VIEW' \
             FROM information_schema.tables WHERE table_schema = $1 ORDER BY 1",
            vec![Value::from(schema)],
        ),
        (Dialect::Postgres, None) => (
            "SELECT table_name::text, table_schema::text, table_type = 'VIEW' \
             FROM information_schema.tables WHERE table_schema = ANY (current_schemas(false)) \
             ORDER BY 1",
            vec![],
        ),
        (Dialect::MySql, Some(schema)) => (
            "SELECT table_name, table_schema, table_type = 'VIEW' FROM information_schema.tables \
             WHERE table_schema = ? ORDER BY 1",
            vec![Value::from(schema)],
        ),
        (Dialect::MySql, None) => (
            "SELECT table_name, table_schema, table_type = 'VIEW' FROM information_schema.tables \
             WHERE table_schema = database() ORDER BY 1",
            vec![],
        ),
    };
    let found = rows(connection, &statement(sql, values)).await?;
    let tables: Vec<Table> = found
        .into_iter()
        .map(|cells| Table {
            name: text(&cells, 0),
            schema: optional(&cells, 1),
            view: flag(&cells, 2),
        })
        .filter(|table| settings.views || !table.view)
        .collect();
    Ok(TableList {
        count: tables.len(),
        tables,
    })
}

async fn columns(cx: &StepContext, settings: Columns) -> Result<ColumnList, NodeError> {
    let database = Database::new(settings.database.as_deref(), settings.credential.as_deref());
    let mut lease = database.lease(cx).await?;
    let columns = columns_of(lease.connection()?, &settings.table).await?;
    Ok(ColumnList {
        names: columns.iter().map(|column| column.name.clone()).collect(),
        count: columns.len(),
        columns,
    })
}

async fn exists(cx: &StepContext, settings: Exists) -> Result<Existence, NodeError> {
    let database = Database::new(settings.database.as_deref(), settings.credential.as_deref());
    let mut lease = database.lease(cx).await?;
    let connection = lease.connection()?;
    let result = match (&settings.table, &settings.sql) {
        (Some(table), None) => !described(connection, table).await?.is_empty(),
        (None, Some(sql)) => {
            let query = prepared(sql, connection.dialect(), &settings.parameters)?;
            let outcome = rows(connection, &query).await;
            !lease.note(outcome)?.is_empty()
        }
        _ => return Err(NodeError::invalid("give `table` or `sql`")),
    };
    Ok(Existence { result })
}

/// The columns of `table`; `not_found` when it is not there.
pub(super) async fn columns_of(
    connection: &mut Connection,
    table: &str,
) -> Result<Vec<Column>, NodeError> {
    let columns = described(connection, table).await?;
    if columns.is_empty() {
        return Err(NodeError::not_found(format!("there is no table `{table}`"))
            .with_help("`sql.tables` lists those that are there"));
    }
    Ok(columns)
}

async fn described(connection: &mut Connection, table: &str) -> Result<Vec<Column>, NodeError> {
    let (schema, name) = split(table);
    let (sql, values) = match connection.dialect() {
        Dialect::Sqlite => (
            "SELECT name, type, NOT \"notnull\", dflt_value, pk > 0 FROM pragma_table_info($1) \
             ORDER BY cid",
            vec![Value::from(name)],
        ),
        Dialect::Postgres => (
            "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull, \
             pg_get_expr(d.adbin, d.adrelid), \
             EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary \
             AND a.attnum = ANY (i.indkey)) \
             FROM pg_attribute a LEFT JOIN pg_attrdef d \
             ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
             WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped \
             ORDER BY a.attnum",
            vec![Value::from(quoted(table, Dialect::Postgres)?)],
        ),
        Dialect::MySql => (
            "SELECT column_name, column_type, is_nullable = 'YES', column_default, \
             column_key = 'PRI' FROM information_schema.columns \
             WHERE table_schema = COALESCE(?, database()) AND table_name = ? \
             ORDER BY ordinal_position",
            vec![
                schema.map_or_else(|| Value::from(()), Value::from),
                Value::from(name),
            ],
        ),
    };
    let found = rows(connection, &statement(sql, values)).await?;
    Ok(found
        .into_iter()
        .map(|cells| Column {
            name: text(&cells, 0),
            kind: text(&cells, 1),
            nullable: flag(&cells, 2),
            default: optional(&cells, 3),
            primary_key: flag(&cells, 4),
        })
        .collect())
}

fn statement(sql: &str, values: Vec<Value>) -> Prepared {
    Prepared {
        sql: sql.to_owned(),
        values,
    }
}

fn text(cells: &[Value], index: usize) -> String {
    cells
        .get(index)
        .map(ToString::to_string)
        .unwrap_or_default()
}

fn optional(cells: &[Value], index: usize) -> Option<String> {
    let cell = cells.get(index)?;
    (!cell.is_none()).then(|| cell.to_string())
}

/// Databases without booleans say 1 and 0.
fn flag(cells: &[Value], index: usize) -> bool {
    cells.get(index).is_some_and(Value::is_true)
}

fn split(table: &str) -> (Option<String>, String) {
    match table.split_once('.') {
        Some((schema, name)) => (Some(schema.to_owned()), name.to_owned()),
        None => (None, table.to_owned()),
    }
}

/// The name of a table or column as the statement's text takes it, whatever it holds.
pub(super) fn quoted(name: &str, dialect: Dialect) -> Result<String, NodeError> {
    if name.trim().is_empty() || name.contains('\0') {
        return Err(NodeError::invalid(format!("`{name}` is no name")));
    }
    let parts = name.split('.').map(|part| {
        let part = part.trim();
        let inner = part
            .strip_prefix(['"', '`'])
            .and_then(|part| part.strip_suffix(['"', '`']));
        match dialect {
            Dialect::MySql => format!("`{}`", inner.unwrap_or(part).replace('`', "``")),
            _ => format!("\"{}\"", inner.unwrap_or(part).replace('"', "\"\"")),
        }
    });
    Ok(parts.collect::<Vec<_>>().join("."))
}

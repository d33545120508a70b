use std::time::Instant;

use casare_engine::{Node, NodeError, StepContext};
use casare_files::rows::{Columns, closest, rows_of};
use casare_workflow::{Any, Effect, Value, value::kind_name};
use minijinja::value::ValueKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    connection::{Connection, Database, Dialect},
    copy,
    fault::in_row,
    schema::{self, Column, quoted},
    statements::{self, Together},
};

/// Puts many rows into a table, all of them or none.
///
/// The fastest way that the database has is used (`COPY` on PostgreSQL, statements with many rows
/// elsewhere), so a table from a file goes in with few round trips. Rows are maps by column, or
/// lists in the order of `columns`; a lazy list is read as it goes. An empty text in a column that
/// holds no text is none.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Insert {
    /// The database, as for `sql.query`. Inside a `sql.transaction`, a step without it works in the
    /// transaction.
    #[serde(default)]
    database: Option<String>,
    /// Name of a credential with `username` and `password`, or with the whole `url`.
    #[serde(default)]
    credential: Option<String>,
    /// The table, such as `orders` or `sales.orders`.
    table: String,
    /// The rows: a list of maps or lists, such as `{{ steps.read.rows }}`.
    rows: Any,
    /// The columns to fill; otherwise those of the first row, or all of the table for lists.
    #[serde(default)]
    columns: Option<Vec<String>>,
    /// What becomes of a row whose key is there already.
    #[serde(default)]
    on_conflict: OnConflict,
    /// The columns by which a row is known, for `on_conflict`; otherwise the primary key.
    #[serde(default)]
    key: Vec<String>,
}

/// What becomes of a row whose key is there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum OnConflict {
    /// The step fails and nothing is inserted.
    #[default]
    Fail,
    /// The row that is there stays.
    Ignore,
    /// The row that is there gets the new values.
    Update,
}

/// What was inserted.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Inserted {
    /// Rows that were given.
    count: u64,
    /// Rows that the database says it inserted or changed (MySQL counts a changed row as two).
    affected: u64,
    /// Rows a second.
    rows_per_second: u64,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("sql.insert", insert, |insert: &Insert| {
        let named = insert.database.is_some() || insert.credential.is_some();
        match (named, insert.on_conflict) {
            // What was done in a transaction that is gone has to be done again.
            (false, _) => Effect::Live,
            // Rows that are known by their key end in the same state however often they come.
            (true, OnConflict::Ignore | OnConflict::Update) => Effect::Pure,
            (true, OnConflict::Fail) => Effect::Once,
        }
    })
    .icon("table-rows-split")
    .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: sql.execute
  with: { database: sqlite:shop.db, sql: 'CREATE TABLE product (code TEXT PRIMARY KEY, price REAL)' }
- use: sql.insert
  with:
    database: sqlite:shop.db
    table: product
    rows:
      - { code: A-1, price: 9.5 }
      - { code: A-2, price: 12 }
    on_conflict: update
";

/// Where rows go.
pub(super) struct Target<'s> {
    pub(super) table: String,
    pub(super) columns: Vec<Column>,
    pub(super) on_conflict: OnConflict,
    /// Quoted.
    pub(super) key: Vec<String>,
    pub(super) dialect: Dialect,
    /// For errors.
    pub(super) name: &'s str,
}

/// Rows on their way: the cells of each, in the order of the target's columns.
pub(super) type Cells<'r> = dyn Iterator<Item = Result<Vec<Value>, NodeError>> + Send + 'r;

async fn insert(cx: &StepContext, settings: Insert) -> Result<Inserted, NodeError> {
    let database = Database::new(settings.database.as_deref(), settings.credential.as_deref());
    let mut lease = database.lease(cx).await?;
    let began = Instant::now();
    let connection = lease.connection()?;
    let outcome = fill(cx, &settings, connection).await;
    let (count, affected) = lease.note(outcome)?;
    let rate = super::tell_rate(cx, count, began.elapsed());
    Ok(Inserted {
        count,
        affected,
        rows_per_second: rate,
    })
}

async fn fill(
    cx: &StepContext,
    settings: &Insert,
    connection: &mut Connection,
) -> Result<(u64, u64), NodeError> {
    let table = schema::columns_of(connection, &settings.table).await?;
    let mut rows = rows_of(&settings.rows.0)?;
    let Some(first) = rows.next().transpose()? else {
        return Ok((0, 0));
    };
    let names = match (&settings.columns, first.kind()) {
        (Some(names), _) => Some(names.clone()),
        (None, ValueKind::Map) => None,
        (None, _) => Some(table.iter().map(|column| column.name.clone()).collect()),
    };
    let mut order = Columns::new(names);
    let first_cells = order.cells(&first, 1)?;
    let columns = chosen(&table, order.names().unwrap_or_default(), &settings.table)?;
    let target = settings.target(&table, columns, connection.dialect())?;
    let kinds: Vec<bool> = target.columns.iter().map(holds_text).collect();
    let mut number = 1;
    let more = rows.map(move |row| {
        number += 1;
        order.cells(&row?, number)
    });
    let mut cells = std::iter::once(Ok(first_cells))
        .chain(more)
        .map(move |cells| {
            let mut cells = cells?;
            // A short list leaves its last columns empty.
            cells.resize(kinds.len(), Value::from(()));
            for (cell, holds_text) in cells.iter_mut().zip(&kinds) {
                if !holds_text && cell.as_str().is_some_and(|text| text.trim().is_empty()) {
                    *cell = Value::from(());
                }
            }
            Ok(cells)
        });
    let mut together = Together::begin(connection).await?;
    let outcome = match together.connection() {
        Connection::Postgres(connection) => copy::rows(cx, connection, &target, &mut cells).await,
        connection => many(cx, connection, &target, &mut cells).await,
    };
    together.end(outcome).await
}

/// The columns of the table that are called `names`.
fn chosen(table: &[Column], names: &[String], what: &str) -> Result<Vec<Column>, NodeError> {
    names
        .iter()
        .map(|name| {
            let exact = table.iter().find(|column| column.name == *name);
            let found = exact.or_else(|| {
                table
                    .iter()
                    .find(|column| column.name.eq_ignore_ascii_case(name))
            });
            found.cloned().ok_or_else(|| {
                let all = table.iter().map(|column| column.name.as_str());
                let help = match closest(name, all.clone()) {
                    Some(like) => format!("did you mean `{like}`? Otherwise choose with `columns`"),
                    None => format!("it has: {}", all.collect::<Vec<_>>().join(", ")),
                };
                NodeError::invalid(format!("the table `{what}` has no column `{name}`"))
                    .with_help(help)
            })
        })
        .collect()
}

fn holds_text(column: &Column) -> bool {
    let kind = column.kind.to_ascii_lowercase();
    // SQLite takes anything in a column without a type.
    kind.is_empty()
        || [
            "char", "text", "clob", "enum", "set(", "blob", "bytea", "json", "name", "citext",
        ]
        .iter()
        .any(|text| kind.contains(text))
}

impl Insert {
    fn target(
        &self,
        table: &[Column],
        columns: Vec<Column>,
        dialect: Dialect,
    ) -> Result<Target<'_>, NodeError> {
        let mut key = self.key.clone();
        if key.is_empty() {
            let primary = table.iter().filter(|column| column.primary_key);
            key = primary.map(|column| column.name.clone()).collect();
        }
        if self.on_conflict != OnConflict::Fail && key.is_empty() {
            return Err(NodeError::invalid(format!(
                "the table `{}` has no primary key",
                self.table
            ))
            .with_help("name the columns by which a row is known in `key`"));
        }
        Ok(Target {
            table: quoted(&self.table, dialect)?,
            key: key
                .iter()
                .map(|name| quoted(&format!("\"{name}\""), dialect))
                .collect::<Result<_, _>>()?,
            columns,
            on_conflict: self.on_conflict,
            dialect,
            name: &self.table,
        })
    }
}

impl Target<'_> {
    /// The columns, quoted.
    pub(super) fn names(&self) -> Vec<String> {
        let sign = if self.dialect == Dialect::MySql {
            "`"
        } else {
            "\""
        };
        self.columns
            .iter()
            .map(|column| format!("{sign}{}{sign}", column.name.replace(sign, &sign.repeat(2))))
            .collect()
    }

    /// What stands behind the rows.
    pub(super) fn conflict(&self) -> String {
        let rest: Vec<String> = self
            .names()
            .into_iter()
            .filter(|name| !self.key.contains(name))
            .collect();
        match (self.on_conflict, self.dialect) {
            (OnConflict::Fail, _) => String::new(),
            (OnConflict::Update, Dialect::MySql) if !rest.is_empty() => {
                let set = rest.iter().map(|name| format!("{name} = VALUES({name})"));
                format!(" ON DUPLICATE KEY UPDATE {}", joined(set))
            }
            // Nothing changes, and unlike with IGNORE other faults still are faults.
            (_, Dialect::MySql) => {
                format!(" ON DUPLICATE KEY UPDATE {0} = {0}", self.key[0])
            }
            (OnConflict::Update, _) if !rest.is_empty() => {
                let set = rest.iter().map(|name| format!("{name} = excluded.{name}"));
                format!(
                    " ON CONFLICT ({}) DO UPDATE SET {}",
                    self.key.join(", "),
                    joined(set)
                )
            }
            _ => format!(" ON CONFLICT ({}) DO NOTHING", self.key.join(", ")),
        }
    }

    fn statement(&self, rows: usize) -> String {
        let row = format!("({})", joined(self.columns.iter().map(|_| "?".to_owned())));
        format!(
            "INSERT INTO {} ({}) VALUES {}{}",
            self.table,
            self.names().join(", "),
            joined(std::iter::repeat_n(row, rows)),
            self.conflict()
        )
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// Statements with many rows each.
async fn many(
    cx: &StepContext,
    connection: &mut Connection,
    target: &Target<'_>,
    cells: &mut Cells<'_>,
) -> Result<(u64, u64), NodeError> {
    // SQLite takes 32,766 parameters, MySQL 65,535.
    let most = (30_000 / target.columns.len().max(1)).clamp(1, 1000);
    let whole = target.statement(most);
    let wanted: Vec<String> = target
        .columns
        .iter()
        .map(|column| column.kind.clone())
        .collect();
    let mut types = Vec::with_capacity(wanted.len() * most);
    for _ in 0..most {
        types.extend(wanted.iter().cloned());
    }
    let (mut count, mut affected) = (0, 0);
    loop {
        let mut values = Vec::with_capacity(types.len());
        let mut rows = 0;
        while rows < most
            && let Some(row) = cells.next()
        {
            values.extend(row?);
            rows += 1;
        }
        if rows == 0 {
            return Ok((count, affected));
        }
        let part;
        let sql = if rows == most {
            &whole
        } else {
            part = target.statement(rows);
            &part
        };
        match statements::execute(connection, sql, &values, &types).await {
            Ok(done) => affected += done.affected,
            Err(error) => {
                return Err(culprit(connection, target, &values, &wanted, count, error).await);
            }
        }
        count += rows as u64;
        cx.progress(count, None);
    }
}

/// Which row of a batch it was: they are tried one by one, in the transaction that is undone.
async fn culprit(
    connection: &mut Connection,
    target: &Target<'_>,
    values: &[Value],
    wanted: &[String],
    before: u64,
    error: NodeError,
) -> NodeError {
    let single = target.statement(1);
    for (index, row) in values.chunks(target.columns.len()).enumerate() {
        if let Err(error) = statements::execute(connection, &single, row, wanted).await {
            return in_row(before + index as u64, error);
        }
    }
    error
}

/// Why a cell can't go into its column.
pub(super) fn unfit(column: &Column, cell: &Value) -> NodeError {
    NodeError::invalid(format!(
        "column `{}` ({}) can't take a {}",
        column.name,
        column.kind,
        kind_name(cell)
    ))
}

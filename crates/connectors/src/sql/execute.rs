use std::time::Instant;

use casare_engine::{Node, NodeError, StepContext};
use casare_files::rows::rows_of;
use casare_workflow::{Any, Effect};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    connection::{Connection, Database},
    fault::in_row,
    parameters::{self, prepared, template},
    statements::{self, Done, Together},
};

/// Changes a database: `INSERT`, `UPDATE`, `DELETE`, or a change of its tables.
///
/// Give one statement in `sql`, several in `statements`, or a whole `script`. With `rows` the
/// statement is executed once for each row. Several statements and rows are done together: either
/// all of them or none, unless `stop_on_error` is off. Values go into `parameters` or `rows`,
/// never into the statement's text. To put many rows into a table, `sql.insert` is faster.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Execute {
    /// The database, as for `sql.query`. Inside a `sql.transaction`, a step without it works in the
    /// transaction.
    #[serde(default)]
    database: Option<String>,
    /// Name of a credential with `username` and `password`, or with the whole `url`.
    #[serde(default)]
    credential: Option<String>,
    /// The statement, such as `INSERT INTO customer (id, name) VALUES ($1, $2)`.
    #[serde(default)]
    sql: Option<String>,
    /// Values for `$1`, `$2`, … as a list, or for `:name` as a map.
    #[serde(default)]
    #[schemars(schema_with = "parameters::schema")]
    parameters: Any,
    /// Lists or maps of such values: the statement is executed for each.
    #[serde(default)]
    #[schemars(schema_with = "rows_schema")]
    rows: Any,
    /// Several statements without parameters.
    #[serde(default)]
    statements: Vec<String>,
    /// Whether the first of several `statements` that fails ends and undoes all of them. Otherwise
    /// each is done on its own, and `results` says which failed.
    #[serde(default = "yes")]
    stop_on_error: bool,
    /// Statements that are separated by `;`.
    #[serde(default)]
    script: Option<String>,
    /// A file with such a script.
    #[serde(default)]
    file: Option<String>,
}

fn yes() -> bool {
    true
}

fn rows_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "array" })
}

/// What was changed.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Executed {
    /// Rows that were inserted, changed or deleted.
    affected: u64,
    /// The key that the database made for the last row (SQLite, MySQL; `RETURNING` with
    /// `sql.query` elsewhere).
    last_id: Option<i64>,
    /// How often a statement was executed.
    executed: u64,
    /// What became of each of several `statements`.
    results: Vec<Outcome>,
}

/// What became of one statement.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outcome {
    /// Rows that it inserted, changed or deleted.
    affected: u64,
    /// Why it failed, if it did.
    error: Option<String>,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("sql.execute", execute, |execute: &Execute| {
        if execute.database.is_some() || execute.credential.is_some() {
            Effect::Once
        } else {
            // What was done in a transaction that is gone has to be done again.
            Effect::Live
        }
    })
    .icon("database-zap")
    .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: sql.execute
  with: { database: sqlite:orders.db, sql: 'CREATE TABLE orders (id INTEGER PRIMARY KEY, total REAL)' }
- use: sql.execute
  with:
    database: sqlite:orders.db
    sql: INSERT INTO orders (id, total) VALUES ($1, $2)
    rows: [[1, 9.5], [2, 12]]
";

/// What is to be done.
enum Work<'s> {
    One(&'s str),
    Rows(&'s str),
    Statements,
    Script(String),
}

impl Execute {
    async fn work(&self, cx: &StepContext) -> Result<Work<'_>, NodeError> {
        let has_rows = !self.rows.0.is_none() && !self.rows.0.is_undefined();
        let has_parameters = !self.parameters.0.is_none() && !self.parameters.0.is_undefined();
        let ways = [
            self.sql.is_some(),
            !self.statements.is_empty(),
            self.script.is_some(),
            self.file.is_some(),
        ];
        if ways.iter().filter(|given| **given).count() != 1 {
            return Err(NodeError::invalid(
                "give one of `sql`, `statements`, `script` and `file`",
            ));
        }
        if self.sql.is_none() && (has_rows || has_parameters) {
            return Err(NodeError::invalid(
                "`parameters` and `rows` belong to `sql`",
            ));
        }
        if has_rows && has_parameters {
            return Err(NodeError::invalid("give `parameters` or `rows`, not both"));
        }
        if let Some(sql) = &self.sql {
            return Ok(if has_rows {
                Work::Rows(sql)
            } else {
                Work::One(sql)
            });
        }
        if let Some(script) = &self.script {
            return Ok(Work::Script(script.clone()));
        }
        let Some(file) = &self.file else {
            return Ok(Work::Statements);
        };
        let path = cx.file(file);
        let script = tokio::fs::read_to_string(&path).await.map_err(|error| {
            NodeError::io(format_args!("could not read {}", path.display()), &error)
        })?;
        Ok(Work::Script(script))
    }
}

async fn execute(cx: &StepContext, settings: Execute) -> Result<Executed, NodeError> {
    let work = settings.work(cx).await?;
    let database = Database::new(settings.database.as_deref(), settings.credential.as_deref());
    let mut lease = database.lease(cx).await?;
    let connection = lease.connection()?;
    let outcome = match work {
        Work::One(sql) => one(connection, sql, &settings.parameters).await,
        Work::Rows(sql) => {
            let mut together = Together::begin(connection).await?;
            let outcome = each_row(cx, together.connection(), sql, &settings.rows).await;
            together.end(outcome).await
        }
        Work::Script(script) => {
            let mut together = Together::begin(connection).await?;
            let outcome = statements::script(together.connection(), &script).await;
            together.end(outcome).await.map(|affected| Executed {
                affected,
                executed: 1,
                ..Executed::default()
            })
        }
        Work::Statements if settings.stop_on_error => {
            let mut together = Together::begin(connection).await?;
            let outcome = all_of(together.connection(), &settings.statements, true).await;
            together.end(outcome).await
        }
        Work::Statements => all_of(connection, &settings.statements, false).await,
    };
    lease.note(outcome)
}

async fn one(connection: &mut Connection, sql: &str, given: &Any) -> Result<Executed, NodeError> {
    let prepared = prepared(sql, connection.dialect(), given)?;
    let wanted = if prepared.values.is_empty() {
        Vec::new()
    } else {
        statements::wanted(connection, &prepared.sql).await?
    };
    let done = statements::execute(connection, &prepared.sql, &prepared.values, &wanted).await?;
    Ok(Executed {
        affected: done.affected,
        last_id: done.last_id,
        executed: 1,
        results: Vec::new(),
    })
}

async fn each_row(
    cx: &StepContext,
    connection: &mut Connection,
    sql: &str,
    rows: &Any,
) -> Result<Executed, NodeError> {
    let mut executed = Executed::default();
    let mut known = None;
    let began = Instant::now();
    for row in rows_of(&rows.0)? {
        let row = row?;
        let number = executed.executed;
        if known.is_none() {
            let template = template(sql, connection.dialect(), &row);
            let wanted = statements::wanted(connection, &template.sql).await?;
            known = Some((template, wanted));
        }
        let Some((template, wanted)) = &known else {
            continue;
        };
        let values = template
            .values(&row)
            .map_err(|error| in_row(number, error))?;
        let done: Done = statements::execute(connection, &template.sql, &values, wanted)
            .await
            .map_err(|error| in_row(number, error))?;
        executed.affected += done.affected;
        executed.last_id = done.last_id;
        executed.executed += 1;
        if executed.executed.is_multiple_of(1000) {
            cx.progress(executed.executed, None);
        }
    }
    super::tell_rate(cx, executed.executed, began.elapsed());
    Ok(executed)
}

/// Executes statements; each in a savepoint where the others are to go on without it.
async fn all_of(
    connection: &mut Connection,
    all: &[String],
    stop: bool,
) -> Result<Executed, NodeError> {
    let mut executed = Executed::default();
    for (index, sql) in all.iter().enumerate() {
        let outcome = if stop {
            statements::execute(connection, sql, &[], &[]).await
        } else {
            let mut together = Together::begin(connection).await?;
            let outcome = statements::execute(together.connection(), sql, &[], &[]).await;
            together.end(outcome).await
        };
        match outcome {
            Ok(done) => {
                executed.affected += done.affected;
                executed.last_id = done.last_id.or(executed.last_id);
                executed.results.push(Outcome {
                    affected: done.affected,
                    error: None,
                });
            }
            Err(error) if stop => {
                let told = format!("statement {}: {}", index + 1, error.message());
                let failure = NodeError::new(error.kind(), told);
                return Err(match error.help() {
                    Some(help) => failure.with_help(help),
                    None => failure,
                });
            }
            Err(error) => executed.results.push(Outcome {
                affected: 0,
                error: Some(error.message().to_owned()),
            }),
        }
        executed.executed += 1;
    }
    Ok(executed)
}

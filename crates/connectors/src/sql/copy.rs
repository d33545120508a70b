//! Rows into PostgreSQL with `COPY`: one statement, however many they are.

use std::fmt::Write as _;

use casare_engine::{NodeError, StepContext};
use casare_files::rows::cell_text;
use casare_workflow::{Value, value::to_json};
use minijinja::value::ValueKind;
use sqlx::{PgConnection, postgres::PgDatabaseError};

use super::{
    fault::fault,
    insert::{Cells, OnConflict, Target, unfit},
    schema::Column,
    statements::{CHANGING, text},
};

/// Bytes that are sent at once.
const CHUNK: usize = 128 * 1024;

/// Copies rows into the table; by way of a temporary one where some may be there already.
pub(super) async fn rows(
    cx: &StepContext,
    connection: &mut PgConnection,
    target: &Target<'_>,
    cells: &mut Cells<'_>,
) -> Result<(u64, u64), NodeError> {
    if target.on_conflict == OnConflict::Fail {
        let count = copied(cx, connection, target, &target.table, cells).await?;
        return Ok((count, count));
    }
    let names = target.names().join(", ");
    let between = "\"casare rows on their way\"";
    run(
        connection,
        &format!("DROP TABLE IF EXISTS pg_temp.{between}"),
    )
    .await?;
    let make = format!(
        "CREATE TEMPORARY TABLE {between} ON COMMIT DROP AS SELECT {names} FROM {} WITH NO DATA",
        target.table
    );
    run(connection, &make).await?;
    let count = copied(cx, connection, target, between, cells).await?;
    let insert = format!(
        "INSERT INTO {} ({names}) SELECT {names} FROM {between}{}",
        target.table,
        target.conflict()
    );
    let affected = run(connection, &insert).await?;
    run(connection, &format!("DROP TABLE pg_temp.{between}")).await?;
    Ok((count, affected))
}

async fn run(connection: &mut PgConnection, sql: &str) -> Result<u64, NodeError> {
    sqlx::raw_sql(text(sql))
        .execute(connection)
        .await
        .map(|done| done.rows_affected())
        .map_err(|error| fault(CHANGING, &error))
}

async fn copied(
    cx: &StepContext,
    connection: &mut PgConnection,
    target: &Target<'_>,
    table: &str,
    cells: &mut Cells<'_>,
) -> Result<u64, NodeError> {
    let statement = format!("COPY {table} ({}) FROM STDIN", target.names().join(", "));
    let mut copy = connection
        .copy_in_raw(&statement)
        .await
        .map_err(|error| failed(target, &error))?;
    let mut buffer = String::with_capacity(CHUNK + 4096);
    let mut count = 0_u64;
    let outcome = loop {
        let row = match cells.next() {
            Some(Ok(row)) => row,
            Some(Err(error)) => break Err(error),
            None => break Ok(()),
        };
        if let Err(error) = write_row(&mut buffer, target, &row) {
            break Err(super::fault::in_row(count, error));
        }
        count += 1;
        if buffer.len() >= CHUNK {
            if let Err(error) = copy.send(buffer.as_bytes()).await {
                return Err(failed(target, &error));
            }
            buffer.clear();
            cx.progress(count, None);
        }
    };
    if let Err(error) = outcome {
        // Why the rows ended counts more than how the server takes it.
        let _ = copy.abort("the rows could not be read").await;
        return Err(error);
    }
    if !buffer.is_empty() {
        copy.send(buffer.as_bytes())
            .await
            .map_err(|error| failed(target, &error))?;
    }
    copy.finish().await.map_err(|error| failed(target, &error))
}

/// The server says where the fault is: `COPY orders, line 3, column due: "x"`.
fn failed(target: &Target<'_>, error: &sqlx::Error) -> NodeError {
    let failure = fault(CHANGING, error);
    let place = error
        .as_database_error()
        .and_then(|error| error.try_downcast_ref::<PgDatabaseError>())
        .and_then(PgDatabaseError::r#where)
        .and_then(|place| place.split_once("line ").map(|(_, rest)| rest.to_owned()));
    let Some(place) = place else {
        return failure;
    };
    let place = place.split(": ").next().unwrap_or_default();
    let told = format!("row {place} of `{}`: {}", target.name, failure.message());
    let place = NodeError::new(failure.kind(), told);
    match failure.help() {
        Some(help) => place.with_help(help),
        None => place,
    }
}

fn write_row(out: &mut String, target: &Target<'_>, row: &[Value]) -> Result<(), NodeError> {
    for (index, (column, cell)) in target.columns.iter().zip(row).enumerate() {
        if index > 0 {
            out.push('\t');
        }
        write_cell(out, column, cell)?;
    }
    out.push('\n');
    Ok(())
}

fn write_cell(out: &mut String, column: &Column, cell: &Value) -> Result<(), NodeError> {
    let is_json = matches!(column.kind.as_str(), "json" | "jsonb");
    match cell.kind() {
        ValueKind::None | ValueKind::Undefined => out.push_str("\\N"),
        ValueKind::Bytes => {
            out.push_str("\\\\x");
            for byte in cell.as_bytes().unwrap_or_default() {
                // Writing to a text can't fail.
                let _ = write!(out, "{byte:02x}");
            }
        }
        ValueKind::Seq | ValueKind::Iterable if column.kind.ends_with("[]") => {
            let mut array = String::new();
            write_array(&mut array, cell).ok_or_else(|| unfit(column, cell))?;
            escaped(out, &array);
        }
        _ if is_json => escaped(out, &to_json(cell).to_string()),
        ValueKind::String => escaped(out, cell.as_str().unwrap_or_default()),
        ValueKind::Bool
        | ValueKind::Number
        | ValueKind::Seq
        | ValueKind::Iterable
        | ValueKind::Map => {
            escaped(out, &cell_text(cell));
        }
        _ => return Err(unfit(column, cell)),
    }
    Ok(())
}

/// A list as PostgreSQL writes arrays.
fn write_array(out: &mut String, list: &Value) -> Option<()> {
    out.push('{');
    for (index, item) in list.try_iter().ok()?.enumerate() {
        if index > 0 {
            out.push(',');
        }
        match item.kind() {
            ValueKind::None | ValueKind::Undefined => out.push_str("NULL"),
            ValueKind::Seq | ValueKind::Iterable => write_array(out, &item)?,
            _ => {
                out.push('"');
                for c in cell_text(&item).chars() {
                    if matches!(c, '"' | '\\') {
                        out.push('\\');
                    }
                    out.push(c);
                }
                out.push('"');
            }
        }
    }
    out.push('}');
    Some(())
}

/// Text as `COPY` reads it.
fn escaped(out: &mut String, text: &str) {
    let mut copied = 0;
    for (at, byte) in text.bytes().enumerate() {
        let sign = match byte {
            b'\\' => "\\\\",
            b'\t' => "\\t",
            b'\n' => "\\n",
            b'\r' => "\\r",
            _ => continue,
        };
        out.push_str(&text[copied..at]);
        out.push_str(sign);
        copied = at + 1;
    }
    out.push_str(&text[copied..]);
}

#[cfg(test)]
mod tests {
    use casare_workflow::value::from_json;
    use serde_json::json;

    use super::*;

    fn cell(kind: &str, value: &serde_json::Value) -> String {
        let column = Column {
            name: "c".to_owned(),
            kind: kind.to_owned(),
            nullable: true,
            default: None,
            primary_key: false,
        };
        let mut out = String::new();
        write_cell(&mut out, &column, &from_json(value)).unwrap();
        out
    }

    #[test]
    fn cells_survive_whatever_they_hold() {
        assert_eq!(cell("text", &json!("a\tb\\N\r\n")), "a\\tb\\\\N\\r\\n");
        assert_eq!(cell("text", &json!(null)), "\\N");
        assert_eq!(cell("integer", &json!(3.0)), "3");
        assert_eq!(cell("jsonb", &json!({ "a": "b\n" })), "{\"a\":\"b\\\\n\"}");
        assert_eq!(
            cell("text[]", &json!(["a\"b", null])),
            "{\"a\\\\\"b\",NULL}"
        );
    }
}

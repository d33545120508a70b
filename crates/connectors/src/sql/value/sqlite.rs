//! Values of SQLite.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use casare_workflow::{Value, value::to_json};
use minijinja::value::ValueKind;
use sqlx::{
    Column, Decode, Row, Sqlite, Type, TypeInfo, ValueRef,
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

/// A parameter. SQLite takes any type anywhere: what is wanted does not matter.
pub(in super::super) fn bind<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    value: &Value,
    _: Option<&str>,
) -> Result<Query<'q, Sqlite, SqliteArguments>, String> {
    Ok(match value.kind() {
        ValueKind::None | ValueKind::Undefined => query.bind(None::<String>),
        ValueKind::Bool => query.bind(value.is_true()),
        ValueKind::Number => match value.as_i64().filter(|_| value.is_integer()) {
            Some(whole) => query.bind(whole),
            None => query.bind(f64::try_from(value.clone()).unwrap_or(f64::NAN)),
        },
        ValueKind::String => query.bind(value.as_str().unwrap_or_default().to_owned()),
        ValueKind::Bytes => query.bind(value.as_bytes().unwrap_or_default().to_vec()),
        _ => query.bind(to_json(value).to_string()),
    })
}

/// The cells of a row.
pub(in super::super) fn cells(row: &SqliteRow) -> Result<Vec<Value>, String> {
    let columns = row.columns().iter();
    Ok(columns
        .map(|column| {
            let index = column.ordinal();
            let Ok(raw) = row.try_get_raw(index) else {
                return Value::from(());
            };
            if raw.is_null() {
                return Value::from(());
            }
            match raw.type_info().name() {
                "INTEGER" | "BOOLEAN" | "INT4" | "INT8" => cell::<i64>(row, index),
                "REAL" | "NUMERIC" => cell::<f64>(row, index),
                "BLOB" => row
                    .try_get::<Vec<u8>, _>(index)
                    .map_or_else(|_| Value::from(()), |bytes| STANDARD.encode(bytes).into()),
                _ => cell::<String>(row, index),
            }
        })
        .collect())
}

fn cell<'r, T>(row: &'r SqliteRow, index: usize) -> Value
where
    T: Decode<'r, Sqlite> + Type<Sqlite> + Into<Value>,
{
    row.try_get_unchecked::<T, _>(index)
        .map_or_else(|_| Value::from(()), Into::into)
}

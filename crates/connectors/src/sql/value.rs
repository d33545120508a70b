//! Values on their way into a database and back.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use casare_workflow::{Value, value::to_json};
use jiff::{
    Timestamp, Zoned,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};
use jiff_sqlx::ToSqlx;
use minijinja::value::ValueKind;
use sqlx::{
    Column, Decode, Postgres, Row, Sqlite, Type, TypeInfo, ValueRef,
    postgres::{PgArguments, PgRow, PgTypeInfo, PgValueRef},
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
    types::{BigDecimal, Uuid},
};

/// A parameter of a SQLite statement.
pub(super) fn bind_sqlite<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    value: &Value,
) -> Query<'q, Sqlite, SqliteArguments> {
    match value.kind() {
        ValueKind::None | ValueKind::Undefined => query.bind(None::<String>),
        ValueKind::Bool => query.bind(value.is_true()),
        ValueKind::Number => match value.as_i64().filter(|_| value.is_integer()) {
            Some(whole) => query.bind(whole),
            None => query.bind(f64::try_from(value.clone()).unwrap_or(f64::NAN)),
        },
        ValueKind::String => query.bind(value.as_str().unwrap_or_default().to_owned()),
        ValueKind::Bytes => query.bind(value.as_bytes().unwrap_or_default().to_vec()),
        _ => query.bind(to_json(value).to_string()),
    }
}

/// A parameter of a PostgreSQL statement, as the type that the statement wants.
///
/// Values of workflows are looser than columns: a number may come as text from a spreadsheet, a
/// date always does. Text is sent in PostgreSQL's own text form with the wanted type, so that the
/// server reads it exactly as it would read a literal.
pub(super) fn bind_postgres<'q>(
    query: Query<'q, Postgres, PgArguments>,
    value: &Value,
    wanted: Option<&PgTypeInfo>,
) -> Result<Query<'q, Postgres, PgArguments>, String> {
    let name = wanted.map_or("TEXT", TypeInfo::name);
    if value.is_none() || value.is_undefined() {
        return Ok(query.bind(None::<String>));
    }
    let unfit = || format!("`{value}` is no {name}");
    let text = || match value.kind() {
        ValueKind::String => value.as_str().unwrap_or_default().to_owned(),
        ValueKind::Seq | ValueKind::Map | ValueKind::Iterable => to_json(value).to_string(),
        _ => value.to_string(),
    };
    Ok(match name {
        "BOOL" => query.bind(text().trim().parse::<bool>().map_err(|_| unfit())?),
        "INT2" => query.bind(text().trim().parse::<i16>().map_err(|_| unfit())?),
        "INT4" => query.bind(text().trim().parse::<i32>().map_err(|_| unfit())?),
        "INT8" => query.bind(text().trim().parse::<i64>().map_err(|_| unfit())?),
        "FLOAT4" => query.bind(text().trim().parse::<f32>().map_err(|_| unfit())?),
        "FLOAT8" => query.bind(text().trim().parse::<f64>().map_err(|_| unfit())?),
        "NUMERIC" => query.bind(text().trim().parse::<BigDecimal>().map_err(|_| unfit())?),
        "UUID" => query.bind(text().trim().parse::<Uuid>().map_err(|_| unfit())?),
        "DATE" => query.bind(date_time(&text()).ok_or_else(unfit)?.date().to_sqlx()),
        "TIME" => query.bind(
            text()
                .trim()
                .parse::<Time>()
                .map_err(|_| unfit())?
                .to_sqlx(),
        ),
        "TIMESTAMP" => query.bind(date_time(&text()).ok_or_else(unfit)?.to_sqlx()),
        "TIMESTAMPTZ" => query.bind(timestamp(&text()).ok_or_else(unfit)?.to_sqlx()),
        "JSON" | "JSONB" => query.bind(sqlx::types::Json(to_json(value))),
        "BYTEA" => match value.as_bytes() {
            Some(bytes) => query.bind(bytes.to_vec()),
            None => query.bind(text().into_bytes()),
        },
        _ => query.bind(text()),
    })
}

/// A date or a local time, as ISO 8601 writes them.
fn date_time(text: &str) -> Option<DateTime> {
    let text = text.trim();
    let date = || {
        text.parse::<Date>()
            .ok()
            .map(|date| date.to_datetime(Time::midnight()))
    };
    text.parse::<DateTime>().ok().or_else(date)
}

/// An instant; a local time is taken as UTC.
fn timestamp(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let zoned = || text.parse::<Zoned>().ok().map(|zoned| zoned.timestamp());
    let local = || {
        date_time(text)?
            .to_zoned(TimeZone::UTC)
            .ok()
            .map(|zoned| zoned.timestamp())
    };
    text.parse::<Timestamp>().ok().or_else(zoned).or_else(local)
}

/// The columns of a row by name.
pub(super) fn sqlite_row(row: &SqliteRow) -> Value {
    let cells = row.columns().iter().map(|column| {
        let value = row.try_get_raw(column.ordinal()).map_or_else(
            |_| Value::from(()),
            |raw| {
                let kind = raw.type_info().name().to_owned();
                match (raw.is_null(), kind.as_str()) {
                    (true, _) => Value::from(()),
                    (_, "INTEGER" | "BOOLEAN" | "INT4" | "INT8") => {
                        cell::<i64, _>(row, column.ordinal())
                    }
                    (_, "REAL" | "NUMERIC") => cell::<f64, _>(row, column.ordinal()),
                    (_, "BLOB") => row
                        .try_get::<Vec<u8>, _>(column.ordinal())
                        .map_or_else(|_| Value::from(()), |bytes| STANDARD.encode(bytes).into()),
                    _ => cell::<String, _>(row, column.ordinal()),
                }
            },
        );
        (Value::from(column.name()), value)
    });
    Value::from_pairs(cells)
}

fn cell<'r, T, R>(row: &'r R, index: usize) -> Value
where
    R: Row,
    usize: sqlx::ColumnIndex<R>,
    T: Decode<'r, R::Database> + Type<R::Database> + Into<Value>,
{
    row.try_get_unchecked::<T, _>(index)
        .map_or_else(|_| Value::from(()), Into::into)
}

/// The columns of a row by name.
pub(super) fn postgres_row(row: &PgRow) -> Result<Value, String> {
    let mut cells = Vec::with_capacity(row.columns().len());
    for column in row.columns() {
        let raw = row
            .try_get_raw(column.ordinal())
            .map_err(|error| error.to_string())?;
        let kind = raw.type_info().name().to_owned();
        let value = postgres_cell(raw, &kind).map_err(|error| {
            format!(
                "column `{}` has the type {kind}, which can't be read ({error}); cast it, as in \
                 `{}::text`",
                column.name(),
                column.name()
            )
        })?;
        cells.push((Value::from(column.name()), value));
    }
    Ok(Value::from_pairs(cells))
}

fn postgres_cell(raw: PgValueRef<'_>, kind: &str) -> Result<Value, sqlx::error::BoxDynError> {
    if raw.is_null() {
        return Ok(Value::from(()));
    }
    fn read<'r, T: Decode<'r, Postgres>>(
        raw: PgValueRef<'r>,
    ) -> Result<T, sqlx::error::BoxDynError> {
        T::decode(raw)
    }
    Ok(match kind {
        "BOOL" => read::<bool>(raw)?.into(),
        "INT2" => read::<i16>(raw)?.into(),
        "INT4" => read::<i32>(raw)?.into(),
        "INT8" => read::<i64>(raw)?.into(),
        "FLOAT4" => f64::from(read::<f32>(raw)?).into(),
        "FLOAT8" => read::<f64>(raw)?.into(),
        "BYTEA" => STANDARD.encode(read::<Vec<u8>>(raw)?).into(),
        "JSON" | "JSONB" => {
            casare_workflow::value::from_json(&read::<sqlx::types::Json<serde_json::Value>>(raw)?.0)
        }
        "UUID" => read::<Uuid>(raw)?.to_string().into(),
        // As text: money is no binary fraction.
        "NUMERIC" => read::<BigDecimal>(raw)?
            .normalized()
            .to_plain_string()
            .into(),
        "DATE" => read::<jiff_sqlx::Date>(raw)?.to_jiff().to_string().into(),
        "TIME" => read::<jiff_sqlx::Time>(raw)?.to_jiff().to_string().into(),
        "TIMESTAMP" => read::<jiff_sqlx::DateTime>(raw)?
            .to_jiff()
            .to_string()
            .into(),
        "TIMESTAMPTZ" => read::<jiff_sqlx::Timestamp>(raw)?
            .to_jiff()
            .to_string()
            .into(),
        "TEXT[]" | "VARCHAR[]" => read::<Vec<Option<String>>>(raw)?
            .into_iter()
            .map(Value::from)
            .collect(),
        "INT4[]" => read::<Vec<Option<i32>>>(raw)?
            .into_iter()
            .map(Value::from)
            .collect(),
        "INT8[]" => read::<Vec<Option<i64>>>(raw)?
            .into_iter()
            .map(Value::from)
            .collect(),
        _ => read::<String>(raw)?.into(),
    })
}

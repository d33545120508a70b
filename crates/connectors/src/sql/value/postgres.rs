//! Values of PostgreSQL.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use casare_workflow::{Value, value::to_json};
use jiff::civil::Time;
use jiff_sqlx::ToSqlx;
use minijinja::value::ValueKind;
use sqlx::{
    Column, Decode, Postgres, Row, TypeInfo, ValueRef,
    postgres::{PgArguments, PgRow, PgValueRef},
    query::Query,
    types::{BigDecimal, Uuid},
};

use super::{date_time, timestamp};

/// A parameter, as the type that the statement wants.
///
/// Values of workflows are looser than columns: a number may come as text from a spreadsheet, a
/// date always does. Text is sent in PostgreSQL's own text form with the wanted type, so that the
/// server reads it exactly as it would read a literal.
pub(in super::super) fn bind<'q>(
    query: Query<'q, Postgres, PgArguments>,
    value: &Value,
    wanted: Option<&str>,
) -> Result<Query<'q, Postgres, PgArguments>, String> {
    let name = wanted.unwrap_or("TEXT");
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

/// The cells of a row.
pub(in super::super) fn cells(row: &PgRow) -> Result<Vec<Value>, String> {
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
        cells.push(value);
    }
    Ok(cells)
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

//! Values of MySQL and MariaDB.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use casare_workflow::{
    Value,
    value::{from_json, to_json},
};
use jiff::civil::DateTime;
use minijinja::value::ValueKind;
use sqlx::{
    Column, Decode, MySql, Row, TypeInfo, ValueRef,
    error::BoxDynError,
    mysql::{MySqlArguments, MySqlRow, MySqlValueRef},
    query::Query,
    types::BigDecimal,
};

use super::timestamp;

/// A parameter. The server does not say what it wants; where the type of the column is known,
/// `wanted` is it, and an instant becomes the date and time in UTC that a column of them takes.
pub(in super::super) fn bind<'q>(
    query: Query<'q, MySql, MySqlArguments>,
    value: &Value,
    wanted: Option<&str>,
) -> Result<Query<'q, MySql, MySqlArguments>, String> {
    Ok(match value.kind() {
        ValueKind::None | ValueKind::Undefined => query.bind(None::<String>),
        ValueKind::Bool => query.bind(value.is_true()),
        ValueKind::Number => match value.as_i64().filter(|_| value.is_integer()) {
            Some(whole) => query.bind(whole),
            None => query.bind(f64::try_from(value.clone()).unwrap_or(f64::NAN)),
        },
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            let of_time = wanted
                .is_some_and(|name| name.starts_with("datetime") || name.starts_with("timestamp"));
            match timestamp(text).filter(|_| of_time) {
                Some(instant) => query.bind(instant.strftime("%Y-%m-%d %H:%M:%S%.6f").to_string()),
                None => query.bind(text.to_owned()),
            }
        }
        ValueKind::Bytes => query.bind(value.as_bytes().unwrap_or_default().to_vec()),
        _ => query.bind(to_json(value).to_string()),
    })
}

/// The cells of a row.
pub(in super::super) fn cells(row: &MySqlRow) -> Result<Vec<Value>, String> {
    let mut cells = Vec::with_capacity(row.columns().len());
    for column in row.columns() {
        let raw = row
            .try_get_raw(column.ordinal())
            .map_err(|error| error.to_string())?;
        let kind = raw.type_info().name().to_owned();
        let value = cell(raw, &kind).map_err(|error| {
            format!(
                "column `{}` has the type {kind}, which can't be read ({error}); cast it, as in \
                 `CAST({} AS CHAR)`",
                column.name(),
                column.name()
            )
        })?;
        cells.push(value);
    }
    Ok(cells)
}

fn cell(raw: MySqlValueRef<'_>, kind: &str) -> Result<Value, BoxDynError> {
    if raw.is_null() {
        return Ok(Value::from(()));
    }
    fn read<'r, T: Decode<'r, MySql>>(raw: MySqlValueRef<'r>) -> Result<T, BoxDynError> {
        T::decode(raw)
    }
    Ok(match kind {
        "BOOLEAN" => read::<bool>(raw)?.into(),
        "FLOAT" => f64::from(read::<f32>(raw)?).into(),
        "DOUBLE" => read::<f64>(raw)?.into(),
        // As text: money is no binary fraction.
        "DECIMAL" => read::<BigDecimal>(raw)?
            .normalized()
            .to_plain_string()
            .into(),
        "DATE" | "DATETIME" => moment(read::<&[u8]>(raw)?, kind).ok_or("no date")?.into(),
        // The driver sets the connection's time zone to UTC.
        "TIMESTAMP" => format!("{}Z", moment(read::<&[u8]>(raw)?, kind).ok_or("no time")?).into(),
        "TIME" => duration(read::<&[u8]>(raw)?).ok_or("no time")?.into(),
        "BIT" => read::<&[u8]>(raw)?
            .iter()
            .fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte))
            .into(),
        "JSON" => from_json(&serde_json::from_slice(read::<&[u8]>(raw)?)?),
        "GEOMETRY" => STANDARD.encode(read::<&[u8]>(raw)?).into(),
        "BINARY" | "VARBINARY" | "TINYBLOB" | "BLOB" | "MEDIUMBLOB" | "LONGBLOB" => {
            text_or_bytes(read::<&[u8]>(raw)?)
        }
        "YEAR" => u64::from(read::<u16>(raw)?).into(),
        _ if kind.ends_with("UNSIGNED") => read::<u64>(raw)?.into(),
        _ if kind.ends_with("INT") => read::<i64>(raw)?.into(),
        _ => String::from_utf8_lossy(read::<&[u8]>(raw)?)
            .into_owned()
            .into(),
    })
}

/// The server does not tell texts with a binary collation (as MariaDB's JSON has) from bytes.
fn text_or_bytes(bytes: &[u8]) -> Value {
    let is_text = |text: &&str| !text.contains(|c: char| c.is_control() && !c.is_whitespace());
    match std::str::from_utf8(bytes).ok().filter(is_text) {
        Some(text) => text.into(),
        None => STANDARD.encode(bytes).into(),
    }
}

/// A date and time of the binary protocol: as many fields as are not zero, after their length.
fn moment(bytes: &[u8], kind: &str) -> Option<String> {
    let bytes = bytes
        .strip_prefix(&[bytes.len() as u8 - 1])
        .unwrap_or(bytes);
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let year = i16::try_from(u16::from_le_bytes([at(0), at(1)])).ok()?;
    let micros = u32::from_le_bytes([at(7), at(8), at(9), at(10)]);
    let field = |index| at(index) as i8;
    let Ok(moment) = DateTime::new(
        year,
        field(2),
        field(3),
        field(4),
        field(5),
        field(6),
        i32::try_from(micros).ok()? * 1000,
    ) else {
        // `0000-00-00`, which old tables use for none.
        return Some("0000-00-00".to_owned());
    };
    Some(match kind {
        "DATE" => moment.date().to_string(),
        _ => moment.to_string(),
    })
}

/// A span of the binary protocol: sign, days, hours, minutes, seconds, microseconds.
fn duration(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.get(1..).unwrap_or_default();
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let days = u32::from_le_bytes([at(1), at(2), at(3), at(4)]);
    let hours = days.checked_mul(24)?.checked_add(u32::from(at(5)))?;
    let micros = u32::from_le_bytes([at(8), at(9), at(10), at(11)]);
    let sign = if at(0) == 1 { "-" } else { "" };
    let fraction = match micros {
        0 => String::new(),
        micros => format!(".{micros:06}"),
    };
    Some(format!(
        "{sign}{hours:02}:{:02}:{:02}{fraction}",
        at(6),
        at(7)
    ))
}

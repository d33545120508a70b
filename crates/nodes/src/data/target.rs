//! What a value is turned into.

use casare_workflow::{
    Value,
    value::{from_json, kind_name, pairs},
};
use minijinja::value::ValueKind;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    number::{self, DecimalMark},
    rules::shown,
    written::written,
};
use crate::date::{
    human::{self, Reading},
    moment::Moment,
};

/// What a value is turned into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Target {
    /// A text, as expressions write it.
    Text,
    /// A number: `1.234,56 €` is 1234.56, `5 %` is 0.05, `(12)` is -12.
    Number,
    /// A number without a fraction; one with a fraction is refused.
    WholeNumber,
    /// True or false: `yes`, `no`, `ja`, `non`, `x`, `on`, `1`, `0`.
    Boolean,
    /// A date in ISO form: `3 March 2026` is `2026-03-03`.
    Date,
    /// A date with a time in ISO form.
    DateTime,
    /// A list: of a text in JSON, of its parts between commas, of the values of a map; one value is
    /// a list of it.
    List,
    /// A map: of a text in JSON, of a list of pairs.
    Map,
    /// What a text in JSON says.
    Json,
}

impl Target {
    pub(super) fn described(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Number => "a number",
            Self::WholeNumber => "a whole number",
            Self::Boolean => "true or false",
            Self::Date => "a date",
            Self::DateTime => "a date with a time",
            Self::List => "a list",
            Self::Map => "a map",
            Self::Json => "JSON",
        }
    }
}

/// How texts are read.
pub(super) struct Rules {
    pub(super) decimal: DecimalMark,
    pub(super) dates: Reading,
}

/// `value` as `target`; the error says why it can't be.
pub(super) fn converted(value: &Value, target: Target, rules: &Rules) -> Result<Value, String> {
    match target {
        Target::Text => Ok(Value::from(written(value))),
        Target::Number => Ok(number::to_value(exact(value, rules)?)),
        Target::WholeNumber => {
            let number = exact(value, rules)?.normalize();
            if number.scale() > 0 {
                return Err(format!("{} has a fraction", shown(value)));
            }
            Ok(number::to_value(number))
        }
        Target::Boolean => truth(value).map(Value::from),
        Target::Date | Target::DateTime => {
            let moment = moment(value, rules)?;
            Ok(Value::from(match (target, moment) {
                (Target::Date, moment) => moment.date().to_string(),
                (_, moment @ Moment::Zoned(_)) => moment.written(),
                (_, moment) => moment.civil().to_string(),
            }))
        }
        Target::List => list(value),
        Target::Map => map(value),
        Target::Json => json(value),
    }
}

fn exact(value: &Value, rules: &Rules) -> Result<Decimal, String> {
    if value.kind() == ValueKind::Bool {
        return Ok(Decimal::from(i32::from(value.is_true())));
    }
    if let Some(number) = number::decimal_of(value).filter(|_| value.is_number()) {
        return Ok(number);
    }
    match value.as_str() {
        Some(text) => number::read(text, rules.decimal).map(|written| written.number),
        None if value.is_number() => Err(format!("{} has more than 28 digits", shown(value))),
        None => Err(format!("{} is no number", shown(value))),
    }
}

fn truth(value: &Value) -> Result<bool, String> {
    let unclear = || Err(format!("{} is neither yes nor no", shown(value)));
    match value.kind() {
        ValueKind::Bool => Ok(value.is_true()),
        ValueKind::Number => match f64::try_from(value.clone()) {
            Ok(0.0) => Ok(false),
            Ok(1.0) => Ok(true),
            _ => unclear(),
        },
        ValueKind::String => {
            let word = super::order::folded(value.as_str().unwrap_or_default().trim());
            match word.as_str() {
                "true" | "yes" | "y" | "on" | "1" | "t" | "x" | "ok" | "enabled" | "active"
                | "checked" | "ja" | "j" | "wahr" | "oui" | "vrai" | "si" | "verdadero"
                | "vero" | "tak" | "sim" | "waar" | "✓" | "✔" | "☑" => Ok(true),
                "false" | "no" | "n" | "off" | "0" | "f" | "" | "-" | "disabled" | "inactive"
                | "unchecked" | "nein" | "falsch" | "non" | "faux" | "falso" | "nie" | "nao"
                | "nee" | "onwaar" | "✗" | "✘" | "☐" => Ok(false),
                _ => unclear(),
            }
        }
        _ => unclear(),
    }
}

fn moment(value: &Value, rules: &Rules) -> Result<Moment, String> {
    match value.kind() {
        ValueKind::String => human::read(value.as_str().unwrap_or_default(), &rules.dates),
        ValueKind::Number => {
            let number = f64::try_from(value.clone()).unwrap_or(f64::NAN);
            // Small numbers are the days that spreadsheets count.
            if (1.0..200_000.0).contains(&number) {
                return excel(number).ok_or_else(|| format!("{} is no date", shown(value)));
            }
            crate::date::moment::unix(number)
                .map(|moment| Moment::Zoned(moment.to_zoned(rules.dates.now.time_zone().clone())))
                .ok_or_else(|| format!("{} is no date", shown(value)))
        }
        _ => Err(format!("{} is no date", shown(value))),
    }
}

/// Days since 1899-12-30.
fn excel(number: f64) -> Option<Moment> {
    let start = jiff::civil::date(1899, 12, 30).at(0, 0, 0, 0);
    let seconds = (number * 86_400.0).round() as i64;
    let civil = start
        .checked_add(jiff::Span::new().try_seconds(seconds).ok()?)
        .ok()?;
    Some(if number.fract() == 0.0 {
        Moment::Date(civil.date())
    } else {
        Moment::Civil(civil)
    })
}

fn list(value: &Value) -> Result<Value, String> {
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => Ok(value.clone()),
        ValueKind::Undefined | ValueKind::None => Ok(Value::from(Vec::<Value>::new())),
        ValueKind::Map => Ok(pairs(value).map(|(_, item)| item).collect()),
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default().trim();
            if text.starts_with('[') {
                let list = json(value)?;
                return match list.kind() {
                    ValueKind::Seq => Ok(list),
                    _ => Err("it is no list".to_owned()),
                };
            }
            if text.is_empty() {
                return Ok(Value::from(Vec::<Value>::new()));
            }
            Ok(text
                .split(',')
                .map(|part| Value::from(part.trim()))
                .collect())
        }
        _ => Ok(Value::from(vec![value.clone()])),
    }
}

fn map(value: &Value) -> Result<Value, String> {
    match value.kind() {
        ValueKind::Map => Ok(value.clone()),
        ValueKind::String => {
            let map = json(value)?;
            match map.kind() {
                ValueKind::Map => Ok(map),
                _ => Err(format!("it is a {}, no map", kind_name(&map))),
            }
        }
        ValueKind::Seq => value
            .try_iter()
            .map_err(|error| error.to_string())?
            .map(|pair| {
                let part = |at| {
                    pair.get_item_by_index(at)
                        .ok()
                        .filter(|part| !part.is_undefined())
                };
                match (pair.len(), part(0).zip(part(1))) {
                    (Some(2), Some((key, value))) => Ok((written(&key), value)),
                    _ => Err(format!("{} is no pair of key and value", shown(&pair))),
                }
            })
            .collect::<Result<Vec<_>, String>>()
            .map(Value::from_pairs),
        _ => Err(format!("{} is no map", shown(value))),
    }
}

fn json(value: &Value) -> Result<Value, String> {
    let text = value
        .as_str()
        .ok_or_else(|| format!("{} is no text in JSON", shown(value)))?;
    // Numbers and texts alone are JSON too; depth is limited by the library.
    serde_json::from_str(text)
        .map(|json| from_json(&json))
        .map_err(|error| format!("it is no JSON: {error}"))
}

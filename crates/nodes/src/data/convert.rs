use std::sync::Arc;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use indexmap::IndexMap;
use minijinja::value::ValueKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    number::DecimalMark,
    path::KeyPath,
    rules::{is_empty, shown},
    target::{self, Rules, Target},
};
use crate::{
    date::{human::DayOrder, moment::Clock},
    list::items::Items,
};

/// Turns values into other kinds: `1.234,56 €` into a number, `ja` into true, `3. März` into a
/// date.
///
/// `to` converts one value. `fields` converts fields of a map, or of each map of a list such as
/// the rows of a table; a stream of rows stays a stream.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Convert {
    /// The value, map or list of maps.
    value: Any,
    /// What the value is turned into.
    to: Option<Target>,
    /// What fields are turned into: `{ total: number, date: date }`. The others stay.
    #[serde(default)]
    fields: IndexMap<String, Target>,
    /// Which mark stands before the fraction of numbers.
    #[serde(default)]
    decimal: DecimalMark,
    /// Which part of dates such as `3/4/2026` comes first.
    order: Option<DayOrder>,
    /// The time zone that says what `today` is; the machine's if not set.
    zone: Option<String>,
    /// The result for what can't be converted. If not set, that is an error.
    #[serde(default)]
    default: Any,
    /// Whether what is empty becomes none, rather than being converted.
    #[serde(default)]
    empty_is_none: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Converted {
    /// The converted value, map or list.
    result: Any,
    /// Whether all could be converted; none for a stream.
    valid: Option<bool>,
}

pub(super) fn node() -> Node {
    Node::action("data.convert", convert)
        .pure()
        .icon("arrow-right-left")
        .fails(
            ErrorKind::Invalid,
            "A value can't be turned into what is wanted and there is no `default`.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: order
  use: data.convert
  with:
    value: { total: "1.234,56 €", paid: ja, date: "3. März 2026" }
    fields: { total: number, paid: boolean, date: date }
- use: log.write
  with: { message: "{{ steps.order.result.total * 2 }}" }
"#;

struct Converter {
    fields: Vec<(KeyPath, Target)>,
    rules: Rules,
    default: Value,
    empty_is_none: bool,
}

impl Converter {
    /// The value, and whether it could be converted.
    fn one(&self, what: &str, value: &Value, target: Target) -> Result<(Value, bool), NodeError> {
        if self.empty_is_none && is_empty(value) {
            return Ok((Value::from(()), true));
        }
        match target::converted(value, target, &self.rules) {
            Ok(converted) => Ok((converted, true)),
            Err(_) if !self.default.is_undefined() => Ok((self.default.clone(), false)),
            Err(why) => Err(NodeError::invalid(format!(
                "{what}{} can't be turned into {}: {why}",
                shown(value),
                target.described()
            ))
            .with_help("set `default` to go on with another value")),
        }
    }

    fn map(&self, index: Option<usize>, map: Value) -> Result<(Value, bool), NodeError> {
        let row = index.map_or_else(String::new, |index| format!("row {}: ", index + 1));
        if map.kind() != ValueKind::Map {
            return Err(NodeError::invalid(format!(
                "{row}{} is no map: `fields` are those of maps",
                shown(&map)
            )));
        }
        let mut valid = true;
        let mut changed = map;
        for (field, target) in &self.fields {
            let Some(value) = field.get(&changed) else {
                continue;
            };
            let what = format!("{row}`{}`: ", field.written());
            let (value, was_valid) = self.one(&what, &value, *target)?;
            valid &= was_valid;
            changed = field.set(&changed, value)?;
        }
        Ok((changed, valid))
    }
}

async fn convert(cx: &StepContext, settings: Convert) -> Result<Converted, NodeError> {
    let clock = Clock::new(cx, settings.zone.as_deref())?;
    let mut dates = clock.reading();
    dates.order = settings.order;
    let fields = settings.fields.iter();
    let converter = Converter {
        fields: fields
            .map(|(field, target)| Ok((KeyPath::new("fields", field)?, *target)))
            .collect::<Result<_, NodeError>>()?,
        rules: Rules {
            decimal: settings.decimal,
            dates,
        },
        default: settings.default.0,
        empty_is_none: settings.empty_is_none,
    };
    let value = settings.value.0;
    cx.blocking(move || match (settings.to, converter.fields.is_empty()) {
        (Some(target), true) => {
            let (result, valid) = converter.one("setting `value`: ", &value, target)?;
            Ok(Converted {
                result: Any(result),
                valid: Some(valid),
            })
        }
        (None, false) => by_fields(value, converter),
        _ => Err(NodeError::invalid("give either `to` or `fields`")),
    })
    .await
}

fn by_fields(value: Value, converter: Converter) -> Result<Converted, NodeError> {
    if value.kind() == ValueKind::Map {
        let (result, valid) = converter.map(None, value)?;
        return Ok(Converted {
            result: Any(result),
            valid: Some(valid),
        });
    }
    let items = Items::of("value", value)?;
    if items.is_stream() {
        let converter = Arc::new(converter);
        let rows = items.lazily("converted rows", move |index, row| {
            converter.map(Some(index), row).map(|(row, _)| Some(row))
        });
        return Ok(Converted {
            result: Any(rows),
            valid: None,
        });
    }
    let mut all_valid = true;
    let mut rows = Vec::new();
    for (index, row) in items.iter()?.enumerate() {
        let (row, valid) = converter.map(Some(index), row?)?;
        all_valid &= valid;
        rows.push(row);
    }
    Ok(Converted {
        result: Any(Value::from(rows)),
        valid: Some(all_valid),
    })
}

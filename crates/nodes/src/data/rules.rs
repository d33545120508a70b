//! What a field has to be, and whether a value is that.

use std::cmp::Ordering;

use casare_engine::NodeError;
use casare_workflow::{
    Any, Value,
    value::{kind_name, to_json},
};
use jiff::civil::{Date, DateTime, Time};
use minijinja::value::ValueKind;
use regex::Regex;
use schemars::JsonSchema;
use serde::Deserialize;

/// What a field has to be.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Rule {
    /// Whether the field has to be there and not be empty. An empty field that may be empty meets
    /// all other rules.
    required: bool,
    /// What kind of value it is.
    #[serde(rename = "type")]
    kind: Option<FieldKind>,
    /// A regular expression that the whole text matches.
    pattern: Option<String>,
    /// The smallest number, or the earliest date.
    min: Option<Any>,
    /// The largest number, or the latest date.
    max: Option<Any>,
    /// How many characters or items it has at least.
    min_length: Option<usize>,
    /// How many characters or items it has at most.
    max_length: Option<usize>,
    /// The only values it can have.
    one_of: Option<Vec<Any>>,
    /// Whether no two items of the list have the same value here.
    unique: bool,
    /// What to say instead of the usual message.
    message: Option<String>,
}

/// A kind of value. A text that is written like one counts as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum FieldKind {
    /// A text.
    Text,
    /// A number.
    Number,
    /// A number without a fraction.
    WholeNumber,
    /// True or false.
    Boolean,
    /// A date: `2026-03-01`.
    Date,
    /// A date with a time: `2026-03-01T08:30:00`.
    DateTime,
    /// A time: `08:30`.
    Time,
    /// An e-mail address.
    Email,
    /// A list.
    List,
    /// A map.
    Map,
}

impl FieldKind {
    fn described(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Number => "a number",
            Self::WholeNumber => "a whole number",
            Self::Boolean => "true or false",
            Self::Date => "a date such as 2026-03-01",
            Self::DateTime => "a date with a time such as 2026-03-01T08:30:00",
            Self::Time => "a time such as 08:30",
            Self::Email => "an e-mail address",
            Self::List => "a list",
            Self::Map => "a map",
        }
    }

    fn is(self, value: &Value) -> bool {
        let text = value.as_str();
        match self {
            Self::Text => text.is_some(),
            Self::Number => number(value).is_some(),
            Self::WholeNumber => number(value).is_some_and(|number| number.fract() == 0.0),
            Self::Boolean => {
                value.kind() == ValueKind::Bool
                    || matches!(
                        text,
                        Some("true" | "false" | "True" | "False" | "TRUE" | "FALSE")
                    )
            }
            Self::Date => text.is_some_and(|text| text.len() == 10 && text.parse::<Date>().is_ok()),
            Self::DateTime => text.is_some_and(|text| {
                text.len() > 10
                    && (text.parse::<DateTime>().is_ok() || text.parse::<jiff::Timestamp>().is_ok())
            }),
            Self::Time => text.is_some_and(|text| text.parse::<Time>().is_ok()),
            Self::Email => text.is_some_and(is_email),
            Self::List => matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable),
            Self::Map => value.kind() == ValueKind::Map,
        }
    }
}

/// A rule whose pattern is compiled.
pub(super) struct CompiledRule {
    pub(super) rule: Rule,
    pattern: Option<Regex>,
}

impl CompiledRule {
    /// Compiles the rule of `field`.
    pub(super) fn new(field: &str, rule: Rule) -> Result<Self, NodeError> {
        let pattern = rule.pattern.as_ref().map(|pattern| {
            Regex::new(&format!("^(?:{pattern})$")).map_err(|error| {
                NodeError::invalid(format!(
                    "setting `rules.{field}.pattern`: `{pattern}` is no regular expression: {error}"
                ))
            })
        });
        Ok(Self {
            pattern: pattern.transpose()?,
            rule,
        })
    }

    pub(super) fn is_unique(&self) -> bool {
        self.rule.unique
    }

    /// What is wrong with `value`, if anything is.
    pub(super) fn problem(&self, value: &Value) -> Option<String> {
        let problem = self.found(value)?;
        Some(self.rule.message.clone().unwrap_or(problem))
    }

    fn found(&self, value: &Value) -> Option<String> {
        let rule = &self.rule;
        if is_empty(value) {
            return rule.required.then(|| "is missing".to_owned());
        }
        if let Some(kind) = rule.kind.filter(|kind| !kind.is(value)) {
            return Some(format!("is {}, not {}", shown(value), kind.described()));
        }
        if let (Some(pattern), Some(text)) = (&self.pattern, &rule.pattern) {
            let written = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            if !pattern.is_match(&written) {
                return Some(format!(
                    "is {}, which does not match `{text}`",
                    shown(value)
                ));
            }
        }
        if let Some(choices) = &rule.one_of
            && !choices.iter().any(|choice| same(&choice.0, value))
        {
            let choices: Vec<String> = choices.iter().map(|choice| shown(&choice.0)).collect();
            return Some(format!(
                "is {}, not one of {}",
                shown(value),
                choices.join(", ")
            ));
        }
        self.out_of_range(value)
            .or_else(|| self.wrong_length(value))
    }

    fn out_of_range(&self, value: &Value) -> Option<String> {
        let beyond = |limit: &Option<Any>, wrong: Ordering, word: &str| {
            let limit = &limit.as_ref()?.0;
            match order(value, limit) {
                Some(order) if order == wrong => {
                    Some(format!("is {}, {word} {}", shown(value), shown(limit)))
                }
                Some(_) => None,
                None => Some(format!(
                    "is {}, which can't be compared with {}",
                    shown(value),
                    shown(limit)
                )),
            }
        };
        beyond(&self.rule.min, Ordering::Less, "below")
            .or_else(|| beyond(&self.rule.max, Ordering::Greater, "above"))
    }

    fn wrong_length(&self, value: &Value) -> Option<String> {
        if self.rule.min_length.is_none() && self.rule.max_length.is_none() {
            return None;
        }
        let (length, unit) = match value.kind() {
            ValueKind::Seq | ValueKind::Iterable | ValueKind::Map => {
                (value.len().unwrap_or_default(), "items")
            }
            _ => (value.to_string().chars().count(), "characters"),
        };
        if let Some(least) = self.rule.min_length.filter(|least| length < *least) {
            return Some(format!("has {length} {unit}, fewer than {least}"));
        }
        let most = self.rule.max_length.filter(|most| length > *most)?;
        Some(format!("has {length} {unit}, more than {most}"))
    }
}

/// Nothing, or a text of white space alone.
pub(crate) fn is_empty(value: &Value) -> bool {
    value.is_undefined()
        || value.is_none()
        || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// A value as messages show it.
pub(crate) fn shown(value: &Value) -> String {
    match value.kind() {
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            let start: String = text.chars().take(60).collect();
            let more = if start.len() < text.len() { "…" } else { "" };
            format!("`{start}{more}`")
        }
        ValueKind::Number | ValueKind::Bool => format!("`{value}`"),
        _ => format!("a {}", kind_name(value)),
    }
}

fn number(value: &Value) -> Option<f64> {
    match value.kind() {
        ValueKind::Number => f64::try_from(value.clone()).ok(),
        ValueKind::String => {
            let number: f64 = value.as_str()?.trim().parse().ok()?;
            number.is_finite().then_some(number)
        }
        _ => None,
    }
}

/// Numbers by size, texts (dates as ISO texts among them) by their order.
fn order(value: &Value, limit: &Value) -> Option<Ordering> {
    if let (Some(value), Some(limit)) = (number(value), number(limit)) {
        return value.partial_cmp(&limit);
    }
    if limit.kind() == ValueKind::Number {
        return None;
    }
    Some(value.as_str()?.cmp(limit.as_str()?))
}

/// Whether two values are the same to people: `12` and `"12"` are.
fn same(a: &Value, b: &Value) -> bool {
    a == b || (to_json(a).to_string().trim_matches('"') == to_json(b).to_string().trim_matches('"'))
}

/// Whether mail could be sent there; whether anyone reads it, nobody knows.
fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else {
        return false;
    };
    let host_is_fine = host.contains('.')
        && host.split('.').all(|part| {
            !part.is_empty()
                && part.chars().all(|c| c.is_alphanumeric() || c == '-')
                && !part.starts_with('-')
                && !part.ends_with('-')
        });
    host_is_fine
        && !name.is_empty()
        && name.len() <= 64
        && !name.contains(|c: char| c.is_whitespace() || c.is_control() || "@,;<>()".contains(c))
}

#[cfg(test)]
mod tests {
    use casare_workflow::value::{from_json, read_settings};
    use serde_json::json;

    use super::*;

    fn problem(rule: serde_json::Value, value: serde_json::Value) -> Option<String> {
        let rule = read_settings(from_json(&rule)).unwrap();
        CompiledRule::new("field", rule)
            .unwrap()
            .problem(&from_json(&value))
    }

    #[test]
    fn what_is_wrong_is_said_with_the_value() {
        let wrong = |rule, value| problem(rule, value).unwrap();

        assert_eq!(
            wrong(json!({ "required": true }), json!("  ")),
            "is missing"
        );
        assert_eq!(
            wrong(json!({ "type": "number" }), json!("12 EUR")),
            "is `12 EUR`, not a number"
        );
        assert_eq!(
            wrong(json!({ "pattern": "INV-\\d+" }), json!("xINV-1")),
            "is `xINV-1`, which does not match `INV-\\d+`"
        );
        assert_eq!(wrong(json!({ "min": 0 }), json!(-5)), "is `-5`, below `0`");
        assert_eq!(
            wrong(json!({ "max": "2026-12-31" }), json!("2027-01-01")),
            "is `2027-01-01`, above `2026-12-31`"
        );
        assert_eq!(
            wrong(json!({ "one_of": ["DE", "FR"] }), json!("XX")),
            "is `XX`, not one of `DE`, `FR`"
        );
        assert_eq!(
            wrong(json!({ "max_length": 3 }), json!("Größe")),
            "has 5 characters, more than 3"
        );
        assert_eq!(
            wrong(
                json!({ "type": "date", "message": "no such day" }),
                json!("2026-02-30")
            ),
            "no such day"
        );
    }

    #[test]
    fn what_is_right_has_no_problem() {
        let right = |rule, value| problem(rule, value).is_none();

        assert!(right(json!({ "type": "number", "min": 1 }), json!(null)));
        assert!(right(
            json!({ "type": "whole_number", "min": 1, "max": 20 }),
            json!("12")
        ));
        assert!(right(
            json!({ "type": "email" }),
            json!("ada@sub.example.com")
        ));
        assert!(right(
            json!({ "type": "date_time" }),
            json!("2026-03-01T08:30:00Z")
        ));
        assert!(right(json!({ "one_of": [1, 2] }), json!("2")));
        assert!(!right(json!({ "type": "email" }), json!("ada@example")));
    }
}

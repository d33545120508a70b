//! What a value is expected to be: plain data, or matchers such as `{ $contains: … }`.

use std::fmt::Write as _;

use casare_workflow::Template;
use regex::Regex;
use serde_json::{Map, Value as Json};

use crate::mismatch::Mismatch;

mod matcher;

/// Every matcher, for "did you mean" and the schema.
pub(crate) const MATCHERS: [(&str, &str); 18] = [
    ("$any", "true: anything but nothing"),
    ("$type", "text, number, integer, boolean, list, map or null"),
    (
        "$contains",
        "a part of the text, an item of the list, or entries of the map",
    ),
    ("$starts", "how the text begins"),
    ("$ends", "how the text ends"),
    ("$regex", "a regular expression that is found in the text"),
    ("$approx", "a number, give or take `within`"),
    (
        "$within",
        "how far `$approx` may be off (1e-9 of the number)",
    ),
    ("$above", "the number is greater"),
    ("$below", "the number is less"),
    ("$at_least", "the number is as great or greater"),
    ("$at_most", "the number is as great or less"),
    ("$length", "how many characters, items or entries there are"),
    ("$unordered", "the items of the list, in any order"),
    ("$one_of", "one of these"),
    ("$not", "anything but this"),
    ("$equals", "exactly this, even if it looks like a matcher"),
    ("$expression", "an expression over `value` that is true"),
];

const TYPES: [&str; 7] = [
    "text", "number", "integer", "boolean", "list", "map", "null",
];

/// What a value is expected to be.
#[derive(Debug, Clone)]
pub(crate) enum Pattern {
    Equal(Json),
    List(Vec<Pattern>),
    /// Exactly these entries.
    Map(Vec<(String, Pattern)>),
    /// All of them, each a matcher.
    All(Vec<Matcher>),
}

#[derive(Debug, Clone)]
pub(crate) enum Matcher {
    Any(bool),
    Type(&'static str),
    Contains(Box<Pattern>),
    Starts(String),
    Ends(String),
    Regex(Regex),
    Approx { number: f64, within: f64 },
    Above(f64),
    Below(f64),
    AtLeast(f64),
    AtMost(f64),
    Length(Box<Pattern>),
    Unordered(Vec<Pattern>),
    OneOf(Vec<Pattern>),
    Not(Box<Pattern>),
    Expression(String, Box<Template>),
}

/// Why something is no pattern.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PatternError {
    /// The keys and indexes to the mistake.
    pub(crate) path: Vec<String>,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl PatternError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            path: Vec::new(),
            message: message.into(),
            help: None,
        }
    }

    fn at(mut self, key: impl ToString) -> Self {
        self.path.insert(0, key.to_string());
        self
    }
}

impl Pattern {
    /// Reads a pattern: data as it is, and maps whose keys begin with `$` as matchers.
    pub(crate) fn read(json: &Json) -> Result<Self, PatternError> {
        match json {
            Json::Array(items) => {
                let items = items.iter().enumerate();
                let patterns = items.map(|(at, item)| Self::read(item).map_err(|e| e.at(at)));
                Ok(Self::List(patterns.collect::<Result<_, _>>()?))
            }
            Json::Object(map) if map.keys().any(|key| key.starts_with('$')) => Self::matchers(map),
            Json::Object(map) => {
                let entries = map.iter().map(|(key, value)| {
                    let pattern = Self::read(value).map_err(|error| error.at(key))?;
                    Ok((key.clone(), pattern))
                });
                Ok(Self::Map(entries.collect::<Result<_, _>>()?))
            }
            single => Ok(Self::Equal(single.clone())),
        }
    }

    fn matchers(map: &Map<String, Json>) -> Result<Self, PatternError> {
        if let Some(plain) = map.keys().find(|key| !key.starts_with('$')) {
            let error = PatternError::new(format!("`{plain}` stands beside a matcher"));
            return Err(PatternError {
                help: Some(
                    "matchers begin with `$`; data with such keys goes into `$equals`".into(),
                ),
                ..error.at(plain)
            });
        }
        if let Some(equals) = map.get("$equals") {
            return Ok(Self::exactly(equals));
        }
        let mut all = Vec::new();
        for (name, value) in map {
            if name != "$within" {
                let within = map.get("$within").and_then(Json::as_f64);
                all.push(Matcher::read(name, value, within).map_err(|error| error.at(name))?);
            }
        }
        Ok(Self::All(all))
    }

    /// Data in which nothing is a matcher.
    pub(crate) fn exactly(json: &Json) -> Self {
        match json {
            Json::Array(items) => Self::List(items.iter().map(Self::exactly).collect()),
            Json::Object(map) => Self::Map(
                map.iter()
                    .map(|(key, value)| (key.clone(), Self::exactly(value)))
                    .collect(),
            ),
            single => Self::Equal(single.clone()),
        }
    }

    /// A text that is found inside, or whatever else was written.
    pub(crate) fn part(json: &Json) -> Result<Self, PatternError> {
        match json {
            Json::String(_) => Ok(Self::All(vec![Matcher::Contains(Box::new(Self::Equal(
                json.clone(),
            )))])),
            other => Self::read(other),
        }
    }

    /// Adds where and how `actual` differs.
    pub(crate) fn compare(&self, actual: &Json, path: &str, found: &mut Vec<Mismatch>) {
        match (self, actual) {
            (Self::Equal(expected), actual) => {
                if !same(expected, actual) {
                    found.push(Mismatch::of(path, expected.clone(), actual));
                }
            }
            (Self::List(patterns), Json::Array(items)) => {
                if patterns.len() == items.len() {
                    for (index, (pattern, item)) in patterns.iter().zip(items).enumerate() {
                        pattern.compare(item, &format!("{path}[{index}]"), found);
                    }
                } else {
                    let note = format!(
                        "has {} where {} {} expected",
                        items_of(items.len()),
                        patterns.len(),
                        if patterns.len() == 1 { "is" } else { "are" }
                    );
                    found.push(Mismatch::of(path, self.shown(), actual).noting(note));
                }
            }
            (Self::Map(entries), Json::Object(map)) => {
                for (key, pattern) in entries {
                    match map.get(key) {
                        Some(value) => pattern.compare(value, &below(path, key), found),
                        None => found.push(Mismatch::missing(&below(path, key), pattern.shown())),
                    }
                }
                for (key, value) in map {
                    if !entries.iter().any(|(known, _)| known == key) {
                        found.push(Mismatch::unexpected(&below(path, key), value));
                    }
                }
            }
            (Self::All(matchers), actual) => {
                if let Some(matcher) = matchers.iter().find(|matcher| !matcher.matches(actual)) {
                    let note = format!("is not {}", matcher.words());
                    found.push(Mismatch::of(path, self.shown(), actual).noting(note));
                }
            }
            (_, actual) => found.push(Mismatch::of(path, self.shown(), actual)),
        }
    }

    /// Adds where `actual` lacks or contradicts the entries of this map; more may be there.
    pub(crate) fn compare_entries(&self, actual: &Json, path: &str, found: &mut Vec<Mismatch>) {
        let (Self::Map(entries), Json::Object(map)) = (self, actual) else {
            self.compare(actual, path, found);
            return;
        };
        for (key, pattern) in entries {
            match map.get(key) {
                Some(value) => pattern.compare(value, &below(path, key), found),
                None if pattern.is_nothing() => {}
                None => found.push(Mismatch::missing(&below(path, key), pattern.shown())),
            }
        }
    }

    /// Whether it stands for a value that is not there.
    fn is_nothing(&self) -> bool {
        match self {
            Self::All(matchers) => matchers
                .iter()
                .all(|matcher| matches!(matcher, Matcher::Any(false))),
            _ => false,
        }
    }

    pub(crate) fn matches(&self, actual: &Json) -> bool {
        let mut found = Vec::new();
        self.compare(actual, "", &mut found);
        found.is_empty()
    }

    pub(crate) fn has_entries(&self, actual: &Json) -> bool {
        let mut found = Vec::new();
        self.compare_entries(actual, "", &mut found);
        found.is_empty()
    }

    /// As it was written.
    pub(crate) fn shown(&self) -> Json {
        match self {
            Self::Equal(json) => json.clone(),
            Self::List(patterns) => patterns.iter().map(Self::shown).collect(),
            Self::Map(entries) => Json::Object(
                entries
                    .iter()
                    .map(|(key, pattern)| (key.clone(), pattern.shown()))
                    .collect(),
            ),
            Self::All(matchers) => {
                let shown = matchers.iter().flat_map(Matcher::shown);
                Json::Object(shown.collect())
            }
        }
    }
}

/// Numbers are the same if their values are: `1` and `1.0`.
fn same(expected: &Json, actual: &Json) -> bool {
    match (expected, actual) {
        (Json::Number(expected), Json::Number(actual)) => {
            expected == actual
                || (expected.is_f64() || actual.is_f64()) && expected.as_f64() == actual.as_f64()
        }
        _ => expected == actual,
    }
}

fn items_of(count: usize) -> String {
    format!("{count} item{}", if count == 1 { "" } else { "s" })
}

pub(crate) fn below(path: &str, key: &str) -> String {
    let mut text = path.to_owned();
    let plain = key
        .chars()
        .all(|letter| letter.is_alphanumeric() || letter == '_' || letter == '-');
    if !plain || key.is_empty() {
        let _ = write!(text, "[{}]", Json::from(key));
    } else if path.is_empty() {
        text.push_str(key);
    } else {
        let _ = write!(text, ".{key}");
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn matches(pattern: Json, actual: Json) -> bool {
        Pattern::read(&pattern).unwrap().matches(&actual)
    }

    #[test]
    fn plain_data_is_compared_whole_and_numbers_by_value() {
        assert!(matches(json!({ "a": [1, 2.0] }), json!({ "a": [1.0, 2] })));
        assert!(!matches(json!({ "a": 1 }), json!({ "a": 1, "b": 2 })));
        assert!(!matches(json!("1"), json!(1)));
    }

    #[test]
    fn matchers_stand_anywhere_in_data() {
        let pattern = json!({
            "id": { "$regex": "^[0-9a-f-]{36}$" },
            "total": { "$approx": 12.3, "$within": 0.05 },
            "tags": { "$unordered": ["b", { "$starts": "a" }] },
            "lines": { "$length": { "$at_least": 2 }, "$type": "list" },
            "note": { "$not": { "$contains": "error" } },
        });
        let actual = json!({
            "id": "0198c2a5-1111-7222-8333-444455556666",
            "total": 12.34,
            "tags": ["abc", "b"],
            "lines": [1, 2],
            "note": "fine",
        });

        assert!(matches(pattern, actual));
    }

    #[test]
    fn the_first_item_that_fits_is_given_up_where_another_needs_it() {
        let pattern = json!({ "$unordered": [{ "$type": "number" }, 1] });

        assert!(matches(pattern.clone(), json!([1, 2])));
        assert!(matches(pattern.clone(), json!([2, 1])));
        assert!(!matches(pattern, json!([2, 2])));
    }

    #[test]
    fn a_list_of_maps_contains_a_map_with_these_entries() {
        let rows = json!([{ "id": 1, "name": "Ada" }, { "id": 2, "name": "Grace" }]);

        assert!(matches(
            json!({ "$contains": { "name": "Grace" } }),
            rows.clone()
        ));
        assert!(!matches(json!({ "$contains": { "name": "Alan" } }), rows));
    }

    #[test]
    fn an_expression_sees_the_value() {
        let pattern = json!({ "$expression": "value.total == value.net + value.tax" });

        assert!(matches(
            pattern.clone(),
            json!({ "total": 3, "net": 2, "tax": 1 })
        ));
        assert!(!matches(pattern, json!({ "total": 4, "net": 2, "tax": 1 })));
    }

    #[test]
    fn a_misspelt_matcher_is_refused_with_its_place() {
        let error = Pattern::read(&json!({ "a": [{ "$contain": 1 }] })).unwrap_err();

        assert_eq!(error.path, ["a", "0", "$contain"]);
        assert_eq!(error.help.unwrap(), "did you mean `$contains`?");
    }

    #[test]
    fn differences_are_told_one_by_one() {
        let pattern = Pattern::read(&json!({ "a": 1, "b": [1, 2], "c": "x" })).unwrap();
        let mut found = Vec::new();

        pattern.compare(
            &json!({ "a": 2, "b": [1], "d": true }),
            "outputs",
            &mut found,
        );

        let told: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "outputs.a: expected 1, got 2",
                "outputs.b: expected [1,2], got [1] (has 1 item where 2 are expected)",
                r#"outputs.c: expected "x", got nothing"#,
                "outputs.d: expected nothing, got true",
            ]
        );
    }
}

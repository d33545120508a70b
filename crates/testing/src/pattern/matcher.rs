//! Matchers: `{ $contains: … }` and the like.

use casare_workflow::{Template, Value, value::from_json};
use regex::Regex;
use serde_json::Value as Json;

use super::{MATCHERS, Matcher, Pattern, PatternError, TYPES};

impl Matcher {
    pub(super) fn read(
        name: &str,
        value: &Json,
        within: Option<f64>,
    ) -> Result<Self, PatternError> {
        let number = || {
            value
                .as_f64()
                .ok_or_else(|| PatternError::new(format!("`{name}` takes a number")))
        };
        let text = || {
            value
                .as_str()
                .map(str::to_owned)
                .ok_or_else(|| PatternError::new(format!("`{name}` takes a text")))
        };
        let list = || {
            let items = value
                .as_array()
                .ok_or_else(|| PatternError::new(format!("`{name}` takes a list")))?;
            let items = items.iter().enumerate();
            items
                .map(|(at, item)| Pattern::read(item).map_err(|error| error.at(at)))
                .collect::<Result<Vec<_>, _>>()
        };
        let pattern = || Pattern::read(value).map(Box::new);
        Ok(match name {
            "$any" => Self::Any(value.as_bool().unwrap_or(true)),
            "$type" => {
                let wanted = text()?;
                let known = TYPES.into_iter().find(|known| *known == wanted);
                Self::Type(known.ok_or_else(|| {
                    let kinds = TYPES.join(", ");
                    PatternError::new(format!("`{wanted}` is no type; types: {kinds}"))
                })?)
            }
            "$contains" => Self::Contains(pattern()?),
            "$starts" => Self::Starts(text()?),
            "$ends" => Self::Ends(text()?),
            "$regex" => Self::Regex(Regex::new(&text()?).map_err(|error| {
                PatternError::new(format!("this is no regular expression: {error}"))
            })?),
            "$approx" => {
                let number = number()?;
                let within = within.unwrap_or(1e-9 * number.abs().max(1.0));
                Self::Approx { number, within }
            }
            "$above" => Self::Above(number()?),
            "$below" => Self::Below(number()?),
            "$at_least" => Self::AtLeast(number()?),
            "$at_most" => Self::AtMost(number()?),
            "$length" => Self::Length(pattern()?),
            "$unordered" => Self::Unordered(list()?),
            "$one_of" => Self::OneOf(list()?),
            "$not" => Self::Not(pattern()?),
            "$expression" => {
                let text = text()?;
                let template = Template::compile_condition(&Json::String(text.clone()))
                    .map_err(|error| PatternError::new(error.to_string()))?;
                Self::Expression(text, Box::new(template))
            }
            other => {
                let mut error = PatternError::new(format!("there is no matcher `{other}`"));
                let names = MATCHERS.iter().map(|(name, _)| *name);
                error.help = Some(match crate::file::closest(other, names) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "data whose keys begin with `$` goes into `$equals`".to_owned(),
                });
                return Err(error);
            }
        })
    }

    pub(super) fn matches(&self, actual: &Json) -> bool {
        let number = |holds: &dyn Fn(f64) -> bool| actual.as_f64().is_some_and(holds);
        match self {
            Self::Any(wanted) => actual.is_null() != *wanted,
            Self::Type(wanted) => type_of(actual).contains(wanted),
            Self::Contains(pattern) => contains(pattern, actual),
            Self::Starts(start) => actual.as_str().is_some_and(|text| text.starts_with(start)),
            Self::Ends(end) => actual.as_str().is_some_and(|text| text.ends_with(end)),
            Self::Regex(regex) => actual.as_str().is_some_and(|text| regex.is_match(text)),
            Self::Approx {
                number: wanted,
                within,
            } => number(&|actual| (actual - wanted).abs() <= *within),
            Self::Above(bound) => number(&|actual| actual > *bound),
            Self::Below(bound) => number(&|actual| actual < *bound),
            Self::AtLeast(bound) => number(&|actual| actual >= *bound),
            Self::AtMost(bound) => number(&|actual| actual <= *bound),
            Self::Length(pattern) => {
                length(actual).is_some_and(|length| pattern.matches(&Json::from(length)))
            }
            Self::Unordered(patterns) => unordered(patterns, actual),
            Self::OneOf(patterns) => patterns.iter().any(|pattern| pattern.matches(actual)),
            Self::Not(pattern) => !pattern.matches(actual),
            Self::Expression(_, template) => {
                let scope = Value::from_pairs([(Value::from("value"), from_json(actual))]);
                template.evaluate(&scope).is_ok_and(|value| value.is_true())
            }
        }
    }

    pub(super) fn words(&self) -> String {
        match self {
            Self::Any(true) => "there".to_owned(),
            Self::Any(false) => "missing".to_owned(),
            Self::Type(wanted) => format!("of type {wanted}"),
            Self::Contains(pattern) => format!("something that contains {}", pattern.shown()),
            Self::Starts(start) => {
                format!("a text that starts with {}", Json::from(start.as_str()))
            }
            Self::Ends(end) => format!("a text that ends with {}", Json::from(end.as_str())),
            Self::Regex(regex) => format!("a text in which `{regex}` is found"),
            Self::Approx { number, within } => format!("{number} give or take {within}"),
            Self::Above(bound) => format!("above {bound}"),
            Self::Below(bound) => format!("below {bound}"),
            Self::AtLeast(bound) => format!("at least {bound}"),
            Self::AtMost(bound) => format!("at most {bound}"),
            Self::Length(pattern) => format!("of the length {}", pattern.shown()),
            Self::Unordered(_) => "these items in any order".to_owned(),
            Self::OneOf(_) => "one of these".to_owned(),
            Self::Not(pattern) => format!("anything but {}", pattern.shown()),
            Self::Expression(text, _) => format!("a value for which `{text}` is true"),
        }
    }

    pub(super) fn shown(&self) -> Vec<(String, Json)> {
        let list = |patterns: &[Pattern]| patterns.iter().map(Pattern::shown).collect::<Json>();
        let (name, value) = match self {
            Self::Any(wanted) => ("$any", Json::from(*wanted)),
            Self::Type(wanted) => ("$type", Json::from(*wanted)),
            Self::Contains(pattern) => ("$contains", pattern.shown()),
            Self::Starts(text) => ("$starts", Json::from(text.as_str())),
            Self::Ends(text) => ("$ends", Json::from(text.as_str())),
            Self::Regex(regex) => ("$regex", Json::from(regex.as_str())),
            Self::Approx { number, within } => {
                return vec![
                    ("$approx".to_owned(), Json::from(*number)),
                    ("$within".to_owned(), Json::from(*within)),
                ];
            }
            Self::Above(bound) => ("$above", Json::from(*bound)),
            Self::Below(bound) => ("$below", Json::from(*bound)),
            Self::AtLeast(bound) => ("$at_least", Json::from(*bound)),
            Self::AtMost(bound) => ("$at_most", Json::from(*bound)),
            Self::Length(pattern) => ("$length", pattern.shown()),
            Self::Unordered(patterns) => ("$unordered", list(patterns)),
            Self::OneOf(patterns) => ("$one_of", list(patterns)),
            Self::Not(pattern) => ("$not", pattern.shown()),
            Self::Expression(text, _) => ("$expression", Json::from(text.as_str())),
        };
        vec![(name.to_owned(), value)]
    }
}

fn contains(pattern: &Pattern, actual: &Json) -> bool {
    match (pattern, actual) {
        (Pattern::Equal(Json::String(part)), Json::String(text)) => text.contains(part.as_str()),
        (Pattern::List(patterns), Json::Array(items)) => patterns
            .iter()
            .all(|pattern| items.iter().any(|item| pattern.matches(item))),
        (Pattern::Map(_), Json::Object(_)) => pattern.has_entries(actual),
        (pattern, Json::Array(items)) => items.iter().any(|item| match pattern {
            Pattern::Map(_) => pattern.has_entries(item),
            _ => pattern.matches(item),
        }),
        _ => false,
    }
}

/// Each pattern has an item of its own.
fn unordered(patterns: &[Pattern], actual: &Json) -> bool {
    let Json::Array(items) = actual else {
        return false;
    };
    if items.len() != patterns.len() {
        return false;
    }
    // Kuhn's algorithm: a pattern that finds its item taken asks the one that took it to move.
    let mut taken: Vec<Option<usize>> = vec![None; items.len()];
    fn place(
        pattern: usize,
        patterns: &[Pattern],
        items: &[Json],
        taken: &mut [Option<usize>],
        seen: &mut [bool],
    ) -> bool {
        for (at, item) in items.iter().enumerate() {
            if seen[at] || !patterns[pattern].matches(item) {
                continue;
            }
            seen[at] = true;
            let free = match taken[at] {
                None => true,
                Some(other) => place(other, patterns, items, taken, seen),
            };
            if free {
                taken[at] = Some(pattern);
                return true;
            }
        }
        false
    }
    (0..patterns.len()).all(|pattern| {
        let mut seen = vec![false; items.len()];
        place(pattern, patterns, items, &mut taken, &mut seen)
    })
}

fn type_of(json: &Json) -> &'static [&'static str] {
    match json {
        Json::Null => &["null"],
        Json::Bool(_) => &["boolean"],
        Json::Number(number) if number.is_f64() => &["number"],
        Json::Number(_) => &["number", "integer"],
        Json::String(_) => &["text"],
        Json::Array(_) => &["list"],
        Json::Object(_) => &["map"],
    }
}

fn length(json: &Json) -> Option<usize> {
    match json {
        Json::String(text) => Some(text.chars().count()),
        Json::Array(items) => Some(items.len()),
        Json::Object(map) => Some(map.len()),
        _ => None,
    }
}

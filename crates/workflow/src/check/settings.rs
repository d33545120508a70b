//! Settings against the schema that a node's Rust types have.
//!
//! A walker of its own rather than a JSON Schema validator: it knows that text with `{{` is any
//! value until the run, that the engine reads `"12"` as a number, and it explains like a colleague.
//! It understands what schemars makes of Rust types: `type`, `properties`, `required`,
//! `additionalProperties`, `patternProperties`, `unevaluatedProperties`, `items`, `prefixItems`,
//! `enum`, `const`, `oneOf`, `anyOf`, `allOf`, `$ref`, bounds, lengths, `pattern`, and the format
//! `casare-duration`; it passes over what it does not know.

use std::{cell::RefCell, collections::HashMap};

use indexmap::IndexMap;
use regex::Regex;
use serde_json::{Map, Value as Json};

use super::{
    control::STEP_KEYS,
    is_computed,
    report::Finding,
    suggest::{Suggest, listed},
    trail::Trail,
    wanted::{
        DEEPEST, DURATION, alternatives, got, literal, literals, shortened, target, types, wanted,
    },
};
use crate::Span;

mod choice;
mod keys;

use keys::Keys;

/// Compiled patterns by their text; `None` for one that the regex crate does not know.
pub(super) type Patterns = RefCell<HashMap<String, Option<Regex>>>;

/// What every look at settings needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings<'a> {
    /// The node they are for.
    pub(super) node: &'a str,
    /// Its schema.
    pub(super) root: &'a Json,
    pub(super) suggest: &'a Suggest,
    pub(super) patterns: &'a Patterns,
}

/// What is found to be wrong, most of all how much.
#[derive(Debug, Default)]
struct Flaws {
    /// `None` to count only, which makes no messages.
    findings: Option<Vec<Finding>>,
    /// How bad it is in all; 0 for nothing.
    weight: u32,
}

/// It is something else altogether.
const OTHER_TYPE: u32 = 1000;
/// It says itself that it is another variant.
const OTHER_VARIANT: u32 = 100;
/// A part of it is not right.
const PART: u32 = 10;

impl Flaws {
    fn add(&mut self, weight: u32, finding: impl FnOnce() -> Finding) {
        self.weight = self.weight.saturating_add(weight);
        if let Some(findings) = &mut self.findings {
            findings.push(finding());
        }
    }

    /// However wrong a part is, the whole is still what it was meant to be.
    fn part(&mut self, check: impl FnOnce(&mut Self)) {
        let before = self.weight;
        check(self);
        self.weight = self.weight.min(before.saturating_add(PART));
    }
}

/// The entries of a map, or the settings of a step, which are kept in another type.
#[derive(Debug, Clone, Copy)]
enum Entries<'v> {
    Map(&'v Map<String, Json>),
    With(&'v IndexMap<String, Json>),
}

impl<'v> Entries<'v> {
    fn len(self) -> usize {
        match self {
            Self::Map(map) => map.len(),
            Self::With(with) => with.len(),
        }
    }

    fn get(self, key: &str) -> Option<&'v Json> {
        match self {
            Self::Map(map) => map.get(key),
            Self::With(with) => with.get(key),
        }
    }

    fn iter(self) -> impl Iterator<Item = (&'v str, &'v Json)> {
        let (map, with) = match self {
            Self::Map(map) => (Some(map), None),
            Self::With(with) => (None, Some(with)),
        };
        let map = map.into_iter().flatten();
        let with = with.into_iter().flatten();
        map.chain(with).map(|(key, value)| (key.as_str(), value))
    }

    fn to_json(self) -> Json {
        self.iter()
            .map(|(key, value)| (key.to_owned(), value.clone()))
            .collect()
    }
}

impl<'a> Settings<'a> {
    /// What is wrong with `with`, all settings of a step, which stands at `trail`.
    pub(super) fn check(&self, with: &IndexMap<String, Json>, trail: &Trail<'_>) -> Vec<Finding> {
        let mut flaws = Flaws {
            findings: Some(Vec::new()),
            weight: 0,
        };
        let with = Entries::With(with);
        self.map(self.root, with, trail, 0, &mut flaws);
        self.composed(self.root, None, Some(with), trail, 0, &mut flaws);
        flaws.findings.unwrap_or_default()
    }

    fn value(
        &self,
        schema: &'a Json,
        value: &Json,
        trail: &Trail<'_>,
        depth: usize,
        flaws: &mut Flaws,
    ) {
        if depth > DEEPEST || value.as_str().is_some_and(is_computed) {
            return;
        }
        if schema == &Json::Bool(false) {
            flaws.add(OTHER_TYPE, || {
                Finding::error(
                    "setting-value",
                    trail.path(),
                    format!("`{}` can't be set", trail.name()),
                )
            });
            return;
        }
        let before = flaws.weight;
        self.composed(
            schema,
            Some(value),
            value.as_object().map(Entries::Map),
            trail,
            depth,
            flaws,
        );
        if flaws.weight - before >= OTHER_TYPE || !self.has_type(schema, value, trail, flaws) {
            return;
        }
        if let Some(allowed) = literals(schema)
            && !allowed.iter().any(|allowed| equal(allowed, value))
        {
            flaws.add(OTHER_VARIANT, || self.not_one_of(value, &allowed, trail));
            return;
        }
        match value {
            Json::Array(items) => self.list(schema, items, trail, depth, flaws),
            Json::Object(map) => self.map(schema, Entries::Map(map), trail, depth, flaws),
            Json::Null => {}
            scalar => self.scalar(schema, scalar, trail, flaws),
        }
    }

    /// `$ref`, `allOf` and alternatives.
    fn composed(
        &self,
        schema: &'a Json,
        value: Option<&Json>,
        map: Option<Entries<'_>>,
        trail: &Trail<'_>,
        depth: usize,
        flaws: &mut Flaws,
    ) {
        let all = schema.get("allOf").and_then(Json::as_array);
        let parts = target(self.root, schema)
            .into_iter()
            .chain(all.into_iter().flatten());
        for part in parts {
            match (value, map) {
                (Some(value), _) => self.value(part, value, trail, depth + 1, flaws),
                (None, Some(map)) if depth <= DEEPEST => {
                    self.map(part, map, trail, depth + 1, flaws);
                    self.composed(part, None, Some(map), trail, depth + 1, flaws);
                }
                (None, _) => {}
            }
        }
        if alternatives(schema).is_some() {
            match (value, map) {
                (Some(value), _) => self.choice(schema, value, trail, depth + 1, flaws),
                (None, Some(map)) => {
                    let whole = map.to_json();
                    self.choice(schema, &whole, trail, depth + 1, flaws);
                }
                (None, None) => {}
            }
        }
    }

    fn has_type(&self, schema: &Json, value: &Json, trail: &Trail<'_>, flaws: &mut Flaws) -> bool {
        let types = types(schema);
        let fits = types.is_empty() || types.iter().any(|name| is_of_type(value, name));
        if !fits {
            flaws.add(OTHER_TYPE, || self.wrong_type(schema, value, trail));
        }
        fits
    }

    fn wrong_type(&self, schema: &Json, value: &Json, trail: &Trail<'_>) -> Finding {
        let wanted = wanted(self.root, schema);
        let message = format!("`{}` wants {wanted}, got {}", trail.name(), got(value));
        let help = match value {
            Json::Null => Some("give it a value, or remove it if it is not needed".to_owned()),
            Json::String(_) | Json::Number(_) | Json::Bool(_)
                if types(schema).contains(&"array") =>
            {
                Some("write a list: `[…]`, or each item on a line of its own after `- `".to_owned())
            }
            _ => None,
        };
        Finding::error("setting-type", trail.path(), message)
            .label(format!("wants {wanted}"))
            .help(help)
    }

    fn not_one_of(&self, value: &Json, allowed: &[&Json], trail: &Trail<'_>) -> Finding {
        let message = format!("`{}` can't be {}", trail.name(), shortened(&literal(value)));
        let names = allowed.iter().filter_map(|allowed| allowed.as_str());
        let meant = value
            .as_str()
            .and_then(|text| self.suggest.did_you_mean(text, names));
        let all: Vec<String> = allowed
            .iter()
            .map(|allowed| {
                allowed
                    .as_str()
                    .map_or_else(|| allowed.to_string(), str::to_owned)
            })
            .collect();
        let all = listed(all.iter().map(String::as_str));
        let help = match meant {
            Some(meant) => format!("{meant} It is one of {all}"),
            None => format!("it is one of {all}"),
        };
        Finding::error("setting-value", trail.path(), message)
            .label("no such value")
            .help(help)
    }

    fn list(
        &self,
        schema: &'a Json,
        items: &[Json],
        trail: &Trail<'_>,
        depth: usize,
        flaws: &mut Flaws,
    ) {
        self.size(
            schema,
            items.len(),
            ("minItems", "maxItems"),
            "item",
            trail,
            flaws,
        );
        let first = schema.get("prefixItems").and_then(Json::as_array);
        let first: &'a [Json] = first.map_or(&[], Vec::as_slice);
        let rest = schema.get("items");
        for (index, item) in items.iter().enumerate() {
            if let Some(schema) = first.get(index).or(rest) {
                let below = Trail::Index(trail, index);
                flaws.part(|flaws| self.value(schema, item, &below, depth + 1, flaws));
            }
        }
    }

    fn map(
        &self,
        schema: &'a Json,
        map: Entries<'_>,
        trail: &Trail<'_>,
        depth: usize,
        flaws: &mut Flaws,
    ) {
        if depth > DEEPEST {
            return;
        }
        let keys = Keys::of(self, schema);
        self.size(
            schema,
            map.len(),
            ("minProperties", "maxProperties"),
            "entry",
            trail,
            flaws,
        );
        let mut meant = Vec::new();
        for (key, value) in map.iter() {
            let below = Trail::Key(trail, key);
            if let Some(schema) = keys.schema_of(self, key) {
                flaws.part(|flaws| self.value(schema, value, &below, depth + 1, flaws));
            } else if keys.closed {
                let known: Vec<&str> = keys.known().collect();
                meant.extend(self.suggest.closest(key, known.iter().copied()));
                flaws.add(PART, || self.unknown(key, &known, &below));
            } else if depth == 0 && !keys.is_open(self) {
                let known: Vec<&str> = keys.known().collect();
                flaws.add(1, || self.ignored(key, &known, &below));
            }
        }
        for name in keys.required() {
            // A misspelt setting is not missing as well.
            if map.get(name).is_none() && !meant.contains(&name) {
                flaws.add(PART, || self.missing(schema, name, trail));
            }
        }
    }

    fn unknown(&self, key: &str, known: &[&str], trail: &Trail<'_>) -> Finding {
        let whole = trail.name();
        let owner = match whole.strip_suffix(key).map(|up| up.trim_end_matches('.')) {
            Some(up) if !up.is_empty() => up,
            _ => self.node,
        };
        let help = if owner == self.node && STEP_KEYS.contains(&key) {
            Some(format!(
                "`{key}` is a part of the step: write it beside `use`, not inside `with`"
            ))
        } else if known.is_empty() {
            Some(format!("`{owner}` has no settings"))
        } else {
            let all = format!("`{owner}` has {}", listed(known.iter().copied()));
            let meant = self.suggest.did_you_mean(key, known.iter().copied());
            Some(meant.unwrap_or(all))
        };
        Finding::error(
            "unknown-setting",
            trail.path(),
            format!("`{owner}` has no setting `{key}`"),
        )
        .at_key()
        .label("not known")
        .help(help)
    }

    fn ignored(&self, key: &str, known: &[&str], trail: &Trail<'_>) -> Finding {
        let message = format!("`{}` has no setting `{key}`, so it is ignored", self.node);
        Finding::warning("unknown-setting", trail.path(), message)
            .at_key()
            .label("ignored")
            .help(self.suggest.did_you_mean(key, known.iter().copied()))
    }

    fn missing(&self, schema: &Json, name: &str, trail: &Trail<'_>) -> Finding {
        let at = trail.name();
        let owner = if at.is_empty() { self.node } else { &at };
        let about = schema
            .get("properties")
            .and_then(|all| all.get(name)?.get("description")?.as_str())
            .and_then(|text| text.lines().next());
        let wants = schema
            .get("properties")
            .and_then(|all| all.get(name))
            .map(|schema| wanted(self.root, schema))
            .filter(|wanted| wanted != "another value");
        let help = match (about, wants) {
            (Some(about), Some(wants)) => Some(format!("`{name}` is {wants}: {about}")),
            (Some(about), None) => Some(format!("`{name}`: {about}")),
            (None, Some(wants)) => Some(format!("`{name}` is {wants}")),
            (None, None) => None,
        };
        Finding::error(
            "missing-setting",
            trail.path(),
            format!("`{owner}` needs the setting `{name}`"),
        )
        .at_key()
        .label(format!("`{name}` is missing"))
        .help(help)
    }

    fn scalar(&self, schema: &Json, value: &Json, trail: &Trail<'_>, flaws: &mut Flaws) {
        if let Some(text) = as_text(value).filter(|_| types(schema).contains(&"string")) {
            self.text(schema, &text, trail, flaws);
        } else if let Some(number) = as_number(value) {
            self.number(schema, number, value, trail, flaws);
        }
    }

    fn text(&self, schema: &Json, text: &str, trail: &Trail<'_>, flaws: &mut Flaws) {
        let name = || trail.name();
        if schema.get("format").and_then(Json::as_str) == Some(DURATION)
            && let Err(error) = text.parse::<Span>()
        {
            flaws.add(PART, || {
                Finding::error(
                    "setting-format",
                    trail.path(),
                    format!("`{}`: {error}", name()),
                )
                .label("no duration")
            });
        }
        self.size(
            schema,
            text.chars().count(),
            ("minLength", "maxLength"),
            "character",
            trail,
            flaws,
        );
        if let Some(pattern) = schema.get("pattern").and_then(Json::as_str)
            && !self.matches(pattern, text)
        {
            flaws.add(PART, || {
                let message = format!("`{}` can't be `{}`", name(), shortened(text));
                Finding::error("setting-format", trail.path(), message)
                    .label("not of the right form")
                    .help(format!("it has to match the pattern `{pattern}`"))
            });
        }
    }

    fn number(
        &self,
        schema: &Json,
        number: f64,
        value: &Json,
        trail: &Trail<'_>,
        flaws: &mut Flaws,
    ) {
        let bound = |name: &str| schema.get(name).and_then(Json::as_f64);
        let wrong = if let Some(least) = bound("minimum").filter(|least| number < *least) {
            Some(format!("at least {least}"))
        } else if let Some(most) = bound("maximum").filter(|most| number > *most) {
            Some(format!("at most {most}"))
        } else if let Some(least) = bound("exclusiveMinimum").filter(|least| number <= *least) {
            Some(format!("more than {least}"))
        } else {
            bound("exclusiveMaximum")
                .filter(|most| number >= *most)
                .map(|most| format!("less than {most}"))
        };
        if let Some(wrong) = wrong {
            flaws.add(PART, || {
                let message = format!("`{}` is {wrong}, got {}", trail.name(), got(value));
                let range = match (bound("minimum"), bound("maximum")) {
                    (Some(least), Some(most)) => Some(format!("it goes from {least} to {most}")),
                    _ => None,
                };
                Finding::error("setting-range", trail.path(), message)
                    .label("out of range")
                    .help(range)
            });
        }
    }

    /// Bounds on how many `what` there are.
    fn size(
        &self,
        schema: &Json,
        size: usize,
        (least, most): (&str, &str),
        what: &str,
        trail: &Trail<'_>,
        flaws: &mut Flaws,
    ) {
        let bound = |name: &str| schema.get(name).and_then(Json::as_u64);
        let wanted = match (bound(least), bound(most)) {
            (Some(least), _) if (size as u64) < least => format!("at least {least}"),
            (_, Some(most)) if size as u64 > most => format!("at most {most}"),
            _ => return,
        };
        let wanted = match (wanted.ends_with(" 1"), what) {
            (true, _) => format!("{wanted} {what}"),
            (false, "entry") => format!("{wanted} entries"),
            (false, _) => format!("{wanted} {what}s"),
        };
        flaws.add(PART, || {
            let message = format!("`{}` has {wanted}, got {size}", trail.name());
            Finding::error("setting-range", trail.path(), message).label(wanted)
        });
    }

    fn matches(&self, pattern: &str, text: &str) -> bool {
        let mut patterns = self.patterns.borrow_mut();
        if !patterns.contains_key(pattern) {
            patterns.insert(pattern.to_owned(), Regex::new(pattern).ok());
        }
        match patterns.get(pattern) {
            Some(Some(regex)) => regex.is_match(text),
            // What can't be asked is not refused.
            _ => true,
        }
    }
}

/// Whether the engine reads `value` as a value of the JSON Schema type `name`.
fn is_of_type(value: &Json, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "string" => as_text(value).is_some(),
        "boolean" => match value {
            Json::String(text) => matches!(
                &**text,
                "true" | "True" | "TRUE" | "false" | "False" | "FALSE"
            ),
            other => other.is_boolean(),
        },
        "integer" => match value {
            Json::Number(number) => number.as_f64().is_some_and(|number| number.fract() == 0.0),
            Json::String(text) => text.trim().parse::<i128>().is_ok(),
            _ => false,
        },
        "number" => as_number(value).is_some(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    }
}

/// The engine takes numbers and booleans for text.
fn as_text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(_) | Json::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

fn as_number(value: &Json) -> Option<f64> {
    match value {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Whether the engine takes `value` for the literal `allowed`.
fn equal(allowed: &Json, value: &Json) -> bool {
    match (allowed, value) {
        (Json::Number(allowed), Json::String(text)) => text.trim().parse().ok() == allowed.as_f64(),
        (Json::Number(allowed), Json::Number(value)) => allowed.as_f64() == value.as_f64(),
        _ => allowed == value,
    }
}

#[cfg(test)]
mod tests;

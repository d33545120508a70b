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
use serde_json::Value as Json;

use super::{
    is_computed,
    report::Finding,
    suggest::Suggest,
    trail::Trail,
    wanted::{DEEPEST, alternatives, literals, target, types},
};
use crate::Catalogue;

mod bounds;
mod choice;
mod explain;
mod keys;

use bounds::{as_number, as_text, size};
use keys::{Entries, Keys};

/// Compiled patterns by their text; `None` for one that the regex crate does not know.
pub(super) type Patterns = RefCell<HashMap<String, Option<Regex>>>;

/// What every look at settings needs.
#[derive(Clone, Copy)]
pub(super) struct Settings<'a> {
    /// The node they are for.
    pub(super) node: &'a str,
    /// Its schema.
    pub(super) root: &'a Json,
    pub(super) suggest: &'a Suggest,
    pub(super) patterns: &'a Patterns,
    /// What knows the formats that nodes bring along.
    pub(super) catalogue: &'a dyn Catalogue,
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

    fn list(
        &self,
        schema: &'a Json,
        items: &[Json],
        trail: &Trail<'_>,
        depth: usize,
        flaws: &mut Flaws,
    ) {
        size(
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
        size(
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
            self.key_format(schema, key, &below, flaws);
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

    /// A key of which the schema says the format: the fields of a form.
    fn key_format(&self, schema: &Json, key: &str, trail: &Trail<'_>, flaws: &mut Flaws) {
        let format = schema
            .get("propertyNames")
            .and_then(|names| names.get("format"))
            .and_then(Json::as_str);
        if let Some(wrong) = format.and_then(|format| self.catalogue.misformed(format, key)) {
            flaws.add(PART, || {
                Finding::error("setting-format", trail.path(), wrong.message)
                    .label("not of the right form")
                    .help(wrong.help)
                    .at_key()
            });
        }
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

//! What differs between two values, place by place.

use std::collections::{BTreeMap, BTreeSet};

use casare_workflow::{
    Any, Value,
    value::{kind_name, pairs},
};
use minijinja::value::ValueKind;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    number::decimal_of,
    order::{folded, plain_number},
    path::KeyPath,
    written::written,
};
use crate::list::identity::identity;

/// Deeper values count as the same.
const DEEPEST: usize = 100;

/// What happened at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// It is in the second value alone.
    Added,
    /// It is in the first value alone.
    Removed,
    /// It is another one.
    Changed,
}

/// A place where two values differ.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Difference {
    /// The place: `customer.name`, `lines[2].total`; empty for the whole value.
    path: String,
    /// What happened there.
    kind: Kind,
    /// What the first value has there; none if nothing.
    before: Any,
    /// What the second value has there; none if nothing.
    after: Any,
}

/// How values are compared.
#[derive(Debug)]
pub(super) struct Comparison {
    /// Numbers that are no further apart are the same.
    pub(super) tolerance: f64,
    /// Places that don't count, in parts; `*` is any one part, `**` any number of them.
    pub(super) ignored: Vec<Vec<String>>,
    pub(super) ignore_case: bool,
    pub(super) ignore_order: bool,
    /// A number and the text that is written like it are the same, nothing and an empty text too.
    pub(super) loosely: bool,
    /// What makes two maps of lists the same item.
    pub(super) key: Option<KeyPath>,
    /// How many differences are listed; all are counted.
    pub(super) most: usize,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) differences: Vec<Difference>,
    pub(super) count: usize,
}

impl Comparison {
    /// Whatever differs between `a` and `b`.
    pub(super) fn compare(&self, a: &Value, b: &Value) -> Findings {
        let mut findings = Findings::default();
        self.at(&mut Vec::new(), Some(a), Some(b), &mut findings);
        findings
    }

    fn at(
        &self,
        path: &mut Vec<String>,
        a: Option<&Value>,
        b: Option<&Value>,
        found: &mut Findings,
    ) {
        if path.len() > DEEPEST || self.ignores(path) {
            return;
        }
        let (a, b) = match (a, b) {
            (Some(a), Some(b)) => (a, b),
            (a, b) => {
                let missing = a
                    .or(b)
                    .is_none_or(|value| value.is_none() || written(value).is_empty());
                if !(self.loosely && missing) {
                    self.add(path, a, b, found);
                }
                return;
            }
        };
        let list = |value: &Value| matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable);
        match (a.kind(), b.kind()) {
            (ValueKind::Map, ValueKind::Map) => self.maps(path, a, b, found),
            _ if list(a) && list(b) => self.lists(path, a, b, found),
            _ if self.same(a, b) => {}
            _ => self.add(path, Some(a), Some(b), found),
        }
    }

    fn maps(&self, path: &mut Vec<String>, a: &Value, b: &Value, found: &mut Findings) {
        let read = |map: &Value| -> Vec<(String, Value)> {
            pairs(map)
                .map(|(key, value)| (key.to_string(), value))
                .collect()
        };
        let (first, second) = (read(a), read(b));
        let others: BTreeMap<&str, &Value> = second
            .iter()
            .map(|(key, value)| (key.as_str(), value))
            .collect();
        let known: BTreeSet<&str> = first.iter().map(|(key, _)| key.as_str()).collect();
        for (key, value) in &first {
            path.push(key.clone());
            self.at(path, Some(value), others.get(key.as_str()).copied(), found);
            path.pop();
        }
        for (key, value) in second
            .iter()
            .filter(|(key, _)| !known.contains(key.as_str()))
        {
            path.push(key.clone());
            self.at(path, None, Some(value), found);
            path.pop();
        }
    }

    fn lists(&self, path: &mut Vec<String>, a: &Value, b: &Value, found: &mut Findings) {
        let read = |list: &Value| -> Vec<Value> {
            list.try_iter().map(Iterator::collect).unwrap_or_default()
        };
        let (first, second) = (read(a), read(b));
        if !self.ignore_order && self.key.is_none() {
            for index in 0..first.len().max(second.len()) {
                path.push(format!("[{index}]"));
                self.at(path, first.get(index), second.get(index), found);
                path.pop();
            }
            return;
        }
        let name = |item: &Value| match &self.key {
            Some(key) if item.kind() == ValueKind::Map => {
                identity(&key.get(item).unwrap_or_default(), self.ignore_case)
            }
            _ => identity(item, self.ignore_case),
        };
        // Several items can have one name: they are paired in order.
        let mut left: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, item) in second.iter().enumerate().rev() {
            left.entry(name(item)).or_default().push(index);
        }
        for (index, item) in first.iter().enumerate() {
            let other = left.get_mut(&name(item)).and_then(Vec::pop);
            path.push(format!("[{index}]"));
            self.at(path, Some(item), other.map(|other| &second[other]), found);
            path.pop();
        }
        let mut new: Vec<usize> = left.into_values().flatten().collect();
        new.sort_unstable();
        for index in new {
            path.push(format!("[{index}]"));
            self.at(path, None, second.get(index), found);
            path.pop();
        }
    }

    fn same(&self, a: &Value, b: &Value) -> bool {
        let number = |value: &Value| match value.as_str() {
            Some(text) if self.loosely => plain_number(text),
            None if value.is_number() => f64::try_from(value.clone()).ok(),
            _ => None,
        };
        if let (Some(x), Some(y)) = (number(a), number(b)) {
            // 1.1 and 1.2 are a tenth apart, whatever floats say.
            let apart = decimal_of(a)
                .zip(decimal_of(b))
                .and_then(|(x, y)| x.checked_sub(y));
            let apart = apart.map_or((x - y).abs(), |apart| super::number::to_float(apart.abs()));
            return apart <= self.tolerance || x == y;
        }
        match (a.as_str(), b.as_str()) {
            (Some(a), Some(b)) if self.ignore_case => folded(a.trim()) == folded(b.trim()),
            (Some(a), Some(b)) if self.loosely => a.trim() == b.trim(),
            (Some(a), Some(b)) => a == b,
            _ if self.loosely => written(a) == written(b),
            _ => kind_name(a) == kind_name(b) && identity(a, false) == identity(b, false),
        }
    }

    fn ignores(&self, path: &[String]) -> bool {
        self.ignored.iter().any(|pattern| matches(pattern, path))
    }

    fn add(&self, path: &[String], a: Option<&Value>, b: Option<&Value>, found: &mut Findings) {
        found.count += 1;
        if found.differences.len() >= self.most {
            return;
        }
        let value = |value: Option<&Value>| Any(value.cloned().unwrap_or_else(|| Value::from(())));
        found.differences.push(Difference {
            path: joined(path),
            kind: match (a, b) {
                (None, _) => Kind::Added,
                (_, None) => Kind::Removed,
                _ => Kind::Changed,
            },
            before: value(a),
            after: value(b),
        });
    }
}

fn joined(path: &[String]) -> String {
    let mut text = String::new();
    for part in path {
        if !(text.is_empty() || part.starts_with('[')) {
            text.push('.');
        }
        text.push_str(part);
    }
    text
}

/// The parts of a pattern: `lines[*].id` is `lines`, `[*]`, `id`.
pub(super) fn pattern(text: &str) -> Vec<String> {
    text.replace('[', ".[")
        .split('.')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

fn matches(pattern: &[String], path: &[String]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((part, rest)), _) if part == "**" => {
            matches(rest, path)
                || path
                    .split_first()
                    .is_some_and(|(_, path)| matches(pattern, path))
        }
        (Some((part, rest)), Some((name, path))) => {
            let fits = part == name || part == "*" || (part == "[*]" && name.starts_with('['));
            fits && matches(rest, path)
        }
        _ => false,
    }
}

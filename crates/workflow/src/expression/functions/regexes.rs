//! Regular expressions.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use minijinja::{Environment, Error};
use regex::{Captures, Regex, RegexBuilder};

use super::{Function, quoted, table, text::too_large, wrong};
use crate::{Value, expression::ops::MAX_TEXT};

pub(super) const FUNCTIONS: &[Function] = table! {"text", Filter:
    "regex_match(pattern)", "Whether the pattern occurs; `^…$` for the whole text.", r"'INV-0042' | regex_match('^INV-\\d+$')" => "true";
    "regex_find(pattern)", "The first place where the pattern occurs: its text, its group, or a map of its named groups; none if it does not.", r"'Total: 12 EUR' | regex_find('(?<amount>\\d+) (?<currency>[A-Z]+)')" => r#"{"amount":"12","currency":"EUR"}"#;
    "regex_find_all(pattern)", "All places where the pattern occurs.", r"'a1b22' | regex_find_all('\\d+')" => r#"["1","22"]"#;
    "regex_replace(pattern, to)", "With every place replaced; `$1` or `${name}` stand for groups.", r"'2026-11-23' | regex_replace('(\\d+)-(\\d+)-(\\d+)', '$3.$2.$1')" => r#""23.11.2026""#;
};

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_filter("regex_match", matches);
    environment.add_test("regex_match", matches);
    environment.add_filter("regex_find", find);
    environment.add_filter("regex_find_all", find_all);
    environment.add_filter("regex_replace", replace);
}

/// Compiled patterns; a workflow has few.
static COMPILED: LazyLock<Mutex<HashMap<String, Regex>>> = LazyLock::new(Mutex::default);

fn compiled(pattern: &str) -> Result<Regex, Error> {
    let mut known = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(regex) = known.get(pattern) {
        return Ok(regex.clone());
    }
    let regex = RegexBuilder::new(pattern)
        .size_limit(1 << 20)
        .dfa_size_limit(1 << 20)
        .build()
        .map_err(|error| {
            let lines = error.to_string();
            let reason = lines.lines().last().unwrap_or_default();
            let reason = reason.trim_start_matches("error: ");
            wrong(format!(
                "can't read the pattern {}: {reason}",
                quoted(pattern)
            ))
        })?;
    if known.len() >= 256 {
        known.clear();
    }
    known.insert(pattern.to_owned(), regex.clone());
    Ok(regex)
}

fn matches(text: Cow<'_, str>, pattern: &str) -> Result<bool, Error> {
    Ok(compiled(pattern)?.is_match(&text))
}

fn find(text: Cow<'_, str>, pattern: &str) -> Result<Value, Error> {
    let regex = compiled(pattern)?;
    Ok(regex
        .captures(&text)
        .map_or_else(|| Value::from(()), |found| found_value(&regex, &found)))
}

fn find_all(text: Cow<'_, str>, pattern: &str) -> Result<Vec<Value>, Error> {
    let regex = compiled(pattern)?;
    let all = regex.captures_iter(&text);
    Ok(all.map(|found| found_value(&regex, &found)).collect())
}

fn found_value(regex: &Regex, found: &Captures<'_>) -> Value {
    let group = |index: usize| {
        found
            .get(index)
            .map_or_else(|| Value::from(()), |group| Value::from(group.as_str()))
    };
    let named: Vec<(Value, Value)> = regex
        .capture_names()
        .enumerate()
        .filter_map(|(index, name)| name.map(|name| (Value::from(name), group(index))))
        .collect();
    match regex.captures_len() {
        _ if !named.is_empty() => Value::from_pairs(named),
        1 => group(0),
        2 => group(1),
        groups => (1..groups).map(group).collect(),
    }
}

fn replace(text: Cow<'_, str>, pattern: &str, to: &str) -> Result<String, Error> {
    let regex = compiled(pattern)?;
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for found in regex.captures_iter(&text) {
        let Some(whole) = found.get(0) else { continue };
        out.push_str(&text[done..whole.start()]);
        found.expand(to, &mut out);
        done = whole.end();
        if out.len() > MAX_TEXT {
            return Err(too_large());
        }
    }
    out.push_str(&text[done..]);
    Ok(out)
}

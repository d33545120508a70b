use std::{collections::HashMap, fs, path::Path};

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{
    Any, Value,
    value::{Stream, from_json, pairs, to_json},
};
use indexmap::IndexMap;
use minijinja::value::ValueKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{
    rules::{CompiledRule, Rule, is_empty, shown},
    schema::Schema,
};
use crate::list::items::Items;

/// Checks data against rules for its fields, or against a JSON Schema.
///
/// With `rules`, `value` is a map, or a list of maps (rows), of which each is checked. A field
/// inside another is written with a dot: `customer.email`. `rule` is one for the value itself.
/// With `schema` (or `schema_path`), the value is checked as a whole, or with `each` the items of
/// a list one by one; nothing is fetched from the addresses in a schema.
///
/// What breaks a rule is a *business* error: the data is wrong, not the machinery, and trying again
/// can't help. With `fail: false` the step succeeds and says what it found.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Validate {
    /// The data to check.
    value: Any,
    /// The rules of each field.
    #[serde(default)]
    rules: IndexMap<String, Rule>,
    /// A rule for the value itself, such as `{ type: email }`.
    rule: Option<Rule>,
    /// A JSON Schema, as a map or as a text in JSON.
    schema: Option<Any>,
    /// A file with a JSON Schema, in JSON.
    schema_path: Option<String>,
    /// Whether the schema is the one of each item of a list, rather than of the list.
    #[serde(default)]
    each: bool,
    /// Whether fields without a rule are allowed.
    #[serde(default = "yes")]
    other_fields: bool,
    /// Whether the step fails if a rule is broken.
    #[serde(default = "yes")]
    fail: bool,
    /// How many problems are listed at most; all are counted.
    #[serde(default = "hundred")]
    max_problems: usize,
}

fn yes() -> bool {
    true
}

fn hundred() -> usize {
    100
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Validated {
    /// Whether no rule is broken.
    valid: bool,
    /// What is wrong, in the order of the data.
    problems: Vec<Problem>,
    /// How many problems there are.
    count: usize,
    /// How many maps or values were checked.
    checked: usize,
}

/// One broken rule.
#[derive(Debug, Serialize, JsonSchema)]
struct Problem {
    /// Which item of the list, counted from 1; none if the value is no list.
    item: Option<usize>,
    /// The field, or the place inside the value; empty for the value itself.
    field: String,
    /// What is wrong with it.
    message: String,
    /// Its value.
    value: Any,
}

impl Problem {
    fn in_words(&self) -> String {
        let field = match self.field.as_str() {
            "" => String::new(),
            field => format!("`{field}` "),
        };
        match self.item {
            Some(item) => format!("row {item}: {field}{}", self.message),
            None => format!("{field}{}", self.message),
        }
    }
}

pub(super) fn node() -> Node {
    Node::action("data.validate", validate)
        .pure()
        .icon("list-checks")
        .fails(ErrorKind::NotFound, "The file with the schema is not there.")
        .fails(ErrorKind::Denied, "The file with the schema may not be read.")
        .fails(ErrorKind::Unavailable, "The disk that holds the schema does not answer.")
        .fails(
            ErrorKind::Business,
            "The data breaks a rule and `fail` is set: `error.details.problems` lists what is wrong.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: data.validate
  with:
    value: { number: INV-4711, total: 119.0, country: DE }
    rules:
      number: { required: true, pattern: 'INV-\d+' }
      total: { required: true, type: number, min: 0 }
      country: { one_of: [DE, FR, PL] }
";

async fn validate(cx: &StepContext, settings: Validate) -> Result<Validated, NodeError> {
    let path = settings.schema_path.as_deref().map(|path| cx.file(path));
    cx.blocking(move || {
        let fail = settings.fail;
        let schema = match (&settings.schema, path) {
            (None, None) => None,
            (Some(schema), None) => Some(Schema::new(&as_json(&schema.0)?)?),
            (None, Some(path)) => Some(Schema::new(&read_json(&path)?)?),
            _ => return Err(NodeError::invalid("give either `schema` or `schema_path`")),
        };
        let validated = check(settings, schema.as_ref())?;
        if validated.valid || !fail {
            return Ok(validated);
        }
        let words: Vec<String> = validated
            .problems
            .iter()
            .take(5)
            .map(Problem::in_words)
            .collect();
        let more = match validated.count - words.len() {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        let details = to_json(&casare_workflow::value::from_serialize(&validated));
        Err(
            NodeError::business(format!("the data is not valid: {}{more}", words.join("; ")))
                .with_details(details)
                .with_help(
                    "correct the data, or set `fail: false` to go on with the list of problems",
                ),
        )
    })
    .await
}

/// A schema as data; as a text it is JSON.
fn as_json(schema: &Value) -> Result<Json, NodeError> {
    match schema.as_str() {
        Some(text) => serde_json::from_str(text)
            .map_err(|error| NodeError::invalid(format!("setting `schema` is no JSON: {error}"))),
        None => Ok(to_json(schema)),
    }
}

fn read_json(path: &Path) -> Result<Json, NodeError> {
    let text = fs::read_to_string(path).map_err(|error| {
        NodeError::io(format_args!("could not read {}", path.display()), &error)
    })?;
    serde_json::from_str(&text)
        .map_err(|error| NodeError::invalid(format!("{} is no JSON: {error}", path.display())))
}

fn check(settings: Validate, schema: Option<&Schema>) -> Result<Validated, NodeError> {
    if settings.rules.is_empty() && settings.rule.is_none() && schema.is_none() {
        return Err(NodeError::invalid("there is nothing to check against")
            .with_help("give `rules`, `rule`, `schema` or `schema_path`"));
    }
    let rule = settings
        .rule
        .map(|rule| CompiledRule::new("", rule))
        .transpose()?;
    let has_fields = !settings.rules.is_empty();
    let rules = settings.rules.into_iter().map(|(field, rule)| {
        let rule = CompiledRule::new(&field, rule)?;
        Ok((field, rule))
    });
    let mut checker = Checker {
        rules: rules.collect::<Result<_, NodeError>>()?,
        other_fields: settings.other_fields,
        max_problems: settings.max_problems,
        seen: HashMap::new(),
        problems: Vec::new(),
        count: 0,
    };
    let value = settings.value.0;
    let mut checked = 1;
    if let Some(message) = rule.and_then(|rule| rule.problem(&value)) {
        checker.add(None, "", message, value.clone());
    }
    let is_list = matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable);
    let by_item = has_fields || settings.each;
    if let (Some(schema), false) = (schema, settings.each) {
        // What is checked as a whole is held as a whole.
        let whole = match value.downcast_object_ref::<Stream>() {
            Some(_) => Value::from(Items::of("value", value.clone())?.collect()?),
            None => value.clone(),
        };
        checker.by_schema(schema, &whole, None);
    }
    if is_list && by_item {
        checked = 0;
        let unreadable =
            |error| NodeError::invalid(format!("setting `value` can't be read: {error}"));
        for item in value.try_iter().map_err(unreadable)?.checked() {
            checked += 1;
            let item = item.map_err(unreadable)?;
            if let (Some(schema), true) = (schema, settings.each) {
                checker.by_schema(schema, &item, Some(checked));
            }
            if has_fields {
                checker.check(&item, Some(checked));
            }
        }
    } else if value.kind() == ValueKind::Map && has_fields {
        checker.check(&value, None);
    } else if by_item {
        return Err(NodeError::invalid(format!(
            "setting `value` is {}; a map or a list of maps is wanted",
            shown(&value)
        )));
    }
    Ok(Validated {
        valid: checker.count == 0,
        problems: checker.problems,
        count: checker.count,
        checked,
    })
}

struct Checker {
    rules: Vec<(String, CompiledRule)>,
    other_fields: bool,
    max_problems: usize,
    /// Values of unique fields, and the item that had each first.
    seen: HashMap<(usize, String), usize>,
    problems: Vec<Problem>,
    count: usize,
}

impl Checker {
    fn check(&mut self, map: &Value, item: Option<usize>) {
        if map.kind() != ValueKind::Map {
            let message = format!("is {}, not a map", shown(map));
            return self.add(item, "(row)", message, map.clone());
        }
        let mut found = Vec::new();
        for (index, (field, rule)) in self.rules.iter().enumerate() {
            let value = field_of(map, field);
            let mut message = rule.problem(&value);
            if let (None, Some(item), true) =
                (&message, item, rule.is_unique() && !is_empty(&value))
            {
                let first = *self.seen.entry((index, value.to_string())).or_insert(item);
                if first != item {
                    message = Some(format!("is {}, as in row {first}", shown(&value)));
                }
            }
            if let Some(message) = message {
                found.push((field.clone(), message, value));
            }
        }
        if !self.other_fields {
            for (key, value) in pairs(map) {
                let key = key.to_string();
                let below = format!("{key}.");
                if !self
                    .rules
                    .iter()
                    .any(|(field, _)| *field == key || field.starts_with(&below))
                {
                    found.push((key, "is not among the fields".to_owned(), value));
                }
            }
        }
        for (field, message, value) in found {
            self.add(item, &field, message, value);
        }
    }

    fn by_schema(&mut self, schema: &Schema, value: &Value, item: Option<usize>) {
        for violation in schema.violations(&to_json(value)) {
            self.add(
                item,
                &violation.path,
                violation.message,
                from_json(&violation.value),
            );
        }
    }

    fn add(&mut self, item: Option<usize>, field: &str, message: String, value: Value) {
        self.count += 1;
        if self.problems.len() < self.max_problems {
            self.problems.push(Problem {
                item,
                field: field.to_owned(),
                message,
                value: Any(if value.is_undefined() {
                    Value::from(())
                } else {
                    value
                }),
            });
        }
    }
}

/// The field of that very name, or else the one that its dots lead to.
fn field_of(map: &Value, field: &str) -> Value {
    let direct = map.get_attr(field).unwrap_or_default();
    if !direct.is_undefined() || !field.contains('.') {
        return direct;
    }
    field
        .split('.')
        .try_fold(map.clone(), |inner, part| {
            let next = inner.get_attr(part).unwrap_or_default();
            (!next.is_undefined()).then_some(next)
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use casare_workflow::value::{from_json, read_settings};
    use serde_json::json;

    use super::*;

    fn checked(settings: serde_json::Value) -> (bool, Vec<String>) {
        let settings = read_settings(from_json(&settings)).unwrap();
        let validated = check(settings, None).unwrap();
        (
            validated.valid,
            validated.problems.iter().map(Problem::in_words).collect(),
        )
    }

    #[test]
    fn rows_are_checked_one_by_one_and_against_each_other() {
        let (valid, problems) = checked(json!({
            "value": [
                { "id": 1, "customer": { "email": "ada@example.com" } },
                { "id": 1, "customer": {}, "note": "x" },
            ],
            "rules": {
                "id": { "required": true, "unique": true },
                "customer.email": { "required": true, "type": "email" },
            },
            "other_fields": false,
        }));

        assert!(!valid);
        assert_eq!(
            problems,
            [
                "row 2: `id` is `1`, as in row 1",
                "row 2: `customer.email` is missing",
                "row 2: `note` is not among the fields",
            ]
        );
    }

    #[test]
    fn a_map_that_meets_its_rules_is_valid() {
        let (valid, problems) = checked(json!({
            "value": { "a.b": 2, "tags": ["x"] },
            "rules": { "a.b": { "required": true, "min": 1 }, "tags": { "type": "list", "min_length": 1 } },
        }));

        assert!(valid, "{problems:?}");
    }
}

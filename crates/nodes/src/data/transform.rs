use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use indexmap::IndexMap;
use minijinja::value::ValueKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::path::KeyPath;
use crate::list::{formula::Formula, items::Items};

/// Sends a value, each item of a list, or fields of maps through filters, one after the other.
///
/// Steps are filters of expressions, such as `trim`, `upper`, `replace('-', '')`,
/// `parse_number('.', ',')`, `round(2)`, `split(';')`, `sort`, `from_json`, `regex_find('\d+')`.
/// Names of other tools are known too: `uppercase`, `lowercase`, `to_integer`, `to_float`,
/// `to_string`, `to_boolean`, `to_list`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Transform {
    /// The value.
    value: Any,
    /// The filters, in order.
    #[serde(default)]
    by: Vec<String>,
    /// Whether each item of a list goes through them, rather than the list; a stream stays one.
    #[serde(default)]
    each: bool,
    /// Filters for fields of a map, or of each map of a list: `{ name: [trim, title] }`.
    #[serde(default)]
    fields: IndexMap<String, Vec<String>>,
    /// More names that filters may use, such as `{ mark: "{{ vars.mark }}" }`.
    #[serde(default)]
    given: IndexMap<String, Any>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Transformed {
    /// What came out.
    result: Any,
}

pub(super) fn node() -> Node {
    Node::action("data.transform", transform)
        .pure()
        .icon("wand-sparkles")
        .fails(
            ErrorKind::NotFound,
            "A field to be set leads to an item that its list does not have.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: codes
  use: data.transform
  with: { value: ["  ab-12 ", "cd-3"], each: true, by: [trim, upper, "replace('-', '')"] }
- use: log.write
  with: { message: "{{ steps.codes.result | join(', ') }}" }
"#;

/// Longer pipelines are a mistake.
const MOST: usize = 100;

async fn transform(cx: &StepContext, settings: Transform) -> Result<Transformed, NodeError> {
    cx.blocking(move || {
        if settings.by.is_empty() && settings.fields.is_empty() {
            return Err(NodeError::invalid(
                "give `by` or `fields`: what is to be done?",
            ));
        }
        let pipeline = pipeline("by", &settings.by, &settings.given)?;
        let fields: Vec<(KeyPath, Option<Formula>)> = settings
            .fields
            .iter()
            .map(|(field, by)| {
                let path = KeyPath::new("fields", field)?;
                Ok((path, self::pipeline("fields", by, &settings.given)?))
            })
            .collect::<Result<_, NodeError>>()?;
        let is_list = matches!(
            settings.value.0.kind(),
            ValueKind::Seq | ValueKind::Iterable
        );
        let change = move |index: usize, item: Value| -> Result<Option<Value>, NodeError> {
            let mut item = item;
            for (field, formula) in &fields {
                if let (Some(value), Some(formula)) = (field.get(&item), formula) {
                    item = field.set(&item, formula.value(index, &value)?)?;
                }
            }
            match &pipeline {
                Some(formula) => formula.value(index, &item).map(Some),
                None => Ok(Some(item)),
            }
        };
        if !(settings.each || (is_list && !settings.fields.is_empty())) {
            let result = change(0, settings.value.0)?.unwrap_or_default();
            return Ok(Transformed {
                result: Any(result),
            });
        }
        let items = Items::of("value", settings.value.0)?;
        if items.is_stream() {
            return Ok(Transformed {
                result: Any(items.lazily("changed items", change)),
            });
        }
        let mut result = Vec::new();
        for (index, item) in items.iter()?.enumerate() {
            result.extend(change(index, item?)?);
        }
        Ok(Transformed {
            result: Any(Value::from(result)),
        })
    })
    .await
}

/// The filters as one expression.
fn pipeline(
    setting: &'static str,
    by: &[String],
    given: &IndexMap<String, Any>,
) -> Result<Option<Formula>, NodeError> {
    if by.len() > MOST {
        return Err(NodeError::invalid(format!(
            "setting `{setting}`: more than {MOST} filters"
        )));
    }
    if by.is_empty() {
        return Ok(None);
    }
    let filters: Vec<&str> = by.iter().map(|filter| known(filter.trim())).collect();
    if filters.iter().any(|filter| filter.is_empty()) {
        return Err(NodeError::invalid(format!(
            "setting `{setting}`: a filter is empty"
        )));
    }
    Formula::new(setting, &format!("item | {}", filters.join(" | ")), given).map(Some)
}

/// Filters by the names that other tools have for them.
fn known(name: &str) -> &str {
    match name {
        "uppercase" | "to_upper" => "upper",
        "lowercase" | "to_lower" => "lower",
        "to_integer" | "to_int" | "integer" => "int",
        "to_float" | "to_number" | "number" => "float",
        "to_string" | "to_text" | "text" => "string",
        "to_boolean" | "to_bool" | "boolean" => "bool",
        "to_list" => "list",
        other => other,
    }
}

//! What a run is given, converted to what the workflow declares.

use casare_workflow::{Input, InputKind, Workflow};
use serde_json::{Map, Value as Json};

/// The values of all inputs; missing ones have their default or are `null`.
///
/// # Errors
///
/// Every input that is missing, unknown, or can't be read as its kind, in one text.
pub(super) fn resolve(
    workflow: &Workflow,
    mut given: Map<String, Json>,
) -> Result<Map<String, Json>, String> {
    let mut inputs = Map::new();
    let mut wrong = Vec::new();
    for (name, input) in &workflow.inputs {
        let value = match given.remove(name) {
            Some(value) => convert(name, input, value),
            None => match &input.default {
                Some(default) => Ok(default.clone()),
                None if input.required => Err(format!(
                    "input `{name}` is missing; give it as `-i {name}=…`"
                )),
                None => Ok(Json::Null),
            },
        };
        match value {
            Ok(value) => {
                inputs.insert(name.clone(), value);
            }
            Err(error) => wrong.push(error),
        }
    }
    for name in given.keys() {
        let known: Vec<&str> = workflow.inputs.keys().map(String::as_str).collect();
        wrong.push(if known.is_empty() {
            format!("there is no input `{name}`; this workflow has none")
        } else {
            format!("there is no input `{name}`; inputs: {}", known.join(", "))
        });
    }
    if wrong.is_empty() {
        Ok(inputs)
    } else {
        Err(wrong.join("\n"))
    }
}

fn convert(name: &str, input: &Input, value: Json) -> Result<Json, String> {
    let refused =
        |wanted: &str, value: &Json| format!("input `{name}` has to be {wanted}, not `{value}`");
    let converted = match (input.kind, value) {
        (_, Json::Null) if input.required => return Err(format!("input `{name}` is empty")),
        (_, Json::Null) => Json::Null,
        (InputKind::Any, value) => value,
        (InputKind::Integer, value) => {
            let whole = match &value {
                Json::String(text) => text.trim().parse::<i64>().ok(),
                Json::Number(number) => number.as_i64().or_else(|| {
                    number
                        .as_f64()
                        .filter(|n| n.fract() == 0.0)
                        .map(|n| n as i64)
                }),
                _ => None,
            };
            whole
                .ok_or_else(|| refused("a whole number", &value))?
                .into()
        }
        (InputKind::Number, value) => {
            if value.is_number() {
                value
            } else {
                let text = value.as_str().unwrap_or_default().trim();
                match text.parse::<i64>() {
                    Ok(whole) => whole.into(),
                    Err(_) => text
                        .parse::<f64>()
                        .ok()
                        .filter(|number| number.is_finite())
                        .ok_or_else(|| refused("a number", &value))?
                        .into(),
                }
            }
        }
        (InputKind::Boolean, value) => match &value {
            Json::Bool(_) => value,
            Json::String(text) if text == "true" => true.into(),
            Json::String(text) if text == "false" => false.into(),
            _ => return Err(refused("true or false", &value)),
        },
        (InputKind::List, value) => {
            parsed(value, Json::is_array).map_err(|v| refused("a list, as JSON", &v))?
        }
        (InputKind::Map, value) => {
            parsed(value, Json::is_object).map_err(|v| refused("a map, as JSON", &v))?
        }
        (
            InputKind::String
            | InputKind::File
            | InputKind::Folder
            | InputKind::Date
            | InputKind::Credential,
            value,
        ) => match value {
            Json::String(_) => value,
            Json::Number(number) => number.to_string().into(),
            Json::Bool(flag) => flag.to_string().into(),
            value => return Err(refused("text", &value)),
        },
    };
    if !input.options.is_empty() && !converted.is_null() && !input.options.contains(&converted) {
        let options: Vec<String> = input.options.iter().map(Json::to_string).collect();
        return Err(format!(
            "input `{name}` has to be one of {}, not `{converted}`",
            options.join(", ")
        ));
    }
    Ok(converted)
}

fn parsed(value: Json, fits: fn(&Json) -> bool) -> Result<Json, Json> {
    if fits(&value) {
        return Ok(value);
    }
    match value
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok())
    {
        Some(read) if fits(&read) => Ok(read),
        _ => Err(value),
    }
}

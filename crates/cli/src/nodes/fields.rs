//! Settings and outputs, as manuals list them.

use serde_json::Value as Json;

/// A setting or an output.
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    /// What kind of value, in a few words.
    pub(super) kind: String,
    pub(super) required: bool,
    pub(super) default: Option<&'a Json>,
    /// What it means, on one line.
    pub(super) help: String,
}

/// The properties of an object schema.
pub(super) fn fields(schema: &Json) -> Vec<Field<'_>> {
    let Some(properties) = schema["properties"].as_object() else {
        return Vec::new();
    };
    let required: Vec<&str> = schema["required"]
        .as_array()
        .map(|names| names.iter().filter_map(Json::as_str).collect())
        .unwrap_or_default();
    properties
        .iter()
        .map(|(name, property)| Field {
            name,
            kind: kind_of(property, schema),
            required: required.contains(&name.as_str()),
            default: property.get("default").filter(|value| !value.is_null()),
            help: one_line(&description_of(property, schema)),
        })
        .collect()
}

/// What kind of value a schema accepts, in a few words.
fn kind_of(property: &Json, root: &Json) -> String {
    let property = resolve(property, root);
    if let Some(values) = property["enum"].as_array() {
        return values.iter().map(plain).collect::<Vec<_>>().join(" | ");
    }
    if let Some(value) = property.get("const") {
        return plain(value);
    }
    for alternatives in ["anyOf", "oneOf"] {
        if let Some(several) = property[alternatives].as_array() {
            let mut kinds: Vec<String> = Vec::new();
            for one in several.iter().filter(|one| one["type"] != "null") {
                let kind = kind_of(one, root);
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
            return kinds.join(" | ");
        }
    }
    match &property["type"] {
        Json::String(name) => kind_name(name, property, root),
        Json::Array(names) => {
            let names = names
                .iter()
                .filter_map(Json::as_str)
                .filter(|name| *name != "null");
            names
                .map(|name| kind_name(name, property, root))
                .collect::<Vec<_>>()
                .join(" | ")
        }
        _ => "any".to_owned(),
    }
}

fn kind_name(name: &str, property: &Json, root: &Json) -> String {
    match name {
        "string" => "text".to_owned(),
        "array" => match property.get("items").filter(|items| items.is_object()) {
            Some(items) => format!("list of {}", kind_of(items, root)),
            None => "list".to_owned(),
        },
        "object" => "map".to_owned(),
        other => other.to_owned(),
    }
}

fn resolve<'a>(property: &'a Json, root: &'a Json) -> &'a Json {
    match property["$ref"]
        .as_str()
        .and_then(|name| name.strip_prefix('#'))
    {
        Some(pointer) => root.pointer(pointer).unwrap_or(property),
        None => property,
    }
}

fn description_of(property: &Json, root: &Json) -> String {
    let own = property["description"].as_str();
    own.or_else(|| resolve(property, root)["description"].as_str())
        .unwrap_or_default()
        .to_owned()
}

fn plain(value: &Json) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

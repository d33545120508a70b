//! Settings of nodes, as their authors may write them: expressions stand wherever a value does.

use serde_json::{Map, Value as Json, json};

use crate::NodeSpec;

/// Adds the settings of `node` to `definitions`, under the node's name, and what they refer to
/// under the name and a dot.
pub(super) fn define(node: &NodeSpec, definitions: &mut Map<String, Json>) {
    let mut settings = node.settings.clone();
    if let Json::Object(map) = &mut settings {
        map.remove("$schema");
        map.remove("title");
        if let Some(Json::Object(own)) = map.remove("$defs") {
            for (name, mut schema) in own {
                lift(&mut schema, &node.name);
                open_to_expressions(&mut schema);
                definitions.insert(format!("{}.{name}", node.name), schema);
            }
        }
    } else {
        settings = json!({});
    }
    lift(&mut settings, &node.name);
    open_to_expressions(&mut settings);
    definitions.insert(node.name.to_string(), settings);
}

/// Whether a step can't do without `with`.
pub(super) fn has_required(node: &NodeSpec) -> bool {
    let required = node.settings.get("required").and_then(Json::as_array);
    required.is_some_and(|names| !names.is_empty())
}

/// Makes references into the schema's own `$defs` those of the whole.
fn lift(schema: &mut Json, node: &str) {
    match schema {
        Json::Object(map) => {
            for (key, value) in map {
                match value {
                    Json::String(place) if key == "$ref" => {
                        if let Some(name) = place.strip_prefix("#/$defs/") {
                            *place = format!("#/$defs/{node}.{name}");
                        } else if place == "#" {
                            *place = format!("#/$defs/{node}");
                        }
                    }
                    // Data, not schemas.
                    _ if matches!(key.as_str(), "const" | "enum" | "default" | "examples") => {}
                    _ => lift(value, node),
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| lift(item, node)),
        _ => {}
    }
}

/// Lets text with an expression stand for every value inside `schema`.
fn open_to_expressions(schema: &mut Json) {
    let Json::Object(map) = schema else {
        return;
    };
    for key in ["properties", "patternProperties"] {
        if let Some(Json::Object(properties)) = map.get_mut(key) {
            properties.values_mut().for_each(open_value);
        }
    }
    for key in ["items", "additionalProperties", "unevaluatedProperties"] {
        if let Some(inner) = map.get_mut(key) {
            open_value(inner);
        }
    }
    for key in ["prefixItems"] {
        if let Some(Json::Array(items)) = map.get_mut(key) {
            items.iter_mut().for_each(open_value);
        }
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        if let Some(Json::Array(branches)) = map.get_mut(key) {
            branches.iter_mut().for_each(open_to_expressions);
        }
    }
}

/// A place for a value: what it took before, or an expression.
fn open_value(schema: &mut Json) {
    open_to_expressions(schema);
    let Json::Object(map) = schema else {
        return;
    };
    let constrains = |key: &&str| map.contains_key(*key);
    let is_open = ![
        "type", "enum", "$ref", "anyOf", "oneOf", "allOf", "not", "const",
    ]
    .iter()
    .any(constrains);
    // What tells the branches of a `oneOf` apart has to stay apart.
    let tells_apart = map.contains_key("const");
    if is_open || tells_apart {
        return;
    }
    let bounds = ["enum", "format", "pattern", "minLength", "maxLength"];
    let is_any_text = map.get("type") == Some(&json!("string")) && !bounds.iter().any(constrains);
    if is_any_text {
        // A number or boolean where text is wanted is taken as its text.
        map.insert("type".to_owned(), json!(["string", "number", "boolean"]));
        return;
    }
    let mut outer = Map::new();
    for key in [
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "writeOnly",
    ] {
        if let Some(value) = map.remove(key) {
            outer.insert(key.to_owned(), value);
        }
    }
    let inner = Json::Object(std::mem::take(map));
    outer.insert(
        "anyOf".to_owned(),
        json!([inner, { "$ref": "#/$defs/expression" }]),
    );
    *map = outer;
}

//! The manual of one node, for a terminal.

use std::fmt::Write as _;

use casare_workflow::{BlockShape, Effect, NodeSpec};
use serde_json::Value as Json;

use crate::terminal::{Cell, Paint, table};

/// What the node does, its settings, outputs, blocks and an example.
pub(crate) fn manual(spec: &NodeSpec, paint: Paint) -> String {
    let mut text = format!("{}\n\n{}\n", paint.bold(&spec.name), spec.help.trim());
    section(
        &mut text,
        paint,
        "Settings",
        &fields(&spec.settings, true, paint),
    );
    section(
        &mut text,
        paint,
        "Outputs",
        &fields(&spec.outputs, false, paint),
    );
    section(&mut text, paint, "Blocks", &blocks(spec, paint));
    let effect = match spec.effect {
        Effect::Pure => "pure: a resumed run may do it again",
        Effect::Once => "once: never repeated on its own after it may have happened",
        Effect::Live => "live: opened again when a run is resumed",
    };
    section(&mut text, paint, "Effect", &format!("  {effect}\n"));
    let mut example = String::new();
    for line in spec.example.lines() {
        let _ = writeln!(example, "  {line}");
    }
    section(&mut text, paint, "Example", &example);
    text
}

fn section(text: &mut String, paint: Paint, title: &str, content: &str) {
    if !content.is_empty() {
        let _ = write!(text, "\n{}\n{content}", paint.bold(title));
    }
}

/// The properties of an object schema, one a line; what is `given` may be required.
fn fields(schema: &Json, given: bool, paint: Paint) -> String {
    let Some(properties) = schema["properties"].as_object() else {
        return String::new();
    };
    let required: Vec<&str> = schema["required"]
        .as_array()
        .map(|names| names.iter().filter_map(Json::as_str).collect())
        .unwrap_or_default();
    let rows: Vec<Vec<Cell>> = properties
        .iter()
        .map(|(name, property)| {
            let mut kind = kind_of(property, schema);
            if given && required.contains(&name.as_str()) {
                kind.push_str(", required");
            } else if let Some(default) = property.get("default").filter(|value| !value.is_null()) {
                let _ = write!(kind, ", default {default}");
            }
            vec![
                Cell::new(&format!("  {name}"), |name| paint.cyan(name)),
                Cell::new(&kind, |kind| paint.dim(kind)),
                one_line(&description_of(property, schema)).into(),
            ]
        })
        .collect();
    table(&rows)
}

fn blocks(spec: &NodeSpec, paint: Paint) -> String {
    let rows: Vec<Vec<Cell>> = spec
        .blocks
        .iter()
        .map(|block| {
            let shape = match block.shape {
                BlockShape::List => "steps".to_owned(),
                BlockShape::Named => "steps by name".to_owned(),
                BlockShape::ListOrNamed(names) => {
                    format!("steps, or steps by {}", names.join(", "))
                }
            };
            let required = if block.required { ", required" } else { "" };
            vec![
                Cell::new(&format!("  {}", block.name), |name| paint.cyan(name)),
                Cell::new(&format!("{shape}{required}"), |shape| paint.dim(shape)),
                block.summary.into(),
            ]
        })
        .collect();
    table(&rows)
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

//! The published JSON Schema of a workflow file.
//!
//! Draft 2020-12, for completion and hints in editors. It says which settings and blocks each node
//! takes; what goes beyond shape (names in scope, order of steps) is [`mod@crate::check`]'s.

use serde_json::{Map, Value as Json, json};

use crate::{
    BlockShape, BlockSpec, Catalogue, NodeSpec,
    format::{INPUT_KINDS, ON_ERROR, ON_RESUME},
};

mod settings;

/// The JSON Schema of a workflow over the nodes of `catalogue`.
pub fn workflow_schema(catalogue: &dyn Catalogue) -> Json {
    let nodes = catalogue.nodes();
    let mut definitions = fixed_definitions();
    for node in &nodes {
        settings::define(node, &mut definitions);
    }
    definitions.insert("step".to_owned(), step(&nodes));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Casare workflow",
        "description": "A tree of steps that a robot does.",
        "type": "object",
        "required": ["casare", "steps"],
        "additionalProperties": false,
        "properties": {
            "casare": { "const": 1, "description": "Version of the file format." },
            "name": { "type": "string", "minLength": 1, "description": "What people call it; also names its runs." },
            "description": { "type": "string", "description": "What it is for." },
            "inputs": {
                "type": "object",
                "description": "What a run has to be given.",
                "propertyNames": { "$ref": "#/$defs/identifier" },
                "additionalProperties": { "$ref": "#/$defs/input" },
            },
            "variables": {
                "type": "object",
                "description": "Variables and their values at the start; `vars.name` reads them.",
                "propertyNames": { "$ref": "#/$defs/identifier" },
            },
            "env": {
                "description": "Environment variables that expressions may read as `env.NAME`.",
                "anyOf": [
                    { "$ref": "#/$defs/identifier" },
                    { "type": "array", "items": { "$ref": "#/$defs/identifier" } },
                ],
            },
            "limits": { "$ref": "#/$defs/limits" },
            "steps": { "$ref": "#/$defs/steps", "description": "What is done, in order." },
            "outputs": { "type": "object", "description": "What a run answers, by name." },
        },
        "$defs": definitions,
    })
}

/// What does not depend on the nodes.
fn fixed_definitions() -> Map<String, Json> {
    let kinds: Vec<&str> = INPUT_KINDS.iter().map(|(name, _)| *name).collect();
    let duration = json!({ "$ref": "#/$defs/duration" });
    let definitions = json!({
        "steps": { "type": "array", "items": { "$ref": "#/$defs/step" } },
        "identifier": { "type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" },
        "expression": {
            "type": "string",
            "pattern": "\\{\\{|\\{%",
            "description": "Text with an expression: `{{ … }}`.",
        },
        "duration": {
            "anyOf": [{ "type": "string", "pattern": "^\\s*[0-9]" }, { "const": 0 }],
            "description": "A duration such as `30s`, `5m`, `1h30m` or `250ms`.",
        },
        "limits": {
            "type": "object",
            "description": "Bounds of a run, where they differ from the defaults.",
            "additionalProperties": false,
            "properties": {
                "passes": { "type": "integer", "minimum": 1, "description": "Passes of one loop (default 1,000,000)." },
                "inline_output": {
                    "description": "Size of one step's output that is kept inline (default 16MiB); more becomes an artifact.",
                    "anyOf": [
                        { "type": "integer", "minimum": 0 },
                        { "type": "string", "pattern": "^\\s*[0-9]+\\s*([kKMGT]i?)?[bB]\\s*$" },
                    ],
                },
                "run_time": described(&duration, "Time a run may take in all."),
                "grace": described(&duration, "Time for clean-up after a cancellation (default 30s)."),
            },
        },
        "input": {
            "anyOf": [
                { "enum": kinds },
                {
                    "type": "object",
                    "additionalProperties": false,
                    "properties": {
                        "type": { "enum": kinds, "description": "What kind of value is accepted." },
                        "default": { "description": "The value when none is given." },
                        "required": { "type": "boolean", "description": "Whether a run without a value is refused." },
                        "description": { "type": "string", "description": "What it is, for people." },
                        "options": { "type": "array", "description": "The only values that are accepted." },
                    },
                },
            ],
        },
        "retry": {
            "type": "object",
            "description": "Whether and how to try again.",
            "additionalProperties": false,
            "properties": {
                "attempts": { "type": "integer", "minimum": 1, "description": "Attempts in all (default 3)." },
                "delay": described(&duration, "Wait before the second attempt (default 1s)."),
                "backoff": { "type": "number", "minimum": 1, "description": "What the wait is multiplied by after each attempt (default 2)." },
                "max_delay": described(&duration, "The longest wait (default 60s)."),
                "jitter": { "type": "boolean", "description": "Whether a random time, at most as long again, is added to the wait (default true)." },
                "on": {
                    "description": "Kinds of error that are tried again; without it, those that say a retry can help.",
                    "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
                },
            },
        },
    });
    match definitions {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

fn described(schema: &Json, description: &str) -> Json {
    let mut schema = schema.clone();
    schema["description"] = description.into();
    schema
}

/// A step: what all have, and what each node adds.
fn step(nodes: &[&NodeSpec]) -> Json {
    let names: Vec<&str> = nodes.iter().map(|node| &*node.name).collect();
    let summaries: Vec<&str> = nodes.iter().map(|node| node.summary.as_str()).collect();
    let on_error: Vec<&str> = ON_ERROR.iter().map(|(name, _)| *name).collect();
    let on_resume: Vec<&str> = ON_RESUME.iter().map(|(name, _)| *name).collect();
    json!({
        "type": "object",
        "required": ["use"],
        "properties": {
            "use": {
                "description": "The node.",
                "enum": names,
                // Not of the standard, but shown by editors beside each name.
                "markdownEnumDescriptions": summaries,
            },
            "id": { "$ref": "#/$defs/identifier", "description": "Name under which other steps see its outputs: `steps.<id>.<output>`." },
            "name": { "type": "string", "description": "What people read instead of the node's name." },
            "with": { "type": "object", "description": "Settings of the node." },
            "when": {
                "description": "The step is skipped unless this is true.",
                "type": ["boolean", "string"],
            },
            "retry": { "$ref": "#/$defs/retry" },
            "timeout": { "$ref": "#/$defs/duration", "description": "Time one attempt may take." },
            "on_error": { "enum": on_error, "description": "What a failure does to the run." },
            "on_resume": { "enum": on_resume, "description": "What a resumed run does when it can't know whether this step happened." },
            "disabled": { "type": "boolean", "description": "Skipped as if it was not there." },
            "note": { "type": "string", "description": "A remark for people." },
        },
        "allOf": nodes.iter().map(|node| of_node(node)).collect::<Vec<_>>(),
        "unevaluatedProperties": false,
    })
}

/// The settings and blocks of a step that uses `node`.
fn of_node(node: &NodeSpec) -> Json {
    let mut properties = Map::new();
    let with = json!({ "$ref": format!("#/$defs/{}", node.name), "description": node.summary });
    properties.insert("with".to_owned(), with);
    let mut required: Vec<&str> = Vec::new();
    if settings::has_required(node) {
        required.push("with");
    }
    for spec in &node.blocks {
        properties.insert(spec.name.to_owned(), block(spec));
        if spec.required {
            required.push(spec.name);
        }
    }
    json!({
        "if": { "properties": { "use": { "const": node.name } }, "required": ["use"] },
        "then": { "properties": properties, "required": required },
    })
}

fn block(spec: &BlockSpec) -> Json {
    let steps = json!({ "$ref": "#/$defs/steps" });
    let mut schema = match &spec.shape {
        BlockShape::List => steps,
        BlockShape::Named => json!({ "type": "object", "additionalProperties": steps }),
        BlockShape::ListOrNamed(names) => {
            let lists = names.iter().map(|name| ((*name).to_owned(), steps.clone()));
            let lists: Map<String, Json> = lists.collect();
            let named =
                json!({ "type": "object", "properties": lists, "additionalProperties": false });
            json!({ "anyOf": [steps, named] })
        }
    };
    schema["description"] = spec.summary.into();
    schema
}

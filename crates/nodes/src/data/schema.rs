//! JSON Schema, as `data.validate` uses it: without reading anything from elsewhere, and with
//! patterns that take time in proportion to the text.

use casare_engine::NodeError;
use jsonschema::{PatternOptions, Validator};
use serde_json::Value as Json;

/// Larger schemas are a mistake.
const LARGEST: usize = 4 * 1024 * 1024;

/// A schema, ready to be asked.
pub(super) struct Schema(Validator);

/// What is wrong, and where.
pub(super) struct Violation {
    /// The place: `customer.email`, `lines[2]`; empty for the whole value.
    pub(super) path: String,
    pub(super) message: String,
    pub(super) value: Json,
}

impl Schema {
    /// Reads a schema; one without `$schema` is of draft 2020-12.
    pub(super) fn new(schema: &Json) -> Result<Self, NodeError> {
        let wrong = |why: String| {
            NodeError::invalid(format!("setting `schema`: {why}"))
                .with_help("a JSON Schema is a map such as `{ type: object, required: [number] }`")
        };
        if !(schema.is_object() || schema.is_boolean()) {
            return Err(wrong("it is no JSON Schema".to_owned()));
        }
        if schema.to_string().len() > LARGEST {
            return Err(wrong("it is larger than 4 MiB".to_owned()));
        }
        jsonschema::options()
            .offline()
            .should_validate_formats(true)
            .with_pattern_options(PatternOptions::regex())
            .build(schema)
            .map(Self)
            .map_err(|error| {
                let at = place(&error.instance_path().to_string());
                let at = if at.is_empty() {
                    at
                } else {
                    format!("`{at}`: ")
                };
                wrong(format!("{at}{error}"))
            })
    }

    /// What is wrong with `value`.
    pub(super) fn violations<'a>(
        &'a self,
        value: &'a Json,
    ) -> impl Iterator<Item = Violation> + 'a {
        self.0.iter_errors(value).map(|error| {
            let message = error.to_string();
            let short: String = message.chars().take(300).collect();
            Violation {
                path: place(&error.instance_path().to_string()),
                message: if short.len() < message.len() {
                    format!("{short}…")
                } else {
                    short
                },
                value: error.instance().clone().into_owned(),
            }
        })
    }
}

/// `/lines/2/total` as people write it: `lines[2].total`.
fn place(pointer: &str) -> String {
    let mut path = String::new();
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        if !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()) {
            path.extend(["[", &part, "]"]);
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&part);
        }
    }
    path
}

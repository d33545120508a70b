use casare_engine::NodeError;
use jsonschema::Validator;
use serde_json::{Map, Value as Json};

use super::definition::{Definition, Fault};

/// How many violations are told.
const MOST_TOLD: usize = 5;

/// What a step gives and what the node answers.
pub(super) struct Contract {
    settings: Validator,
    outputs: Validator,
    /// Values of settings that a step leaves out.
    defaults: Map<String, Json>,
    /// Settings that take the name of a credential.
    pub(super) credentials: Vec<String>,
}

impl Contract {
    pub(super) fn of(definition: &Definition) -> Result<Self, Fault> {
        let properties = definition.settings["properties"].as_object();
        let with = |found: fn(&Json) -> Option<&Json>| -> Map<String, Json> {
            properties
                .into_iter()
                .flatten()
                .filter_map(|(name, schema)| Some((name.clone(), found(schema)?.clone())))
                .collect()
        };
        Ok(Self {
            settings: validator("settings", &definition.settings)?,
            outputs: validator("outputs", &definition.outputs)?,
            defaults: with(|schema| schema.get("default")),
            credentials: with(|schema| {
                schema
                    .get("format")
                    .filter(|format| *format == "credential")
            })
            .into_iter()
            .map(|(name, _)| name)
            .collect(),
        })
    }

    /// The settings with their defaults, checked.
    pub(super) fn settings(&self, given: Json) -> Result<Json, NodeError> {
        let mut settings = self.defaults.clone();
        if let Json::Object(given) = given {
            // A setting that is none counts as left out, as in built-in nodes.
            settings.extend(given.into_iter().filter(|(_, value)| !value.is_null()));
        }
        let settings = Json::Object(settings);
        match violations(&self.settings, &settings) {
            None => Ok(settings),
            Some(told) => Err(NodeError::invalid(format!("settings: {told}"))),
        }
    }

    /// What the node answered, checked.
    pub(super) fn outputs(&self, outputs: Json) -> Result<Json, NodeError> {
        match violations(&self.outputs, &outputs) {
            None => Ok(outputs),
            Some(told) => Err(NodeError::bug(format!(
                "the node answered something else than it declares: {told}"
            ))
            .with_help("mend its script, or `outputs` of its definition")),
        }
    }
}

fn validator(key: &str, schema: &Json) -> Result<Validator, Fault> {
    jsonschema::validator_for(schema).map_err(|error| {
        let path = format!("{key}{}", error.instance_path());
        Fault::at(&path, format!("this is no JSON Schema: {error}"))
    })
}

fn violations(validator: &Validator, value: &Json) -> Option<String> {
    let told: Vec<String> = validator
        .iter_errors(value)
        .take(MOST_TOLD)
        .map(|error| {
            let path = error.instance_path().to_string();
            match path.trim_start_matches('/') {
                "" => error.to_string(),
                path => format!("`{}`: {error}", path.replace('/', ".")),
            }
        })
        .collect();
    (!told.is_empty()).then(|| told.join("; "))
}

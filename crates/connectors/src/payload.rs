//! Values, as steps have them and as servers keep them: bytes.

use base64::{Engine, engine::general_purpose::STANDARD};
use casare_engine::NodeError;
use casare_workflow::{Any, Value};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

/// What is made of what a server holds.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    /// Text.
    #[default]
    Text,
    /// The data that JSON text stands for.
    Json,
    /// The bytes, as base64 text.
    Base64,
}

impl Form {
    /// What `bytes` are in this form; `what` names them in errors.
    pub(crate) fn read(self, what: &str, bytes: Vec<u8>) -> Result<Any, NodeError> {
        let unfit = |why: String, help: &str| {
            NodeError::invalid(format!("{what} is {why}")).with_help(help)
        };
        let value = match self {
            Self::Base64 => Value::from(STANDARD.encode(bytes)),
            Self::Text => Value::from(
                String::from_utf8(bytes)
                    .map_err(|_| unfit("no UTF-8 text".to_owned(), "read it with `as: base64`"))?,
            ),
            Self::Json => {
                let json: Json = serde_json::from_slice(&bytes).map_err(|error| {
                    unfit(format!("no JSON: {error}"), "read it with `as: text`")
                })?;
                casare_workflow::value::from_serialize(json)
            }
        };
        Ok(Any(value))
    }
}

/// What is stored for a value: text as it is, numbers as their digits, all else as JSON.
pub(crate) fn stored(value: &Any) -> Result<Vec<u8>, NodeError> {
    if let Some(text) = value.0.as_str() {
        return Ok(text.as_bytes().to_vec());
    }
    serde_json::to_vec(&value.0).map_err(|error| {
        NodeError::invalid(format!("the value can't be stored: {error}"))
            .with_help("give a text, a number, or data")
    })
}

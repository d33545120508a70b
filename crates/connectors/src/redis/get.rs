use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use redis::cmd;
use schemars::JsonSchema;
use serde::Serialize;

use super::settings::redis_settings;
use crate::payload::Form;

redis_settings! {
    /// Reads the value of a key.
    pub(super) struct Get {
        /// The key.
        key: String,
        /// What the value is read as.
        #[serde(default, rename = "as")]
        form: Form,
    }
}

/// The value.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Got {
    /// The value; none if there is no such key.
    value: Option<Any>,
    /// Whether there is such a key.
    exists: bool,
}

pub(super) fn node() -> Node {
    Node::action("redis.get", get)
        .pure()
        .icon("database")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: redis.set
  with: { server: "redis://redis.example.com:6379/0", key: "rate:EUR", value: 1.08, ttl: 1h }
- id: rate
  use: redis.get
  with: { server: "redis://redis.example.com:6379/0", key: "rate:EUR", as: json }
- use: log.write
  with: { message: "{{ steps.rate.value * 2 }}" }
"#;

async fn get(cx: &StepContext, settings: Get) -> Result<Got, NodeError> {
    let mut command = cmd("GET");
    command.arg(&settings.key);
    let bytes: Option<Vec<u8>> = settings.server().ask(cx, &command).await?;
    let value = match bytes {
        Some(bytes) => Some(
            settings
                .form
                .read(&format!("the value of `{}`", settings.key), bytes)?,
        ),
        None => None,
    };
    Ok(Got {
        exists: value.is_some(),
        value,
    })
}

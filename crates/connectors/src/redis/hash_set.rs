use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use indexmap::IndexMap;
use redis::cmd;
use schemars::JsonSchema;
use serde::Serialize;

use super::settings::redis_settings;
use crate::payload::stored;

redis_settings! {
    /// Writes fields of a hash; others stay as they are.
    pub(super) struct HashSet {
        /// The hash's key.
        key: String,
        /// The values by field. Text is stored as it is, all else as JSON.
        values: IndexMap<String, Any>,
    }
}

/// What was new.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Written {
    /// How many of the fields were not there before.
    added: u64,
}

pub(super) fn node() -> Node {
    Node::action("redis.hash_set", hash_set)
        .pure()
        .icon("braces")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: redis.hash_set
  with: { server: "redis://redis.example.com:6379/0", key: "customer:17", values: { name: Ada, orders: 3 } }
"#;

async fn hash_set(cx: &StepContext, settings: HashSet) -> Result<Written, NodeError> {
    if settings.values.is_empty() {
        return Ok(Written { added: 0 });
    }
    let mut command = cmd("HSET");
    command.arg(&settings.key);
    for (field, value) in &settings.values {
        command.arg(field).arg(stored(value)?);
    }
    let added = settings.server().ask(cx, &command).await?;
    Ok(Written { added })
}

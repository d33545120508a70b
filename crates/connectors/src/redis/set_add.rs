use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use redis::cmd;
use schemars::JsonSchema;
use serde::Serialize;

use super::settings::redis_settings;
use crate::payload::stored;

redis_settings! {
    /// Adds members to a set.
    pub(super) struct SetAdd {
        /// The set's key.
        key: String,
        /// The members.
        members: Vec<Any>,
    }
}

/// What changed.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Changed {
    /// How many of them were not in it before.
    added: u64,
}

pub(super) fn node() -> Node {
    Node::action("redis.set_add", set_add)
        .pure()
        .icon("circle-plus")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: redis.set_add
  with: { server: "redis://redis.example.com:6379/0", key: "seen", members: [17, 18] }
"#;

async fn set_add(cx: &StepContext, settings: SetAdd) -> Result<Changed, NodeError> {
    if settings.members.is_empty() {
        return Ok(Changed { added: 0 });
    }
    let mut command = cmd("SADD");
    command.arg(&settings.key);
    for member in &settings.members {
        command.arg(stored(member)?);
    }
    let added = settings.server().ask(cx, &command).await?;
    Ok(Changed { added })
}

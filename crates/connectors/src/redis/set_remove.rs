use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use redis::cmd;
use schemars::JsonSchema;
use serde::Serialize;

use super::settings::redis_settings;
use crate::payload::stored;

redis_settings! {
    /// Removes members from a set.
    pub(super) struct SetRemove {
        /// The set's key.
        key: String,
        /// The members.
        members: Vec<Any>,
    }
}

/// What changed.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Changed {
    /// How many of them were in it.
    removed: u64,
}

pub(super) fn node() -> Node {
    Node::action("redis.set_remove", set_remove)
        .pure()
        .icon("circle-minus")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: redis.set_remove
  with: { server: "redis://redis.example.com:6379/0", key: "seen", members: [17, 18] }
"#;

async fn set_remove(cx: &StepContext, settings: SetRemove) -> Result<Changed, NodeError> {
    if settings.members.is_empty() {
        return Ok(Changed { removed: 0 });
    }
    let mut command = cmd("SREM");
    command.arg(&settings.key);
    for member in &settings.members {
        command.arg(stored(member)?);
    }
    let removed = settings.server().ask(cx, &command).await?;
    Ok(Changed { removed })
}

use casare_engine::{Node, NodeError, StepContext};
use redis::cmd;
use schemars::JsonSchema;
use serde::Serialize;

use super::settings::{Names, redis_settings};

redis_settings! {
    /// Deletes keys and what they hold.
    pub(super) struct Delete {
        /// The key, or a list of keys.
        key: Names,
    }
}

/// What was there.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Deleted {
    /// How many of the keys were there.
    count: u64,
    /// Whether any was.
    deleted: bool,
}

pub(super) fn node() -> Node {
    Node::action("redis.delete", delete)
        .pure()
        .icon("trash-2")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: redis.delete
  with: { server: "redis://redis.example.com:6379/0", key: ["cart:17", "cart:18"] }
"#;

async fn delete(cx: &StepContext, settings: Delete) -> Result<Deleted, NodeError> {
    let mut count = 0;
    if !settings.key.all().is_empty() {
        let mut command = cmd("DEL");
        command.arg(settings.key.all());
        count = settings.server().ask(cx, &command).await?;
    }
    Ok(Deleted {
        count,
        deleted: count > 0,
    })
}

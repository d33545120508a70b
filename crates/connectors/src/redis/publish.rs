use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use redis::cmd;
use schemars::JsonSchema;
use serde::Serialize;

use super::settings::redis_settings;
use crate::payload::stored;

redis_settings! {
    /// Sends a message to all who listen to a channel now.
    pub(super) struct Publish {
        /// The channel.
        channel: String,
        /// The message. Text is sent as it is, all else as JSON.
        message: Any,
    }
}

/// Who heard it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Published {
    /// How many listened.
    receivers: u64,
}

pub(super) fn node() -> Node {
    Node::action("redis.publish", publish)
        .icon("megaphone")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: redis.publish
  with: { server: "redis://redis.example.com:6379/0", channel: "orders", message: { order: 17, state: paid } }
"#;

async fn publish(cx: &StepContext, settings: Publish) -> Result<Published, NodeError> {
    let mut command = cmd("PUBLISH");
    command
        .arg(&settings.channel)
        .arg(stored(&settings.message)?);
    let receivers = settings.server().ask(cx, &command).await?;
    Ok(Published { receivers })
}

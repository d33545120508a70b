use std::time::Duration;

use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Span;
use redis::cmd;
use schemars::JsonSchema;
use serde::Serialize;

use super::settings::redis_settings;

redis_settings! {
    /// Says when a key goes away by itself.
    pub(super) struct Expire {
        /// The key.
        key: String,
        /// After what time (`90s`, `24h`); if not set, the key stays for good.
        ttl: Option<Span>,
    }
}

/// Whether it happened.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Expires {
    /// Whether there is such a key.
    exists: bool,
}

pub(super) fn node() -> Node {
    Node::action("redis.expire", expire)
        .pure()
        .icon("timer")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: redis.expire
  with: { server: "redis://redis.example.com:6379/0", key: "cart:17", ttl: 30m }
"#;

async fn expire(cx: &StepContext, settings: Expire) -> Result<Expires, NodeError> {
    let server = settings.server();
    if let Some(ttl) = settings.ttl {
        let ttl: Duration = ttl.into();
        let mut command = cmd("PEXPIRE");
        command
            .arg(&settings.key)
            .arg(ttl.as_millis().max(1) as u64);
        let exists = server.ask(cx, &command).await?;
        return Ok(Expires { exists });
    }
    let mut command = cmd("PERSIST");
    command.arg(&settings.key);
    let _: bool = server.ask(cx, &command).await?;
    let mut command = cmd("EXISTS");
    command.arg(&settings.key);
    let exists = server.ask(cx, &command).await?;
    Ok(Expires { exists })
}

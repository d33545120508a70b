use std::collections::BTreeSet;

use casare_engine::{Node, NodeError, StepContext};
use redis::cmd;
use schemars::JsonSchema;
use serde::Serialize;

use super::settings::redis_settings;

redis_settings! {
    /// Lists the keys that match a pattern, without holding the server up.
    ///
    /// Keys that come or go meanwhile may or may not be listed.
    pub(super) struct Keys {
        /// Which keys are wanted: `*` is any text, `?` one character, `[ab]` one of these.
        #[serde(default = "anything")]
        pattern: String,
        /// After how many keys the step fails (10,000), so that a forgotten pattern fills no memory.
        #[serde(default = "most")]
        max_keys: usize,
    }
}

fn anything() -> String {
    "*".to_owned()
}

fn most() -> usize {
    10_000
}

/// The keys.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Found {
    /// The keys, sorted.
    keys: Vec<String>,
    /// How many there are.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("redis.keys", keys)
        .pure()
        .icon("list")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: carts
  use: redis.keys
  with: { server: "redis://redis.example.com:6379/0", pattern: "cart:*" }
- use: log.write
  with: { message: "{{ steps.carts.count }} carts" }
"#;

async fn keys(cx: &StepContext, settings: Keys) -> Result<Found, NodeError> {
    let server = settings.server();
    let mut keys = BTreeSet::new();
    let mut cursor = 0_u64;
    loop {
        let mut command = cmd("SCAN");
        command.arg(cursor).arg("MATCH").arg(&settings.pattern);
        command.arg("COUNT").arg(1000);
        let (next, found): (u64, Vec<Vec<u8>>) = server.ask(cx, &command).await?;
        keys.extend(
            found
                .iter()
                .map(|key| String::from_utf8_lossy(key).into_owned()),
        );
        if keys.len() > settings.max_keys {
            return Err(NodeError::invalid(format!(
                "more than {} keys match `{}`",
                settings.max_keys, settings.pattern
            ))
            .with_help("narrow the pattern, or set a larger `max_keys`"));
        }
        cursor = next;
        if cursor == 0 {
            break;
        }
    }
    Ok(Found {
        count: keys.len(),
        keys: keys.into_iter().collect(),
    })
}

use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use redis::cmd;
use schemars::JsonSchema;
use serde::Serialize;

use super::settings::{Side, redis_settings};
use crate::payload::stored;

redis_settings! {
    /// Adds values to a list.
    pub(super) struct ListPush {
        /// The list's key; the list is made if it is not there.
        key: String,
        /// The values, in the order in which they are added.
        values: Vec<Any>,
        /// At which end.
        #[serde(default = "right")]
        side: Side,
    }
}

fn right() -> Side {
    Side::Right
}

/// The list.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Pushed {
    /// How long the list is now.
    length: u64,
}

pub(super) fn node() -> Node {
    Node::action("redis.list_push", list_push)
        .icon("list-plus")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: redis.list_push
  with: { server: "redis://redis.example.com:6379/0", key: "jobs", values: [{ order: 17 }, { order: 18 }] }
"#;

async fn list_push(cx: &StepContext, settings: ListPush) -> Result<Pushed, NodeError> {
    let mut command = match (settings.values.is_empty(), settings.side) {
        (true, _) => cmd("LLEN"),
        (false, Side::Left) => cmd("LPUSH"),
        (false, Side::Right) => cmd("RPUSH"),
    };
    command.arg(&settings.key);
    for value in &settings.values {
        command.arg(stored(value)?);
    }
    let length = settings.server().ask(cx, &command).await?;
    Ok(Pushed { length })
}

use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Effect};
use redis::{Value as Reply, cmd};
use schemars::JsonSchema;
use serde::Serialize;

use super::{settings::redis_settings, value::data};
use crate::payload::stored;

redis_settings! {
    /// Sends any command to the server.
    ///
    /// For what no other step does. Commands that wait or subscribe are refused.
    pub(super) struct Command {
        /// The command and its arguments, such as `[ZADD, scores, 10, Ada]`.
        command: Vec<Any>,
        /// Whether the command may simply be sent again after a crash.
        #[serde(default)]
        repeatable: bool,
    }
}

/// They would hold up all steps that share the connection, or change what it is for.
const REFUSED: &[&str] = &[
    "AUTH",
    "BLMOVE",
    "BLMPOP",
    "BLPOP",
    "BRPOP",
    "BRPOPLPUSH",
    "BZMPOP",
    "BZPOPMAX",
    "BZPOPMIN",
    "CLIENT",
    "DISCARD",
    "EXEC",
    "HELLO",
    "MONITOR",
    "MULTI",
    "PSUBSCRIBE",
    "QUIT",
    "RESET",
    "SELECT",
    "SSUBSCRIBE",
    "SUBSCRIBE",
    "UNWATCH",
    "WAIT",
    "WATCH",
];

/// The answer.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Answer {
    /// The answer as data; bytes that are no text are base64.
    result: Any,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("redis.command", command, |settings: &Command| {
        if settings.repeatable {
            Effect::Pure
        } else {
            Effect::Once
        }
    })
    .icon("square-terminal")
    .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: best
  use: redis.command
  with: { server: "redis://redis.example.com:6379/0", command: [ZADD, scores, 10, Ada] }
"#;

async fn command(cx: &StepContext, settings: Command) -> Result<Answer, NodeError> {
    let mut parts = settings.command.iter().map(stored);
    let Some(name) = parts.next().transpose()? else {
        return Err(NodeError::invalid("setting `command`: it is empty")
            .with_help("write a command and its arguments: `[ZADD, scores, 10, Ada]`"));
    };
    let name = String::from_utf8_lossy(&name).to_ascii_uppercase();
    if REFUSED.contains(&name.as_str()) {
        return Err(NodeError::invalid(format!(
            "`{name}` is not for a connection that steps share"
        ))
        .with_help("to wait for values, use redis.list_pop with `wait`"));
    }
    let mut command = cmd(&name);
    for part in parts {
        command.arg(part?);
    }
    let reply: Reply = settings.server().ask(cx, &command).await?;
    Ok(Answer {
        result: Any(casare_workflow::value::from_serialize(data(reply))),
    })
}

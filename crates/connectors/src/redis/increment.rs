use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use redis::cmd;
use schemars::JsonSchema;
use serde::Serialize;

use super::settings::redis_settings;

redis_settings! {
    /// Adds to the number that a key holds, safely among many who do so.
    ///
    /// A key that is not there counts as 0.
    pub(super) struct Increment {
        /// The key.
        key: String,
        /// How much is added (1); a negative number is taken away.
        #[serde(default = "one")]
        by: f64,
    }
}

fn one() -> f64 {
    1.0
}

/// The number.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Incremented {
    /// The number now.
    value: Any,
}

pub(super) fn node() -> Node {
    Node::action("redis.increment", increment)
        .icon("plus")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: number
  use: redis.increment
  with: { server: "redis://redis.example.com:6379/0", key: "invoice:next" }
- use: log.write
  with: { message: "This is invoice {{ steps.number.value }}" }
"#;

async fn increment(cx: &StepContext, settings: Increment) -> Result<Incremented, NodeError> {
    if settings.by.fract() == 0.0 && settings.by.abs() < 9e15 {
        let mut command = cmd("INCRBY");
        command.arg(&settings.key).arg(settings.by as i64);
        let value: Result<i64, NodeError> = settings.server().ask(cx, &command).await;
        match value {
            Ok(value) => {
                return Ok(Incremented {
                    value: Any(value.into()),
                });
            }
            // The key may hold a fraction.
            Err(error) if error.message().contains("not an integer") => {}
            Err(error) => return Err(error),
        }
    }
    let mut command = cmd("INCRBYFLOAT");
    command.arg(&settings.key).arg(settings.by);
    let value: f64 = settings.server().ask(cx, &command).await?;
    Ok(Incremented {
        value: Any(value.into()),
    })
}

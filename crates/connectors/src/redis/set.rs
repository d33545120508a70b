use std::time::Duration;

use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Effect, Span};
use redis::cmd;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::settings::redis_settings;
use crate::payload::stored;

redis_settings! {
    /// Gives a key a value.
    ///
    /// A text is stored as it is, a number as its digits, all else as JSON.
    pub(super) struct Set {
        /// The key.
        key: String,
        /// The value.
        value: Any,
        /// After what time the key goes away by itself (`90s`, `24h`); never if not set.
        ttl: Option<Span>,
        /// Whether a key keeps the time it has left, where `ttl` is not set.
        #[serde(default)]
        keep_ttl: bool,
        /// When the value is written.
        #[serde(default)]
        only_if: OnlyIf,
    }
}

/// When a value is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum OnlyIf {
    /// In any case.
    #[default]
    Always,
    /// If there is no such key yet: the first one wins.
    Missing,
    /// If there is such a key already.
    Present,
}

/// Whether it happened.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Written {
    /// Whether the value was written.
    written: bool,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("redis.set", set, |settings: &Set| {
        // Done twice, `missing` would find what it wrote itself.
        if settings.only_if == OnlyIf::Missing {
            Effect::Once
        } else {
            Effect::Pure
        }
    })
    .icon("database-zap")
    .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: mine
  use: redis.set
  with: { server: "redis://redis.example.com:6379/0", key: "order:17:seen", value: true, only_if: missing, ttl: 24h }
- use: log.write
  when: "{{ not steps.mine.written }}"
  with: { message: order 17 was handled before }
"#;

async fn set(cx: &StepContext, settings: Set) -> Result<Written, NodeError> {
    let mut command = cmd("SET");
    command.arg(&settings.key).arg(stored(&settings.value)?);
    match settings.only_if {
        OnlyIf::Always => {}
        OnlyIf::Missing => {
            command.arg("NX");
        }
        OnlyIf::Present => {
            command.arg("XX");
        }
    }
    if let Some(ttl) = settings.ttl {
        let ttl: Duration = ttl.into();
        command.arg("PX").arg(ttl.as_millis().max(1) as u64);
    } else if settings.keep_ttl {
        command.arg("KEEPTTL");
    }
    let answer: Option<String> = settings.server().ask(cx, &command).await?;
    Ok(Written {
        written: answer.is_some(),
    })
}

use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use redis::cmd;
use schemars::JsonSchema;
use serde::Serialize;

use super::settings::redis_settings;
use crate::payload::{Form, stored};

redis_settings! {
    /// Reads the members of a set, and tells whether one is in it.
    pub(super) struct SetMembers {
        /// The set's key.
        key: String,
        /// A member that is looked for.
        contains: Option<Any>,
        /// What the members are read as.
        #[serde(default, rename = "as")]
        form: Form,
    }
}

/// The members.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Members {
    /// The members, sorted; empty if `contains` was set.
    members: Vec<Any>,
    /// How many are in the set.
    count: usize,
    /// Whether `contains` is in the set.
    found: bool,
}

pub(super) fn node() -> Node {
    Node::action("redis.set_members", set_members)
        .pure()
        .icon("list")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: redis.set_add
  with: { server: "redis://redis.example.com:6379/0", key: "seen", members: [17] }
- id: seen
  use: redis.set_members
  with: { server: "redis://redis.example.com:6379/0", key: "seen", contains: 17 }
- use: log.write
  when: "{{ steps.seen.found }}"
  with: { message: order 17 was seen before }
"#;

async fn set_members(cx: &StepContext, settings: SetMembers) -> Result<Members, NodeError> {
    let server = settings.server();
    if let Some(wanted) = &settings.contains {
        let mut command = cmd("SISMEMBER");
        command.arg(&settings.key).arg(stored(wanted)?);
        let found = server.ask(cx, &command).await?;
        let mut command = cmd("SCARD");
        command.arg(&settings.key);
        return Ok(Members {
            members: Vec::new(),
            count: server.ask(cx, &command).await?,
            found,
        });
    }
    let mut command = cmd("SMEMBERS");
    command.arg(&settings.key);
    let mut found: Vec<Vec<u8>> = server.ask(cx, &command).await?;
    found.sort();
    let members = found
        .into_iter()
        .map(|bytes| {
            settings
                .form
                .read(&format!("the value of `{}`", settings.key), bytes)
        })
        .collect::<Result<Vec<Any>, NodeError>>()?;
    Ok(Members {
        count: members.len(),
        members,
        found: false,
    })
}

use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use redis::cmd;
use schemars::JsonSchema;
use serde::Serialize;

use super::settings::redis_settings;
use crate::payload::Form;

redis_settings! {
    /// Reads values of a list, which stays as it is.
    pub(super) struct ListGet {
        /// The list's key.
        key: String,
        /// The place of the first value, from 0; negative ones count from the end.
        #[serde(default)]
        start: i64,
        /// The place of the last value (-1, the last one of the list).
        #[serde(default = "last")]
        end: i64,
        /// What the values are read as.
        #[serde(default, rename = "as")]
        form: Form,
    }
}

fn last() -> i64 {
    -1
}

/// The values.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Values {
    /// The values.
    values: Vec<Any>,
    /// How many there are.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("redis.list_get", list_get)
        .pure()
        .icon("list")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: latest
  use: redis.list_get
  with: { server: "redis://redis.example.com:6379/0", key: "jobs", start: -10 }
"#;

async fn list_get(cx: &StepContext, settings: ListGet) -> Result<Values, NodeError> {
    let mut command = cmd("LRANGE");
    command
        .arg(&settings.key)
        .arg(settings.start)
        .arg(settings.end);
    let found: Vec<Vec<u8>> = settings.server().ask(cx, &command).await?;
    let values = found
        .into_iter()
        .map(|bytes| {
            settings
                .form
                .read(&format!("the value of `{}`", settings.key), bytes)
        })
        .collect::<Result<Vec<Any>, NodeError>>()?;
    Ok(Values {
        count: values.len(),
        values,
    })
}

use std::time::Duration;

use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Span};
use redis::cmd;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    connection::fault,
    settings::{Side, redis_settings},
};
use crate::payload::Form;

redis_settings! {
    /// Takes values from a list.
    ///
    /// What was taken is gone from the list, even if a later step fails.
    pub(super) struct ListPop {
        /// The list's key.
        key: String,
        /// From which end.
        #[serde(default = "left")]
        side: Side,
        /// How many are taken at most.
        #[serde(default = "one")]
        count: usize,
        /// How long to wait for the first one if there is none (`30s`); not at all if not set.
        wait: Option<Span>,
        /// What the values are read as.
        #[serde(default, rename = "as")]
        form: Form,
    }
}

fn left() -> Side {
    Side::Left
}

fn one() -> usize {
    1
}

/// What was taken.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Popped {
    /// The values that were taken.
    values: Vec<Any>,
    /// The first one; none if there was none.
    value: Option<Any>,
    /// How many there were.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("redis.list_pop", list_pop)
        .icon("list-minus")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: redis.list_push
  with: { server: "redis://redis.example.com:6379/0", key: "jobs", values: [{ order: 17 }] }
- id: job
  use: redis.list_pop
  with: { server: "redis://redis.example.com:6379/0", key: "jobs", wait: 30s, as: json }
- use: log.write
  with: { message: "order {{ steps.job.value.order }}" }
"#;

async fn list_pop(cx: &StepContext, settings: ListPop) -> Result<Popped, NodeError> {
    let server = settings.server();
    let (pop, wait_for) = match settings.side {
        Side::Left => ("LPOP", "BLPOP"),
        Side::Right => ("RPOP", "BRPOP"),
    };
    let mut taken = Vec::new();
    if settings.count > 0 {
        let mut command = cmd(pop);
        command.arg(&settings.key).arg(settings.count);
        taken = server
            .ask::<Option<Vec<Vec<u8>>>>(cx, &command)
            .await?
            .unwrap_or_default();
    }
    if let Some(wait) = settings.wait
        && taken.is_empty()
        && settings.count > 0
    {
        let wait: Duration = cx.time_left(wait.into());
        let mut command = cmd(wait_for);
        // 0 would be for ever.
        command.arg(&settings.key).arg(wait.as_secs_f64().max(0.01));
        let mut connection = server.own_connection(cx).await?;
        let came: Option<(String, Vec<u8>)> = command
            .query_async(&mut connection)
            .await
            .map_err(|error| fault("the server refused", &error))?;
        taken.extend(came.map(|(_, value)| value));
    }
    let values = taken
        .into_iter()
        .map(|bytes| {
            settings
                .form
                .read(&format!("the value of `{}`", settings.key), bytes)
        })
        .collect::<Result<Vec<Any>, NodeError>>()?;
    Ok(Popped {
        count: values.len(),
        value: values.first().cloned(),
        values,
    })
}

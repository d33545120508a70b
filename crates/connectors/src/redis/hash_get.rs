use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use indexmap::IndexMap;
use redis::cmd;
use schemars::JsonSchema;
use serde::Serialize;

use super::settings::redis_settings;
use crate::payload::Form;

redis_settings! {
    /// Reads the fields of a hash.
    pub(super) struct HashGet {
        /// The hash's key.
        key: String,
        /// The fields that are wanted; all if not set.
        #[serde(default)]
        fields: Vec<String>,
        /// What the values are read as.
        #[serde(default, rename = "as")]
        form: Form,
    }
}

/// The fields.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Fields {
    /// The values by field; fields that are not there are left out.
    values: IndexMap<String, Any>,
    /// How many there are.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("redis.hash_get", hash_get)
        .pure()
        .icon("braces")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: redis.hash_set
  with: { server: "redis://redis.example.com:6379/0", key: "customer:17", values: { name: Ada, orders: 3 } }
- id: customer
  use: redis.hash_get
  with: { server: "redis://redis.example.com:6379/0", key: "customer:17" }
- use: log.write
  with: { message: "{{ steps.customer.values.name }}" }
"#;

async fn hash_get(cx: &StepContext, settings: HashGet) -> Result<Fields, NodeError> {
    let server = settings.server();
    let pairs: Vec<(String, Vec<u8>)> = if settings.fields.is_empty() {
        let mut command = cmd("HGETALL");
        command.arg(&settings.key);
        server.ask(cx, &command).await?
    } else {
        let mut command = cmd("HMGET");
        command.arg(&settings.key).arg(&settings.fields);
        let values: Vec<Option<Vec<u8>>> = server.ask(cx, &command).await?;
        let named = settings.fields.iter().cloned().zip(values);
        named
            .filter_map(|(field, value)| Some((field, value?)))
            .collect()
    };
    let mut values = IndexMap::new();
    for (field, bytes) in pairs {
        let value = settings.form.read(&format!("the field `{field}`"), bytes)?;
        values.insert(field, value);
    }
    Ok(Fields {
        count: values.len(),
        values,
    })
}

use std::{any::Any as StdAny, sync::Arc, time::Duration};

use async_trait::async_trait;
use casare_engine::{BlockEnd, Node, NodeError, Opened, Resource, StepContext};
use casare_workflow::{Any, Span};
use indexmap::IndexMap;
use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::broker::{Broker, Held, Settle, Wanted};
use crate::payload::Form;

/// The most messages of one batch.
const MOST: usize = 10_000;

/// Receives messages for the steps in its `do` block, and settles them when it ends.
///
/// When the block has succeeded, the broker is told that the messages are done with. When it fails,
/// they come again, or are discarded. Should the robot die, the broker hands them out again: a
/// message may come more than once, but is never lost. MQTT keeps messages only for a
/// `subscription`, NATS only in a `stream`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Receive {
    /// The broker: `amqp://host/vhost`, `mqtt://host`, `nats://host`; encrypted as `amqps://`,
    /// `mqtts://`, `tls://`. A password belongs into `credential`.
    server: Option<String>,
    /// Name of a credential with `username` and `password`, a `token` (NATS), or the whole `url`.
    credential: Option<String>,
    /// A PEM file with the authority that signed the broker's certificate; those of the system if
    /// not set.
    authority: Option<String>,
    /// From where: an AMQP queue, an MQTT topic (`orders/#`), a NATS subject (`orders.>`).
    from: String,
    /// The name under which the broker keeps messages while nobody is there: the client's id of
    /// MQTT, the durable consumer of a JetStream stream. Not for AMQP, whose queues do that.
    subscription: Option<String>,
    /// The JetStream stream that has the subject (NATS).
    stream: Option<String>,
    /// How many messages are taken at most; fewer if no more are there.
    #[serde(default = "one")]
    count: usize,
    /// How long to wait for the first one (`30s`).
    #[serde(default = "half_a_minute")]
    wait: Span,
    /// What happens when none came.
    #[serde(default)]
    if_none: IfNone,
    /// What becomes of the messages when the block fails.
    #[serde(default)]
    on_failure: OnFailure,
    /// What the messages are read as.
    #[serde(default, rename = "as")]
    form: Form,
    /// Whether an AMQP queue is made if it is not there.
    #[serde(default)]
    create: bool,
}

fn one() -> usize {
    1
}

fn half_a_minute() -> Span {
    Span::from_secs(30)
}

/// What happens when no message came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum IfNone {
    /// The step fails with kind `timeout`.
    #[default]
    Fail,
    /// The block runs with no messages.
    GoOn,
}

/// What becomes of messages when the block fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum OnFailure {
    /// They come again.
    #[default]
    Requeue,
    /// They are given up; AMQP moves them to the queue's dead letters if it has such.
    Discard,
}

/// The messages.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Messages {
    /// All of them.
    messages: Vec<Message>,
    /// The first one; none if none came.
    message: Option<Message>,
    /// How many there are.
    count: usize,
}

/// A message.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Message {
    /// What it says.
    body: Any,
    /// The routing key, topic or subject.
    address: String,
    /// Its headers.
    headers: IndexMap<String, String>,
    /// Its id, if the sender or the broker gave it one.
    id: Option<String>,
    /// Whether it was handed out before.
    redelivered: bool,
}

pub(super) fn node() -> Node {
    Node::session("message.receive", receive)
        .icon("inbox")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: message.publish
  with: { server: "amqp://mq.example.com", to: orders, create: true, message: { order: 17 } }
- id: orders
  use: message.receive
  with: { server: "amqp://mq.example.com", from: orders, count: 10, as: json }
  do:
    - use: flow.for_each
      with: { items: "{{ steps.orders.messages }}", as: message }
      do:
        - use: log.write
          with: { message: "order {{ message.body.order }}" }
"#;

/// Messages that are settled when the block ends.
struct Batch {
    held: Mutex<Option<Box<dyn Held>>>,
    on_failure: OnFailure,
}

async fn receive(cx: &StepContext, settings: Receive) -> Result<Opened<Messages>, NodeError> {
    let broker = Broker::of(
        cx,
        settings.server.as_deref(),
        settings.credential.as_deref(),
        settings.authority.as_deref(),
    )
    .await?;
    if settings.count == 0 || settings.count > MOST {
        return Err(NodeError::invalid(format!(
            "setting `count`: from 1 to {MOST}, not {}",
            settings.count
        )));
    }
    let wait: Duration = settings.wait.into();
    let (incoming, held) = broker
        .receive(Wanted {
            from: settings.from.clone(),
            count: settings.count,
            wait: cx.time_left(wait),
            subscription: settings.subscription,
            stream: settings.stream,
            create: settings.create,
        })
        .await?;
    if incoming.is_empty() && settings.if_none == IfNone::Fail {
        held.settle(Settle::Done).await?;
        return Err(NodeError::timeout(format!(
            "no message came from {} within {wait:?}",
            settings.from
        ))
        .with_help("set a longer `wait`, or `if_none: go_on`"));
    }
    let mut messages = Vec::new();
    for message in incoming {
        let what = format!("a message from {}", message.address);
        // Not readable is for whoever looks into the queue: dropped here, the broker has it still.
        let body = settings.form.read(&what, message.body)?;
        messages.push(Message {
            body,
            address: message.address,
            headers: message.headers,
            id: message.id,
            redelivered: message.redelivered,
        });
    }
    Ok(Opened {
        resource: Arc::new(Batch {
            held: Mutex::new(Some(held)),
            on_failure: settings.on_failure,
        }),
        outputs: Messages {
            count: messages.len(),
            message: messages.first().cloned(),
            messages,
        },
    })
}

#[async_trait]
impl Resource for Batch {
    async fn close(&self, end: BlockEnd) -> Result<(), NodeError> {
        let Some(held) = self.held.lock().take() else {
            return Ok(());
        };
        let settle = match (end, self.on_failure) {
            (BlockEnd::Completed, _) => Settle::Done,
            (BlockEnd::Failed, OnFailure::Discard) => Settle::Discard,
            (BlockEnd::Failed | BlockEnd::Cancelled, _) => Settle::Again,
        };
        held.settle(settle).await
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn StdAny + Send + Sync> {
        self
    }
}

use base64::{Engine, engine::general_purpose::STANDARD};
use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::broker::{Broker, Outgoing};
use crate::payload::stored;

/// Sends a message to a queue, topic or subject, and waits until the broker has it.
///
/// A text is sent as it is, all else as JSON. The address's scheme says which broker it is:
/// `amqp://` (RabbitMQ), `mqtt://` or `nats://`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Publish {
    /// The broker: `amqp://host/vhost`, `mqtt://host`, `nats://host`; encrypted as `amqps://`,
    /// `mqtts://`, `tls://`. A password belongs into `credential`.
    server: Option<String>,
    /// Name of a credential with `username` and `password`, a `token` (NATS), or the whole `url`.
    credential: Option<String>,
    /// A PEM file with the authority that signed the broker's certificate; those of the system if
    /// not set.
    authority: Option<String>,
    /// Where it goes: an AMQP queue (or routing key of `exchange`), an MQTT topic, a NATS subject.
    to: String,
    /// The AMQP exchange; the one that leads straight to the queue if not set.
    #[serde(default)]
    exchange: String,
    /// The message.
    message: Any,
    /// Whether `message` is base64 of the bytes to send.
    #[serde(default)]
    base64: bool,
    /// Headers (AMQP, NATS).
    #[serde(default)]
    headers: IndexMap<String, String>,
    /// Whether a JetStream stream must have taken it (NATS). Without it, only who listens now gets
    /// the message.
    #[serde(default)]
    stream: bool,
    /// Whether the broker shows the message to those who come later, until the next one (MQTT).
    #[serde(default)]
    retain: bool,
    /// Whether an AMQP queue is made if it is not there.
    #[serde(default)]
    create: bool,
}

/// What became of it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Published {
    /// Its number in the JetStream stream; none elsewhere.
    sequence: Option<u64>,
    /// Its size in bytes.
    size: usize,
}

pub(super) fn node() -> Node {
    Node::action("message.publish", publish)
        .icon("send")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: message.publish
  with:
    server: amqp://mq.example.com
    to: orders
    create: true
    message: { order: 17, state: paid }
";

async fn publish(cx: &StepContext, settings: Publish) -> Result<Published, NodeError> {
    let broker = Broker::of(
        cx,
        settings.server.as_deref(),
        settings.credential.as_deref(),
        settings.authority.as_deref(),
    )
    .await?;
    let body = if settings.base64 {
        let text = settings.message.0.as_str().unwrap_or_default();
        STANDARD.decode(text.trim()).map_err(|error| {
            NodeError::invalid(format!("setting `message` is no base64 text: {error}"))
        })?
    } else {
        stored(&settings.message)?
    };
    let content_type = match settings.message.0.as_str() {
        _ if settings.base64 => "application/octet-stream",
        Some(_) => "text/plain; charset=utf-8",
        None => "application/json",
    };
    let size = body.len();
    let sequence = broker
        .publish(Outgoing {
            to: settings.to,
            exchange: settings.exchange,
            body,
            content_type,
            headers: settings.headers,
            stream: settings.stream,
            retain: settings.retain,
            create: settings.create,
        })
        .await?;
    Ok(Published { sequence, size })
}

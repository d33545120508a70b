//! Messages over brokers: AMQP 0.9.1 (RabbitMQ), MQTT, NATS with JetStream.
//!
//! The scheme of the address says which broker it is.

use casare_engine::Node;

#[cfg(feature = "amqp")]
mod amqp;
mod broker;
#[cfg(feature = "mqtt")]
mod mqtt;
#[cfg(feature = "nats")]
mod nats;
mod publish;
mod receive;

pub(crate) fn nodes() -> Vec<Node> {
    vec![publish::node(), receive::node()]
}

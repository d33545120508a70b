//! Messages over brokers: AMQP 0.9.1 (RabbitMQ), MQTT, NATS with JetStream.
//!
//! The scheme of the address says which broker it is.

use casare_engine::Node;

use crate::faults::ServerFaults;

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
    [publish::node(), receive::node()]
        .map(ServerFaults::fails_as_broker)
        .into()
}

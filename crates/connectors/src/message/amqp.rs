//! AMQP 0.9.1, as RabbitMQ speaks it.

use async_trait::async_trait;
use casare_engine::{ErrorKind, NodeError, chain};
use futures::StreamExt;
use indexmap::IndexMap;
use lapin::{
    Acker, BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, Error,
    ErrorKind as Lapin,
    message::Delivery,
    options::{
        BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicNackOptions,
        BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions, QueueDeclareOptions,
    },
    types::{AMQPValue, FieldTable},
};
use secrecy::ExposeSecret;
use tokio::time::{Duration, Instant, timeout_at};

use super::broker::{Broker, Held, Incoming, Login, Outgoing, Received, Settle, Wanted, in_time};

/// How long after one message the next may come and still be of the same batch.
const BETWEEN: Duration = Duration::from_millis(100);

async fn connect(broker: &Broker) -> Result<Connection, NodeError> {
    let doing = "could not connect to the broker";
    let mut url = broker.url.clone();
    if let Some(Login::Password { username, password }) = &broker.login {
        let unfit = |()| NodeError::invalid("the broker's address takes no login");
        url.set_username(username).map_err(unfit)?;
        url.set_password(Some(password.expose_secret()))
            .map_err(unfit)?;
    }
    if matches!(url.path(), "" | "/") {
        url.set_path("/%2f");
    }
    let cert_chain = match &broker.authority {
        Some(path) => Some(tokio::fs::read_to_string(path).await.map_err(|error| {
            NodeError::io(format_args!("could not read {}", path.display()), &error)
        })?),
        None => None,
    };
    let trusted = lapin::tcp::OwnedTLSConfig {
        identity: None,
        cert_chain,
    };
    let properties = ConnectionProperties::default().with_connection_name("casare".into());
    in_time(doing, async {
        Connection::connect_with_config(
            url.as_str(),
            properties,
            trusted,
            lapin::runtime::default_runtime().map_err(|error| fault(doing, &error))?,
        )
        .await
        .map_err(|error| fault(doing, &error))
    })
    .await
}

async fn channel(connection: &Connection, queue: Option<&str>) -> Result<Channel, NodeError> {
    let doing = "could not open a channel";
    let channel = connection
        .create_channel()
        .await
        .map_err(|error| fault(doing, &error))?;
    if let Some(queue) = queue {
        let options = QueueDeclareOptions {
            durable: true,
            ..QueueDeclareOptions::default()
        };
        channel
            .queue_declare(queue.into(), options, FieldTable::default())
            .await
            .map_err(|error| fault(&format!("could not make the queue {queue}"), &error))?;
    }
    Ok(channel)
}

pub(super) async fn publish(broker: &Broker, message: Outgoing) -> Result<Option<u64>, NodeError> {
    let doing = format!("could not send to {}", message.to);
    let connection = connect(broker).await?;
    let failed = |error: Error| fault(&doing, &error);
    let outcome = in_time(&doing, async {
        let queue = message.create.then_some(message.to.as_str());
        let channel = channel(&connection, queue).await?;
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await
            .map_err(failed)?;
        let mut headers = FieldTable::default();
        for (name, value) in &message.headers {
            headers.insert(
                name.as_str().into(),
                AMQPValue::LongString(value.as_str().into()),
            );
        }
        let properties = BasicProperties::default()
            .with_content_type(message.content_type.into())
            .with_headers(headers)
            // Kept on the broker's disk.
            .with_delivery_mode(2);
        let options = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        let confirmed = channel
            .basic_publish(
                message.exchange.as_str().into(),
                message.to.as_str().into(),
                options,
                &message.body,
                properties,
            )
            .await
            .map_err(failed)?
            .await
            .map_err(failed)?;
        match confirmed {
            Confirmation::Ack(None) | Confirmation::NotRequested => Ok(()),
            Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) => Err(NodeError::not_found(
                format!("{doing}: no queue takes the message"),
            )
            .with_help("check `to` and `exchange`, or set `create: true` to make the queue")),
            Confirmation::Nack(None) => Err(NodeError::unavailable(format!(
                "{doing}: the broker could not keep the message"
            ))),
        }
    })
    .await;
    let _ = connection.close(200, "".into()).await;
    outcome.map(|()| None)
}

pub(super) async fn receive(broker: &Broker, wanted: Wanted) -> Result<Received, NodeError> {
    let doing = format!("could not receive from {}", wanted.from);
    let connection = connect(broker).await?;
    let failed = |error: Error| fault(&doing, &error);
    let (channel, mut consumer) = in_time(&doing, async {
        let queue = wanted.create.then_some(wanted.from.as_str());
        let channel = channel(&connection, queue).await?;
        let at_once = wanted.count.min(usize::from(u16::MAX)) as u16;
        channel
            .basic_qos(at_once, BasicQosOptions::default())
            .await
            .map_err(failed)?;
        let consumer = channel
            .basic_consume(
                wanted.from.as_str().into(),
                "".into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            )
            .await
            .map_err(failed)?;
        Ok((channel, consumer))
    })
    .await?;
    let mut deliveries: Vec<Delivery> = Vec::new();
    let mut until = Instant::now() + wanted.wait;
    while deliveries.len() < wanted.count {
        match timeout_at(until, consumer.next()).await {
            Ok(Some(delivery)) => deliveries.push(delivery.map_err(failed)?),
            Ok(None) => {
                return Err(NodeError::unavailable(format!(
                    "{doing}: the broker ended the subscription"
                )));
            }
            Err(_) => break,
        }
        until = Instant::now() + BETWEEN;
    }
    // No more are wanted; what came too late goes back when the channel is closed.
    in_time(&doing, async {
        channel
            .basic_cancel(consumer.tag(), BasicCancelOptions::default())
            .await
            .map_err(failed)
    })
    .await?;
    let ackers = deliveries
        .iter()
        .map(|delivery| delivery.acker.clone())
        .collect();
    let messages = deliveries.into_iter().map(incoming).collect();
    Ok((
        messages,
        Box::new(Deliveries {
            connection,
            _channel: channel,
            ackers,
        }),
    ))
}

fn incoming(delivery: Delivery) -> Incoming {
    let properties = &delivery.properties;
    let mut headers = IndexMap::new();
    for (name, value) in properties.headers().iter().flat_map(FieldTable::inner) {
        let text = match value {
            AMQPValue::LongString(text) => text.to_string(),
            AMQPValue::ShortString(text) => text.to_string(),
            AMQPValue::Boolean(truth) => truth.to_string(),
            AMQPValue::LongInt(number) => number.to_string(),
            AMQPValue::LongLongInt(number) => number.to_string(),
            other => format!("{other:?}"),
        };
        headers.insert(name.to_string(), text);
    }
    Incoming {
        address: delivery.routing_key.to_string(),
        id: properties.message_id().as_ref().map(ToString::to_string),
        redelivered: delivery.redelivered,
        headers,
        body: delivery.data,
    }
}

/// Messages that are not settled yet, and the channel that they came by.
struct Deliveries {
    connection: Connection,
    _channel: Channel,
    ackers: Vec<Acker>,
}

#[async_trait]
impl Held for Deliveries {
    async fn settle(self: Box<Self>, settle: Settle) -> Result<(), NodeError> {
        let doing = "could not tell the broker what became of the messages";
        let settled = in_time(doing, async {
            for acker in &self.ackers {
                let outcome = match settle {
                    Settle::Done => acker.ack(BasicAckOptions::default()).await,
                    Settle::Again | Settle::Discard => {
                        let options = BasicNackOptions {
                            requeue: settle == Settle::Again,
                            ..BasicNackOptions::default()
                        };
                        acker.nack(options).await
                    }
                };
                outcome.map_err(|error| fault(doing, &error))?;
            }
            Ok(())
        })
        .await;
        let _ = self.connection.close(200, "".into()).await;
        settled
    }
}

fn fault(doing: &str, error: &Error) -> NodeError {
    let text = chain(error);
    let (kind, help) = match error.kind() {
        Lapin::ProtocolError(refused) => match refused.get_id() {
            403 => (ErrorKind::Denied, "check the credential and its rights"),
            404 => (
                ErrorKind::NotFound,
                "check the name, or set `create: true` to make the queue",
            ),
            405 | 406 => (
                ErrorKind::Conflict,
                "the queue is there with other properties: set `create: false`",
            ),
            530 => (ErrorKind::Denied, "check the virtual host in the address"),
            _ => (ErrorKind::Unavailable, "try again"),
        },
        Lapin::IOError(io) if io.to_string().contains("certificate") => (
            ErrorKind::Denied,
            "if the certificate is signed by an authority of your own, set `authority`",
        ),
        _ => (
            ErrorKind::Unavailable,
            "check that the broker runs and that its address is right",
        ),
    };
    NodeError::new(kind, format!("{doing}: {text}")).with_help(help)
}

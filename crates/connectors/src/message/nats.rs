//! NATS, and its JetStream streams, which keep messages.

use async_nats::{
    Client, ConnectErrorKind, ConnectOptions, HeaderMap, ServerAddr,
    jetstream::{self, AckKind, consumer::pull},
};
use async_trait::async_trait;
use casare_engine::{ErrorKind, NodeError, chain};
use futures::StreamExt;
use indexmap::IndexMap;
use secrecy::ExposeSecret;
use tokio::{
    task::JoinHandle,
    time::{Duration, Instant, timeout_at},
};

use super::broker::{
    Broker, Held, Incoming, Login, Outgoing, PATIENCE, Received, Settle, Wanted, in_time,
};
use crate::tls;

/// How long after one message the next may come and still be of the same batch.
const BETWEEN: Duration = Duration::from_millis(100);

/// A stream hands messages out again that it has not heard of for this long; while a block is at
/// work, it is told so more often.
const ACK_WAIT: Duration = Duration::from_secs(30);
const REMINDER: Duration = Duration::from_secs(10);

async fn connect(broker: &Broker) -> Result<Client, NodeError> {
    let doing = "could not connect to the broker";
    let mut options = ConnectOptions::new()
        .name("casare")
        .connection_timeout(PATIENCE)
        .max_reconnects(3)
        .require_tls(broker.encrypted);
    options = match &broker.login {
        Some(Login::Password { username, password }) => {
            options.user_and_password(username.clone(), password.expose_secret().to_owned())
        }
        Some(Login::Token(token)) => options.token(token.expose_secret().to_owned()),
        None => options,
    };
    if broker.encrypted {
        options = options.tls_client_config(tls::client_config(broker.authority.as_deref())?);
    }
    let (host, port) = broker.place(4222);
    let address: ServerAddr = format!("nats://{host}:{port}")
        .parse()
        .map_err(|error| NodeError::invalid(format!("the broker's address is none: {error}")))?;
    in_time(doing, async {
        options.connect(address).await.map_err(|error| {
            let text = chain(&error);
            let (kind, help) = match error.kind() {
                ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
                    (ErrorKind::Denied, "check the credential")
                }
                _ if text.contains("certificate") => (
                    ErrorKind::Denied,
                    "if the certificate is signed by an authority of your own, set `authority`",
                ),
                _ => (
                    ErrorKind::Unavailable,
                    "check that the broker runs and that its address is right",
                ),
            };
            NodeError::new(kind, format!("{doing}: {text}")).with_help(help)
        })
    })
    .await
}

fn fault(doing: &str, error: &(dyn std::error::Error + 'static)) -> NodeError {
    let text = chain(error);
    let says = text.to_ascii_lowercase();
    let (kind, help) = if says.contains("not found")
        || says.contains("no stream")
        || says.contains("no responders")
    {
        (
            ErrorKind::NotFound,
            "check the subject and the name of the stream",
        )
    } else if says.contains("permission") || says.contains("authorization") {
        (ErrorKind::Denied, "the login has no right to do this")
    } else if says.contains("invalid subject") || says.contains("invalid name") {
        (ErrorKind::Invalid, "check the names")
    } else {
        (ErrorKind::Unavailable, "try again")
    };
    NodeError::new(kind, format!("{doing}: {text}")).with_help(help)
}

pub(super) async fn publish(broker: &Broker, message: Outgoing) -> Result<Option<u64>, NodeError> {
    let doing = format!("could not send to {}", message.to);
    let client = connect(broker).await?;
    let mut headers = HeaderMap::new();
    for (name, value) in &message.headers {
        let unfit =
            |why: &dyn std::fmt::Display| NodeError::invalid(format!("header `{name}`: {why}"));
        let key: async_nats::HeaderName = name.parse().map_err(|error| unfit(&error))?;
        let value: async_nats::HeaderValue = value.parse().map_err(|error| unfit(&error))?;
        headers.insert(key, value);
    }
    headers.insert("Content-Type", message.content_type);
    in_time(&doing, async {
        if message.stream {
            let kept = jetstream::new(client.clone())
                .publish_with_headers(message.to.clone(), headers, message.body.into())
                .await
                .map_err(|error| fault(&doing, &error))?
                .await
                .map_err(|error| fault(&doing, &error))?;
            return Ok(Some(kept.sequence));
        }
        client
            .publish_with_headers(message.to.clone(), headers, message.body.into())
            .await
            .map_err(|error| fault(&doing, &error))?;
        client
            .flush()
            .await
            .map_err(|error| fault(&doing, &error))?;
        Ok(None)
    })
    .await
}

pub(super) async fn receive(broker: &Broker, wanted: Wanted) -> Result<Received, NodeError> {
    let client = connect(broker).await?;
    match &wanted.stream {
        Some(stream) => from_stream(client, stream, &wanted).await,
        None if wanted.subscription.is_some() => Err(NodeError::invalid(
            "a `subscription` of NATS needs the `stream` that keeps the messages",
        )),
        None => live(client, &wanted).await,
    }
}

/// Messages that are sent while somebody listens.
async fn live(client: Client, wanted: &Wanted) -> Result<Received, NodeError> {
    let doing = format!("could not receive from {}", wanted.from);
    let mut subscription = client
        .subscribe(wanted.from.clone())
        .await
        .map_err(|error| fault(&doing, &error))?;
    client
        .flush()
        .await
        .map_err(|error| fault(&doing, &error))?;
    let mut messages = Vec::new();
    let mut until = Instant::now() + wanted.wait;
    while messages.len() < wanted.count {
        match timeout_at(until, subscription.next()).await {
            Ok(Some(message)) => messages.push(incoming(&message, false)),
            Ok(None) => {
                return Err(NodeError::unavailable(format!(
                    "{doing}: the broker ended the subscription"
                )));
            }
            Err(_) => break,
        }
        until = Instant::now() + BETWEEN;
    }
    Ok((messages, Box::new(Nothing)))
}

/// Messages that a stream keeps.
async fn from_stream(client: Client, stream: &str, wanted: &Wanted) -> Result<Received, NodeError> {
    let doing = format!("could not receive from {} of {stream}", wanted.from);
    let name = wanted.subscription.as_deref().unwrap_or("casare");
    let consumer = in_time(&doing, async {
        let stream = jetstream::new(client.clone())
            .get_stream(stream)
            .await
            .map_err(|error| fault(&doing, &error))?;
        let config = pull::Config {
            durable_name: Some(name.to_owned()),
            filter_subject: wanted.from.clone(),
            ack_wait: ACK_WAIT,
            ..pull::Config::default()
        };
        stream
            .get_or_create_consumer(name, config)
            .await
            .map_err(|error| fault(&doing, &error))
    })
    .await?;
    let mut messages = Vec::new();
    let mut kept = Vec::new();
    // The first is waited for; of the others, what is there already.
    let mut rest = consumer
        .batch()
        .max_messages(1)
        .expires(wanted.wait.max(Duration::from_millis(1)))
        .messages()
        .await
        .map_err(|error| fault(&doing, &error))?;
    let until = Instant::now() + wanted.wait + BETWEEN;
    while let Ok(Some(message)) = timeout_at(until, rest.next()).await {
        let message = message.map_err(|error| fault(&doing, &*error))?;
        messages.push(incoming(&message.message, is_repeated(&message)));
        kept.push(message);
    }
    if !kept.is_empty() && wanted.count > 1 {
        let mut rest = consumer
            .fetch()
            .max_messages(wanted.count - 1)
            .messages()
            .await
            .map_err(|error| fault(&doing, &error))?;
        while let Some(message) = rest.next().await {
            let message = message.map_err(|error| fault(&doing, &*error))?;
            messages.push(incoming(&message.message, is_repeated(&message)));
            kept.push(message);
        }
    }
    let reminder = tokio::spawn(remind(kept.clone()));
    Ok((
        messages,
        Box::new(Kept {
            client,
            kept,
            reminder,
        }),
    ))
}

/// Tells the stream now and then that the messages are being worked on.
async fn remind(kept: Vec<jetstream::Message>) {
    loop {
        tokio::time::sleep(REMINDER).await;
        for message in &kept {
            // Best effort: without it the stream hands the message out again, no more.
            let _ = message.ack_with(AckKind::Progress).await;
        }
    }
}

fn is_repeated(message: &jetstream::Message) -> bool {
    message.info().is_ok_and(|info| info.delivered > 1)
}

fn incoming(message: &async_nats::Message, redelivered: bool) -> Incoming {
    let mut headers = IndexMap::new();
    for (name, values) in message.headers.iter().flat_map(HeaderMap::iter) {
        let values: Vec<&str> = values.iter().map(async_nats::HeaderValue::as_str).collect();
        headers.insert(name.to_string(), values.join(", "));
    }
    Incoming {
        address: message.subject.to_string(),
        body: message.payload.to_vec(),
        id: headers.get("Nats-Msg-Id").cloned(),
        headers,
        redelivered,
    }
}

/// Nothing is held: who listens has the message for good.
struct Nothing;

#[async_trait]
impl Held for Nothing {
    async fn settle(self: Box<Self>, _: Settle) -> Result<(), NodeError> {
        Ok(())
    }
}

/// Messages that are not settled yet.
struct Kept {
    client: Client,
    kept: Vec<jetstream::Message>,
    reminder: JoinHandle<()>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.reminder.abort();
    }
}

#[async_trait]
impl Held for Kept {
    async fn settle(self: Box<Self>, settle: Settle) -> Result<(), NodeError> {
        let doing = "could not tell the broker what became of the messages";
        in_time(doing, async {
            for message in &self.kept {
                let outcome = match settle {
                    // The answer says that the stream has heard it.
                    Settle::Done => message.double_ack().await,
                    Settle::Again => message.ack_with(AckKind::Nak(None)).await,
                    Settle::Discard => message.ack_with(AckKind::Term).await,
                };
                outcome.map_err(|error| fault(doing, &*error))?;
            }
            self.client
                .flush()
                .await
                .map_err(|error| fault(doing, &error))
        })
        .await
    }
}

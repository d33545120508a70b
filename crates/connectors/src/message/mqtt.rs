//! MQTT 3.1.1, which every broker speaks.

use async_trait::async_trait;
use casare_engine::{ErrorKind, NodeError};
use indexmap::IndexMap;
use rumqttc::{
    AckMode, AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, Incoming as Packet,
    MqttOptions, Publish, PublishOptions, QoS, Transport,
};
use secrecy::ExposeSecret;
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Duration, Instant, timeout_at},
};
use uuid::Uuid;

use super::broker::{Broker, Held, Incoming, Login, Outgoing, Received, Settle, Wanted, in_time};
use crate::tls;

/// How long after one message the next may come and still be of the same batch.
const BETWEEN: Duration = Duration::from_millis(100);

/// The largest message.
const LARGEST: usize = 64 * 1024 * 1024;

/// A connection whose packets are passed on by a task of its own, which ends with it.
struct Line {
    client: AsyncClient,
    events: mpsc::Receiver<Result<Packet, NodeError>>,
    pump: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

async fn connect(broker: &Broker, client_id: &str, keeps: bool) -> Result<Line, NodeError> {
    let (host, port) = broker.place(if broker.encrypted { 8883 } else { 1883 });
    let mut options = MqttOptions::new(client_id, (host, port));
    options
        .set_keep_alive(30)
        .set_clean_session(!keeps)
        .set_max_packet_size(LARGEST, LARGEST)
        .set_ack_mode(AckMode::Manual);
    match &broker.login {
        Some(Login::Password { username, password }) => {
            options.set_credentials(username.clone(), password.expose_secret().to_owned());
        }
        Some(Login::Token(_)) => {
            return Err(NodeError::invalid("MQTT has no logins by token")
                .with_help("give a credential with `username` and `password`"));
        }
        None => {}
    }
    if broker.encrypted {
        let config = tls::client_config(broker.authority.as_deref())?;
        options.set_transport(Transport::tls_with_config(config.into()));
    }
    let (client, event_loop) = AsyncClient::builder(options).capacity(64).build();
    let (send, events) = mpsc::channel(256);
    let pump = tokio::spawn(pump(event_loop, send));
    let mut line = Line {
        client,
        events,
        pump,
    };
    let doing = "could not connect to the broker";
    in_time(doing, async {
        while !matches!(line.next(doing).await?, Packet::ConnAck(_)) {}
        Ok(())
    })
    .await?;
    Ok(line)
}

/// Passes packets on until the connection or its user has gone.
async fn pump(mut event_loop: EventLoop, send: mpsc::Sender<Result<Packet, NodeError>>) {
    loop {
        match event_loop.poll().await {
            Ok(Event::Incoming(packet)) => {
                if send.send(Ok(packet)).await.is_err() {
                    return;
                }
            }
            Ok(_) => {}
            Err(error) => {
                // A new connection would not know what the old one has handed out.
                let _ = send.send(Err(fault(&error))).await;
                return;
            }
        }
    }
}

impl Line {
    async fn next(&mut self, doing: &str) -> Result<Packet, NodeError> {
        match self.events.recv().await {
            Some(packet) => packet,
            None => Err(NodeError::unavailable(format!(
                "{doing}: the connection to the broker ended"
            ))),
        }
    }

    /// Waits for a packet that `is` the one.
    async fn wait_for(
        &mut self,
        doing: &str,
        is: impl Fn(&Packet) -> bool,
    ) -> Result<Packet, NodeError> {
        in_time(doing, async {
            loop {
                let packet = self.next(doing).await?;
                if is(&packet) {
                    return Ok(packet);
                }
            }
        })
        .await
    }
}

fn unsent(doing: &str, error: &dyn std::fmt::Display) -> NodeError {
    NodeError::invalid(format!("{doing}: {error}")).with_help("check the topic")
}

fn guest() -> String {
    format!("casare{}", &Uuid::new_v4().simple().to_string()[..16])
}

pub(super) async fn publish(broker: &Broker, message: Outgoing) -> Result<Option<u64>, NodeError> {
    let doing = format!("could not send to {}", message.to);
    if !message.headers.is_empty() {
        return Err(NodeError::invalid("MQTT 3.1.1 messages have no headers")
            .with_help("put them into the message"));
    }
    let mut line = connect(broker, &guest(), false).await?;
    let mut options = PublishOptions::new(QoS::AtLeastOnce);
    if message.retain {
        options = options.retained();
    }
    line.client
        .publish(message.to, message.body, options)
        .await
        .map_err(|error| unsent(&doing, &error))?;
    line.wait_for(&doing, |packet| matches!(packet, Packet::PubAck(_)))
        .await?;
    let _ = line.client.disconnect().await;
    Ok(None)
}

pub(super) async fn receive(broker: &Broker, wanted: Wanted) -> Result<Received, NodeError> {
    let doing = format!("could not receive from {}", wanted.from);
    let keeps = wanted.subscription.is_some();
    let id = wanted.subscription.clone().unwrap_or_else(guest);
    let mut line = connect(broker, &id, keeps).await?;
    line.client
        .subscribe(wanted.from.as_str(), QoS::AtLeastOnce)
        .await
        .map_err(|error| unsent(&doing, &error))?;
    let mut taken: Vec<Publish> = Vec::new();
    let mut until = Instant::now() + wanted.wait;
    while taken.len() < wanted.count {
        match timeout_at(until, line.next(&doing)).await {
            Ok(Ok(Packet::Publish(publish))) => {
                taken.push(publish);
                until = Instant::now() + BETWEEN;
            }
            Ok(Ok(Packet::SubAck(answer))) => {
                if format!("{:?}", answer.return_codes).contains("Failure") {
                    return Err(NodeError::denied(format!(
                        "{doing}: the broker refuses the subscription"
                    ))
                    .with_help("check the topic and the login's rights"));
                }
            }
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(error),
            Err(_) => break,
        }
    }
    let messages = taken
        .iter()
        .map(|publish| Incoming {
            address: String::from_utf8_lossy(&publish.topic).into_owned(),
            body: publish.payload.to_vec(),
            headers: IndexMap::new(),
            id: None,
            redelivered: publish.dup,
        })
        .collect();
    Ok((messages, Box::new(Taken { line, taken })))
}

/// Messages that are not settled yet. Nobody else gets them while the connection lives; after it,
/// a kept subscription gets those again that were not acknowledged.
struct Taken {
    line: Line,
    taken: Vec<Publish>,
}

#[async_trait]
impl Held for Taken {
    async fn settle(mut self: Box<Self>, settle: Settle) -> Result<(), NodeError> {
        let doing = "could not tell the broker that the messages are done with";
        if settle != Settle::Again {
            for publish in &self.taken {
                self.line
                    .client
                    .ack(publish)
                    .await
                    .map_err(|error| NodeError::unavailable(format!("{doing}: {error}")))?;
            }
            // What was said is on its way before the farewell; the answer to this says so.
            let probe = format!("casare/none/{}", guest());
            let told = self.line.client.unsubscribe(probe.as_str()).await;
            told.map_err(|error| NodeError::unavailable(format!("{doing}: {error}")))?;
            self.line
                .wait_for(doing, |packet| matches!(packet, Packet::UnsubAck(_)))
                .await?;
        }
        let _ = self.line.client.disconnect_now().await;
        Ok(())
    }
}

fn fault(error: &ConnectionError) -> NodeError {
    let doing = "the connection to the broker failed";
    let (kind, help) = match error {
        ConnectionError::ConnectionRefused(
            ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized,
        ) => (ErrorKind::Denied, "check the credential"),
        ConnectionError::ConnectionRefused(ConnectReturnCode::BadClientId) => {
            (ErrorKind::Invalid, "choose another `subscription`")
        }
        ConnectionError::Tls(error) if error.to_string().contains("certificate") => (
            ErrorKind::Denied,
            "if the certificate is signed by an authority of your own, set `authority`",
        ),
        _ => (
            ErrorKind::Unavailable,
            "check that the broker runs and that its address is right",
        ),
    };
    NodeError::new(kind, format!("{doing}: {error}")).with_help(help)
}

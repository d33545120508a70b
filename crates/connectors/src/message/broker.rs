//! Which broker a step means, and what all brokers have in common.

use std::{path::PathBuf, time::Duration};

use async_trait::async_trait;
use casare_engine::{NodeError, StepContext};
use indexmap::IndexMap;
use secrecy::SecretString;
use url::Url;

/// How long a broker may take for an answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Where a broker is, and the login to it.
#[derive(Debug)]
pub(super) struct Broker {
    /// Without login.
    pub(super) url: Url,
    pub(super) kind: Kind,
    pub(super) encrypted: bool,
    pub(super) login: Option<Login>,
    /// The PEM file of an authority of one's own.
    pub(super) authority: Option<PathBuf>,
}

/// What a broker speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Amqp,
    Mqtt,
    Nats,
}

/// Who one is to a broker.
#[derive(Debug)]
pub(super) enum Login {
    Password {
        username: String,
        password: SecretString,
    },
    Token(SecretString),
}

/// A message on its way out.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) to: String,
    pub(super) exchange: String,
    pub(super) body: Vec<u8>,
    pub(super) content_type: &'static str,
    pub(super) headers: IndexMap<String, String>,
    pub(super) stream: bool,
    pub(super) retain: bool,
    pub(super) create: bool,
}

/// What is to be received.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) from: String,
    pub(super) count: usize,
    pub(super) wait: Duration,
    pub(super) subscription: Option<String>,
    pub(super) stream: Option<String>,
    pub(super) create: bool,
}

/// A message that came.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) address: String,
    pub(super) body: Vec<u8>,
    pub(super) headers: IndexMap<String, String>,
    pub(super) id: Option<String>,
    pub(super) redelivered: bool,
}

/// What becomes of messages after their block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settle {
    /// They are done with.
    Done,
    /// They come again.
    Again,
    /// They are given up: the broker drops them or keeps them where it keeps such.
    Discard,
}

/// Messages that a broker has handed out and that are not settled yet. Dropped unsettled, as when
/// the process dies, the broker hands them out again.
#[async_trait]
pub(super) trait Held: Send + Sync {
    /// Tells the broker what becomes of them, and leaves.
    async fn settle(self: Box<Self>, settle: Settle) -> Result<(), NodeError>;
}

/// Messages and what holds them.
pub(super) type Received = (Vec<Incoming>, Box<dyn Held>);

impl Broker {
    /// The broker that the settings of a step name.
    pub(super) async fn of(
        cx: &StepContext,
        server: Option<&str>,
        credential: Option<&str>,
        authority: Option<&str>,
    ) -> Result<Self, NodeError> {
        const FORM: &str = "write `amqp://host/vhost`, `mqtt://host` or `nats://host`; with an `s` (`amqps://`, \
             `mqtts://`, `tls://` for NATS) the connection is encrypted";
        let credential = match credential {
            Some(name) => Some(cx.credential(name).await?),
            None => None,
        };
        let field = |name: &str| {
            credential
                .as_ref()
                .and_then(|credential| credential.optional(name))
        };
        let whole = field("url").or(server).ok_or_else(|| {
            NodeError::invalid("the step names no server")
                .with_help("set `server`, or a `credential` that has a `url`")
        })?;
        // The address is not shown: it may hold a password.
        let mut url: Url = whole.trim().parse().map_err(|error| {
            NodeError::invalid(format!("the server's address can't be read: {error}"))
                .with_help(FORM)
        })?;
        let (kind, encrypted) = match url.scheme() {
            "amqp" => (Kind::Amqp, false),
            "amqps" => (Kind::Amqp, true),
            "mqtt" => (Kind::Mqtt, false),
            "mqtts" => (Kind::Mqtt, true),
            "nats" => (Kind::Nats, false),
            "nats+tls" | "tls" => (Kind::Nats, true),
            other => {
                return Err(NodeError::invalid(format!(
                    "`{other}:` is no broker that is known here"
                ))
                .with_help(FORM));
            }
        };
        if url.host_str().is_none_or(str::is_empty) {
            return Err(NodeError::invalid("the server's address names no host").with_help(FORM));
        }
        let decoded = |text: &str| {
            percent_encoding::percent_decode_str(text)
                .decode_utf8_lossy()
                .into_owned()
        };
        let username = field("username")
            .map(str::to_owned)
            .or_else(|| Some(decoded(url.username())).filter(|name| !name.is_empty()));
        let password = field("password")
            .map(str::to_owned)
            .or_else(|| url.password().map(decoded));
        let login = match (field("token"), username) {
            (Some(token), _) => Some(Login::Token(token.into())),
            (None, Some(username)) => Some(Login::Password {
                username,
                password: password.unwrap_or_default().into(),
            }),
            (None, None) => None,
        };
        let unfit = |()| NodeError::invalid("the server's address can't be used").with_help(FORM);
        url.set_username("").map_err(unfit)?;
        url.set_password(None).map_err(unfit)?;
        Ok(Self {
            url,
            kind,
            encrypted,
            login,
            authority: authority.map(|path| cx.file(path)),
        })
    }

    /// The host and its port, `usual` if the address has none.
    #[cfg(any(feature = "mqtt", feature = "nats"))]
    pub(super) fn place(&self, usual: u16) -> (String, u16) {
        let host = self.url.host_str().unwrap_or_default();
        (host.to_owned(), self.url.port().unwrap_or(usual))
    }

    pub(super) async fn publish(&self, message: Outgoing) -> Result<Option<u64>, NodeError> {
        match self.kind {
            #[cfg(feature = "amqp")]
            Kind::Amqp => Box::pin(super::amqp::publish(self, message)).await,
            #[cfg(feature = "mqtt")]
            Kind::Mqtt => Box::pin(super::mqtt::publish(self, message)).await,
            #[cfg(feature = "nats")]
            Kind::Nats => Box::pin(super::nats::publish(self, message)).await,
            #[cfg(not(all(feature = "amqp", feature = "mqtt", feature = "nats")))]
            _ => Err(left_out()),
        }
    }

    pub(super) async fn receive(&self, wanted: Wanted) -> Result<Received, NodeError> {
        match self.kind {
            #[cfg(feature = "amqp")]
            Kind::Amqp => super::amqp::receive(self, wanted).await,
            #[cfg(feature = "mqtt")]
            Kind::Mqtt => super::mqtt::receive(self, wanted).await,
            #[cfg(feature = "nats")]
            Kind::Nats => super::nats::receive(self, wanted).await,
            #[cfg(not(all(feature = "amqp", feature = "mqtt", feature = "nats")))]
            _ => Err(left_out()),
        }
    }
}

#[cfg(not(all(feature = "amqp", feature = "mqtt", feature = "nats")))]
fn left_out() -> NodeError {
    NodeError::invalid("this build of Casare has no support for this kind of broker")
}

/// Waits for an answer as long as brokers may take.
pub(super) async fn in_time<T>(
    doing: &str,
    work: impl Future<Output = Result<T, NodeError>>,
) -> Result<T, NodeError> {
    tokio::time::timeout(PATIENCE, work).await.map_err(|_| {
        NodeError::timeout(format!(
            "{doing}: the broker did not answer within {} s",
            PATIENCE.as_secs()
        ))
        .with_help("check that the broker runs and that its address is right")
    })?
}

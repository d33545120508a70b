//! One connection to a browser: many flat sessions over one pipe or WebSocket.
//!
//! Requests go out in the order they are made, without waiting for one another; answers find their
//! request by id. An event is handed, as unparsed text, to the one listener of its session, on the
//! reading task: whoever gets an answer has already seen every event that came before it.

use std::{
    borrow::Cow,
    collections::HashMap,
    fmt, io,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::{SinkExt, Stream, StreamExt};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    sync::{mpsc, oneshot, watch},
};
use tokio_tungstenite::tungstenite::Message;
use tracing::{debug, trace};

use crate::{
    cdp::{Command, Event},
    error::BrowserError,
    remote,
};

/// Hears the events of one session. Called on the reading task: must not block.
pub(crate) trait Listener: Send + Sync {
    fn event(&self, method: &str, params: &RawValue);
    /// The session or the whole connection has ended.
    fn ended(&self);
}

/// Reads the parameters of the event `E`; text that is not as expected is logged and left alone, since
/// Chromium changes its events faster than we change this crate.
pub(crate) fn parse<E: Event>(params: &RawValue) -> Option<E> {
    serde_json::from_str(params.get())
        .inspect_err(|error| debug!(method = E::METHOD, %error, "event not understood"))
        .ok()
}

/// How long a closed pipe waits for news of the process behind it.
const EXIT_NEWS: Duration = Duration::from_millis(100);

type Answer = Result<Box<RawValue>, Refusal>;

#[derive(Debug)]
enum Refusal {
    Gone,
    SessionGone,
    Said(String),
}

#[derive(Default)]
struct Routes {
    pending: HashMap<u64, (Option<Arc<str>>, oneshot::Sender<Answer>)>,
    listeners: HashMap<Arc<str>, Weak<dyn Listener>>,
    closed: bool,
}

struct Shared {
    outbox: mpsc::UnboundedSender<Vec<u8>>,
    routes: Mutex<Routes>,
    next_id: AtomicU64,
    /// Why the connection ended; `None` while it lives.
    ended: watch::Sender<Option<String>>,
}

/// A connection to one browser. Clones share it.
#[derive(Clone)]
pub(crate) struct Connection(Arc<Shared>);

impl fmt::Debug for Connection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Connection")
            .field("ended", &*self.0.ended.borrow())
            .finish_non_exhaustive()
    }
}

/// One flat session on a connection; the browser's own has no id.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    connection: Connection,
    id: Option<Arc<str>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outgoing<'a, C> {
    id: u64,
    method: &'static str,
    params: &'a C,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Incoming<'a> {
    id: Option<u64>,
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    session_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<Fault<'a>>,
}

#[derive(Deserialize)]
struct Fault<'a> {
    #[serde(borrow)]
    message: Cow<'a, str>,
    #[serde(borrow)]
    data: Option<Cow<'a, str>>,
}

impl Connection {
    /// Speaks NUL-separated JSON over a pair of byte streams.
    pub(crate) fn over_pipe(
        reader: impl AsyncRead + Send + Unpin + 'static,
        mut writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        let (connection, mut outbox) = Self::new();
        tokio::spawn(async move {
            while let Some(mut message) = outbox.recv().await {
                message.push(0);
                // What piled up meanwhile goes out in the same write.
                while let Ok(more) = outbox.try_recv() {
                    message.extend_from_slice(&more);
                    message.push(0);
                }
                if writer.write_all(&message).await.is_err() {
                    break;
                }
            }
        });
        let shared = Arc::downgrade(&connection.0);
        tokio::spawn(async move {
            let mut reader = BufReader::with_capacity(1 << 16, reader);
            let mut message = Vec::new();
            let reason = loop {
                message.clear();
                match reader.read_until(0, &mut message).await {
                    Ok(0) => break "it closed the connection".to_owned(),
                    Ok(_) => {}
                    Err(error) => break error.to_string(),
                }
                if message.last() == Some(&0) {
                    message.pop();
                }
                let Some(shared) = shared.upgrade() else {
                    return;
                };
                shared.receive(&message);
            };
            // Whoever watches the process can say better why; it knows within milliseconds.
            tokio::time::sleep(EXIT_NEWS).await;
            if let Some(shared) = shared.upgrade() {
                shared.end(&reason);
            }
        });
        connection
    }

    /// Connects to a `ws://` or `wss://` address.
    pub(crate) async fn over_websocket(address: &str) -> Result<Self, io::Error> {
        let config = tokio_tungstenite::tungstenite::protocol::WebSocketConfig::default()
            // Screenshots of long pages are large.
            .max_message_size(Some(256 << 20))
            .max_frame_size(Some(256 << 20));
        let url = url::Url::parse(address).map_err(io::Error::other)?;
        let host = url
            .host_str()
            .ok_or_else(|| io::Error::other("it names no host"))?;
        let secure = url.scheme() == "wss";
        let port = url.port_or_known_default().unwrap_or(9222);
        let stream = remote::open(host, port, secure).await?;
        let (socket, _) =
            tokio_tungstenite::client_async_with_config(address, stream, Some(config))
                .await
                .map_err(io::Error::other)?;
        let (mut writer, reader) = socket.split();
        let (connection, mut outbox) = Self::new();
        let mut ended = connection.0.ended.subscribe();
        tokio::spawn(async move {
            loop {
                // A browser that goes on without us must know that we have gone: it holds new tabs for us.
                let message = tokio::select! {
                    biased;
                    _ = ended.wait_for(Option::is_some) => break,
                    message = outbox.recv() => message,
                };
                let Some(message) = message else { break };
                let Ok(text) = String::from_utf8(message) else {
                    continue;
                };
                if writer.send(Message::text(text)).await.is_err() {
                    break;
                }
            }
            // A peer that has gone already needs no farewell.
            let _ = writer.close().await;
        });
        let shared = Arc::downgrade(&connection.0);
        tokio::spawn(async move {
            let reason = read_websocket(&shared, reader).await;
            if let Some(shared) = shared.upgrade() {
                shared.end(&reason);
            }
        });
        Ok(connection)
    }

    fn new() -> (Self, mpsc::UnboundedReceiver<Vec<u8>>) {
        let (outbox, messages) = mpsc::unbounded_channel();
        let shared = Shared {
            outbox,
            routes: Mutex::default(),
            next_id: AtomicU64::new(1),
            ended: watch::Sender::new(None),
        };
        (Connection(Arc::new(shared)), messages)
    }

    /// The browser's own session.
    pub(crate) fn root(&self) -> Session {
        Session {
            connection: self.clone(),
            id: None,
        }
    }

    pub(crate) fn session(&self, id: &str) -> Session {
        Session {
            connection: self.clone(),
            id: Some(id.into()),
        }
    }

    /// Ends the connection from our side: every call in flight fails with `reason`.
    pub(crate) fn end(&self, reason: &str) {
        self.0.end(reason);
    }

    /// Why the connection has ended, if it has.
    pub(crate) fn ended(&self) -> Option<String> {
        self.0.ended.borrow().clone()
    }

    /// Resolves when the connection has ended.
    pub(crate) async fn wait_ended(&self) {
        let mut ended = self.0.ended.subscribe();
        // An error means that the sender has gone, which is an end too.
        let _ = ended.wait_for(Option::is_some).await;
    }

    fn gone(&self) -> BrowserError {
        BrowserError::Gone {
            reason: self.ended().unwrap_or_else(|| "it was closed".into()),
        }
    }
}

async fn read_websocket<S>(shared: &Weak<Shared>, mut reader: S) -> String
where
    S: Stream<Item = Result<Message, tokio_tungstenite::tungstenite::Error>> + Unpin,
{
    while let Some(message) = reader.next().await {
        let Some(shared) = shared.upgrade() else {
            break;
        };
        match message {
            Ok(Message::Text(text)) => shared.receive(text.as_bytes()),
            Ok(Message::Close(_)) => break,
            Ok(_) => {}
            Err(error) => return error.to_string(),
        }
    }
    "it closed the connection".to_owned()
}

impl Shared {
    fn receive(&self, message: &[u8]) {
        let Ok(incoming) = serde_json::from_slice::<Incoming<'_>>(message) else {
            debug!(bytes = message.len(), "message not understood");
            return;
        };
        let session = incoming.session_id.as_deref().unwrap_or_default();
        if let Some(id) = incoming.id {
            let waiting = self.routes.lock().pending.remove(&id);
            let answer = match (incoming.result, incoming.error) {
                (_, Some(fault)) => Err(Refusal::Said(match fault.data {
                    Some(data) => format!("{} ({data})", fault.message),
                    None => fault.message.into_owned(),
                })),
                (Some(result), None) => Ok(result.to_owned()),
                (None, None) => Ok(RawValue::NULL.to_owned()),
            };
            if let Some((_, waiting)) = waiting {
                // Nobody may be interested any more.
                let _ = waiting.send(answer);
            }
        } else if let (Some(method), Some(params)) = (incoming.method, incoming.params) {
            trace!(%method, session, "event");
            let listener = self
                .routes
                .lock()
                .listeners
                .get(session)
                .and_then(Weak::upgrade);
            if let Some(listener) = listener {
                listener.event(&method, params);
            }
        }
    }

    fn end(&self, reason: &str) {
        let (pending, listeners) = {
            let mut routes = self.routes.lock();
            if routes.closed {
                return;
            }
            routes.closed = true;
            self.ended.send_replace(Some(reason.to_owned()));
            (
                std::mem::take(&mut routes.pending),
                std::mem::take(&mut routes.listeners),
            )
        };
        for (_, waiting) in pending.into_values() {
            let _ = waiting.send(Err(Refusal::Gone));
        }
        for listener in listeners
            .into_values()
            .filter_map(|listener| listener.upgrade())
        {
            listener.ended();
        }
    }
}

impl Session {
    pub(crate) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Sends a command now and answers a future for its reply. Dropping the future loses only the reply.
    pub(crate) fn call<C: Command>(
        &self,
        command: &C,
    ) -> impl Future<Output = Result<C::Reply, CallError>> + Send + use<C> {
        let (sender, answer) = oneshot::channel();
        self.send(command, Some(sender));
        async move {
            match answer.await {
                Ok(Ok(result)) => {
                    serde_json::from_str(result.get()).map_err(|source| CallError::Answer {
                        method: C::METHOD,
                        source,
                    })
                }
                Ok(Err(Refusal::Said(message))) => Err(CallError::Refused {
                    method: C::METHOD,
                    message,
                }),
                Ok(Err(Refusal::SessionGone)) => Err(CallError::SessionGone),
                Ok(Err(Refusal::Gone)) | Err(_) => Err(CallError::Gone),
            }
        }
    }

    /// Sends a command whose reply is of no interest.
    pub(crate) fn tell<C: Command>(&self, command: &C) {
        self.send(command, None);
    }

    fn send<C: Command>(&self, command: &C, answer: Option<oneshot::Sender<Answer>>) {
        let shared = &self.connection.0;
        let id = shared.next_id.fetch_add(1, Ordering::Relaxed);
        let outgoing = Outgoing {
            id,
            method: C::METHOD,
            params: command,
            session_id: self.id.as_deref(),
        };
        let Ok(message) = serde_json::to_vec(&outgoing) else {
            // Our own types always serialise; dropping `answer` reports the impossible as a lost call.
            return;
        };
        if let Some(answer) = answer {
            let mut routes = shared.routes.lock();
            if routes.closed {
                let _ = answer.send(Err(Refusal::Gone));
                return;
            }
            routes.pending.insert(id, (self.id.clone(), answer));
        }
        // The writer ends with the connection; `end` has failed or will fail the call.
        let _ = shared.outbox.send(message);
    }

    /// Hands the events of this session to `listener` for as long as that lives.
    pub(crate) fn listen(&self, listener: Weak<dyn Listener>) {
        let mut routes = self.connection.0.routes.lock();
        routes
            .listeners
            .insert(self.id.clone().unwrap_or_else(|| "".into()), listener);
    }

    /// Forgets a session that the browser has detached: its calls in flight fail at once.
    pub(crate) fn forget(&self) {
        let Some(id) = &self.id else { return };
        let orphans: Vec<_> = {
            let mut routes = self.connection.0.routes.lock();
            routes.listeners.remove(id);
            let ids: Vec<u64> = routes
                .pending
                .iter()
                .filter(|(_, (session, _))| session.as_ref() == Some(id))
                .map(|(id, _)| *id)
                .collect();
            ids.iter()
                .filter_map(|id| routes.pending.remove(id))
                .collect()
        };
        for (_, waiting) in orphans {
            let _ = waiting.send(Err(Refusal::SessionGone));
        }
    }
}

/// Why a single command got no reply; becomes a [`BrowserError`] where the page is known.
#[derive(Debug)]
pub(crate) enum CallError {
    Gone,
    SessionGone,
    Refused {
        method: &'static str,
        message: String,
    },
    Answer {
        method: &'static str,
        source: serde_json::Error,
    },
}

impl CallError {
    /// The document that a script ran in was replaced: ask again in the new one.
    pub(crate) fn is_lost_document(&self) -> bool {
        match self {
            CallError::SessionGone => true,
            CallError::Refused { message, .. } => {
                const LOST: [&str; 7] = [
                    "Cannot find context",
                    "Execution context was destroyed",
                    "Inspected target navigated or closed",
                    "Promise was collected",
                    "uniqueContextId not found",
                    "Could not find object with given id",
                    "Argument should belong to the same JavaScript world",
                ];
                LOST.iter().any(|lost| message.contains(lost))
            }
            CallError::Gone | CallError::Answer { .. } => false,
        }
    }

    /// The error to show; `url` names the page, `connection` knows why it ended.
    pub(crate) fn into_error(self, connection: &Connection, url: &str) -> BrowserError {
        match self {
            CallError::Gone => connection.gone(),
            CallError::SessionGone => BrowserError::PageClosed {
                url: url.to_owned(),
            },
            CallError::Refused { message, .. }
                if message.contains("Session with given id not found") =>
            {
                BrowserError::PageClosed {
                    url: url.to_owned(),
                }
            }
            CallError::Refused { method, message } => BrowserError::Protocol { method, message },
            CallError::Answer { method, source } => BrowserError::Answer { method, source },
        }
    }
}

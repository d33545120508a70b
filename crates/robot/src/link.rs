//! The connection to the server: made again whenever it breaks.

use casare_tunnel::{FromRobot, FromServer, MOST_BYTES};
use futures::{SinkExt, StreamExt};
use secrecy::ExposeSecret;
use tokio::sync::mpsc;
use tokio_tungstenite::{
    connect_async_with_config,
    tungstenite::{
        Error, Message, Utf8Bytes, client::IntoClientRequest, http::HeaderValue,
        protocol::WebSocketConfig,
    },
};

use crate::{Identity, RobotError};

/// Messages that may wait to be written before the robot holds back.
const BACKLOG: usize = 64;

/// An open connection.
#[derive(Debug)]
pub(crate) struct Link {
    out: mpsc::Sender<FromRobot>,
    heard: mpsc::Receiver<FromServer>,
}

impl Link {
    /// # Errors
    ///
    /// `Refused` where trying again does not help; `Unreachable` where it may.
    pub(crate) async fn open(identity: &Identity) -> Result<Self, RobotError> {
        let request = request(identity)?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(MOST_BYTES))
            .max_frame_size(Some(MOST_BYTES));
        let unreachable = |why: String| RobotError::Unreachable {
            server: identity.server.clone(),
            why,
        };
        let socket = match connect_async_with_config(request, Some(config), true).await {
            Ok((socket, _)) => socket,
            Err(Error::Http(answer)) if answer.status().is_client_error() => {
                let problem: serde_json::Value = answer
                    .body()
                    .as_deref()
                    .and_then(|body| serde_json::from_slice(body).ok())
                    .unwrap_or_default();
                let said = problem["detail"].as_str().or(problem["title"].as_str());
                return Err(RobotError::Refused {
                    server: identity.server.clone(),
                    why: said.map_or_else(|| answer.status().to_string(), str::to_owned),
                });
            }
            Err(error) => return Err(unreachable(casare_engine::chain(&error))),
        };
        let (mut sink, mut stream) = socket.split();
        let (out, mut waiting) = mpsc::channel::<FromRobot>(BACKLOG);
        let (tell, heard) = mpsc::channel(BACKLOG);
        tokio::spawn(async move {
            while let Some(message) = waiting.recv().await {
                let text = serde_json::to_string(&message).unwrap_or_default();
                if sink
                    .send(Message::Text(Utf8Bytes::from(text)))
                    .await
                    .is_err()
                {
                    return;
                }
            }
            // The robot has let go of it.
            let _ = sink.close().await;
        });
        tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                let Message::Text(text) = message else {
                    continue;
                };
                match serde_json::from_str(&text) {
                    Ok(message) => {
                        if tell.send(message).await.is_err() {
                            return;
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the server said what this robot does not understand");
                    }
                }
            }
        });
        Ok(Self { out, heard })
    }

    /// Whether it went out; if not, the connection is broken.
    pub(crate) async fn say(&self, message: FromRobot) -> bool {
        self.out.send(message).await.is_ok()
    }

    /// What the server says next; `None` when the connection is broken.
    pub(crate) async fn hear(&mut self) -> Option<FromServer> {
        self.heard.recv().await
    }
}

fn request(
    identity: &Identity,
) -> Result<tokio_tungstenite::tungstenite::http::Request<()>, RobotError> {
    let address = || RobotError::Address(identity.server.clone());
    let rest = identity
        .server
        .strip_prefix("http")
        .ok_or_else(address)?
        .trim_end_matches('/');
    let mut request = format!("ws{rest}/api/v1/robot/tunnel")
        .into_client_request()
        .map_err(|_| address())?;
    let mut key = HeaderValue::from_str(&format!("Bearer {}", identity.key.expose_secret()))
        .map_err(|_| address())?;
    key.set_sensitive(true);
    request.headers_mut().insert("authorization", key);
    Ok(request)
}

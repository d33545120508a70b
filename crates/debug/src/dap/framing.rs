//! Messages on the wire: a header with the length, then JSON.

use std::io;

use serde_json::{Value as Json, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    sync::mpsc,
};

use super::{Answer, DapError, protocol::Request};

/// Bytes of the longest message.
const LONGEST: usize = 16 << 20;
/// Bytes of the longest header line.
const LONGEST_LINE: u64 = 1024;

/// What is wrong with a message.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// A header that is none.
    #[error("a message begins with `Content-Length: N`, not with `{0}`")]
    Header(String),
    /// A message that is too long to be one.
    #[error("a message of {0} bytes is longer than {LONGEST}")]
    TooLong(usize),
    /// The content is not JSON.
    #[error("a message is not JSON")]
    Json(#[from] serde_json::Error),
    /// The connection broke.
    #[error("the connection broke")]
    Read(#[from] io::Error),
}

/// Reads messages until the connection ends, or something is wrong with it.
pub(super) async fn read(
    reader: impl AsyncRead + Unpin,
    into: mpsc::Sender<Result<Json, FrameError>>,
) {
    let mut reader = BufReader::new(reader);
    loop {
        let message = match one(&mut reader).await {
            Ok(Some(message)) => Ok(message),
            Ok(None) => return,
            Err(error) => Err(error),
        };
        let failed = message.is_err();
        if into.send(message).await.is_err() || failed {
            return;
        }
    }
}

/// One message; `None` at the end.
async fn one(reader: &mut (impl AsyncBufReadExt + Unpin)) -> Result<Option<Json>, FrameError> {
    let mut length = None;
    loop {
        let mut line = Vec::new();
        let mut limited = (&mut *reader).take(LONGEST_LINE);
        if limited.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim();
        if line.is_empty() {
            if let Some(length) = length {
                let mut content = vec![0; length];
                reader.read_exact(&mut content).await?;
                return Ok(Some(serde_json::from_slice(&content)?));
            }
            continue;
        }
        let header = line.split_once(':');
        match header {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                let bytes: usize = value
                    .trim()
                    .parse()
                    .map_err(|_| FrameError::Header(line.to_owned()))?;
                if bytes > LONGEST {
                    return Err(FrameError::TooLong(bytes));
                }
                length = Some(bytes);
            }
            Some((name, _)) if name.eq_ignore_ascii_case("content-type") => {}
            _ => return Err(FrameError::Header(line.chars().take(80).collect())),
        }
    }
}

/// The way to the client. Numbers the messages.
pub(super) struct Writer<W> {
    out: W,
    sequence: u64,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, sequence: 0 }
    }

    pub(super) async fn respond(
        &mut self,
        request: &Request,
        answer: Answer,
    ) -> Result<(), DapError> {
        let mut response = json!({
            "type": "response",
            "request_seq": request.seq,
            "command": request.command,
            "success": answer.is_ok(),
        });
        match answer {
            Ok(Json::Null) => {}
            Ok(body) => response["body"] = body,
            Err(message) => {
                response["body"] = json!({
                    "error": { "id": 1, "format": "{text}", "variables": { "text": message }, "showUser": true }
                });
                response["message"] = message.into();
            }
        }
        self.send(response).await
    }

    pub(super) async fn event(&mut self, event: &str, body: Json) -> Result<(), DapError> {
        let mut message = json!({ "type": "event", "event": event });
        if !body.is_null() {
            message["body"] = body;
        }
        self.send(message).await
    }

    async fn send(&mut self, mut message: Json) -> Result<(), DapError> {
        self.sequence += 1;
        message["seq"] = self.sequence.into();
        let content = message.to_string();
        let frame = format!("Content-Length: {}\r\n\r\n{content}", content.len());
        self.out
            .write_all(frame.as_bytes())
            .await
            .map_err(DapError::Gone)?;
        self.out.flush().await.map_err(DapError::Gone)
    }
}

//! What nodes say to other systems and what they answer, for recordings and replays.

use async_trait::async_trait;
use serde_json::Value as Json;

use crate::{NodeError, StepPath, mask::Mask};

/// A request, or the answer to one.
///
/// For HTTP the head of a request is `{method, url, headers}` and that of an answer
/// `{status, headers, url}`; header names in lower case, their values a text or a list of texts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Message {
    /// All but the body.
    pub head: Json,
    /// The body.
    pub body: Vec<u8>,
}

/// Keeps exchanges with other systems, or answers from those that were kept.
///
/// Messages come with the run's secrets masked.
#[async_trait]
pub trait Exchanges: Send + Sync {
    /// The answer to give without asking the other system; `None` to ask it.
    ///
    /// A replay that has no answer gives an error, so that nothing goes out.
    async fn replay(
        &self,
        _step: &StepPath,
        _protocol: &str,
        _request: &Message,
    ) -> Option<Result<Message, NodeError>> {
        None
    }

    /// The other system was asked and answered, or could not be reached.
    fn record(
        &self,
        _step: &StepPath,
        _protocol: &str,
        _request: &Message,
        _answer: &Result<Message, NodeError>,
    ) {
    }
}

/// The exchanges of one step; see [`StepContext::exchanges`](crate::StepContext::exchanges).
pub struct StepExchanges<'a> {
    pub(crate) exchanges: &'a dyn Exchanges,
    pub(crate) step: &'a StepPath,
    pub(crate) mask: &'a Mask,
}

impl StepExchanges<'_> {
    /// The answer to give instead of asking the other system; `None` to ask it.
    ///
    /// `protocol` is a word such as `http`.
    pub async fn replay(
        &self,
        protocol: &str,
        request: &Message,
    ) -> Option<Result<Message, NodeError>> {
        let request = self.masked(request);
        self.exchanges.replay(self.step, protocol, &request).await
    }

    /// Tells what was asked and answered.
    pub fn record(&self, protocol: &str, request: &Message, answer: &Result<Message, NodeError>) {
        let answer = answer.as_ref().map(|answer| self.masked(answer));
        let answer = answer.map_err(|error| self.masked_error(error));
        self.exchanges
            .record(self.step, protocol, &self.masked(request), &answer);
    }

    fn masked(&self, message: &Message) -> Message {
        let mut message = message.clone();
        if self.mask.is_empty() {
            return message;
        }
        self.mask.json(&mut message.head);
        if let Ok(text) = std::str::from_utf8(&message.body) {
            message.body = self.mask.text(text).into_bytes();
        }
        message
    }

    fn masked_error(&self, error: &NodeError) -> NodeError {
        let masked = NodeError::new(error.kind(), self.mask.text(error.message()));
        match error.help() {
            Some(help) => masked.with_help(self.mask.text(help)),
            None => masked,
        }
    }
}

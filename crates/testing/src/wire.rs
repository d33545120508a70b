//! Answers in the place of HTTP servers.

use std::sync::Arc;

use async_trait::async_trait;
use casare_engine::{ErrorKind, Exchanges, NodeError, StepPath, exchange::Message};
use parking_lot::Mutex;
use serde_json::{Value as Json, json};

use crate::{
    file::{HttpAnswer, HttpReply, HttpRequest},
    recording::Exchange,
    stage::{SharedStage, Unforeseen},
};

/// A source of answers.
pub(crate) enum Answers {
    Rule(Box<HttpAnswer>),
    Recorded(Vec<Exchange>),
}

/// A request that a run made.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) url: String,
    headers: Json,
    body: Vec<u8>,
}

impl Asked {
    fn of(request: &Message) -> Self {
        let text = |key: &str| request.head[key].as_str().unwrap_or_default().to_owned();
        Self {
            method: text("method"),
            url: text("url"),
            headers: request.head["headers"].clone(),
            body: request.body.clone(),
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn to_json(&self) -> Json {
        let body = serde_json::from_slice(&self.body).unwrap_or_else(|_| Json::from(self.text()));
        json!({ "method": self.method, "url": self.url, "body": body })
    }
}

impl HttpRequest {
    /// Whether a request is meant.
    pub(crate) fn matches(&self, asked: &Asked) -> bool {
        self.method
            .as_ref()
            .is_none_or(|method| *method == asked.method)
            && self
                .url
                .as_ref()
                .is_none_or(|url| url.matches(&Json::from(asked.url.as_str())))
            && self
                .headers
                .as_ref()
                .is_none_or(|headers| headers.has_entries(&asked.headers))
            && self.json.as_ref().is_none_or(|json| {
                serde_json::from_slice(&asked.body).is_ok_and(|body| json.matches(&body))
            })
            && self
                .body
                .as_ref()
                .is_none_or(|body| body.matches(&Json::from(asked.text())))
    }

    /// What it looks at, for messages.
    pub(crate) fn words(&self) -> String {
        let method = self.method.as_deref().unwrap_or("a request");
        match &self.url {
            Some(url) => format!("{method} to {}", url.shown()),
            None => method.to_owned(),
        }
    }
}

/// What a run says to HTTP servers.
pub(crate) struct Wire {
    /// `None` lets requests out.
    answers: Option<Vec<Answers>>,
    state: Mutex<State>,
    stage: SharedStage,
}

#[derive(Default)]
struct State {
    asked: Vec<Asked>,
    /// How often each source answered, and which recorded answers were given.
    given: Vec<Vec<usize>>,
}

impl Wire {
    pub(crate) fn new(answers: Option<Vec<Answers>>, stage: SharedStage) -> Arc<Self> {
        let sources = answers.as_ref().map_or(0, Vec::len);
        Arc::new(Self {
            answers,
            state: Mutex::new(State {
                asked: Vec::new(),
                given: vec![Vec::new(); sources],
            }),
            stage,
        })
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.lock().asked.clone()
    }

    fn answer(&self, asked: &Asked, sources: &[Answers]) -> Option<Result<Message, NodeError>> {
        let mut state = self.state.lock();
        for (source, given) in sources.iter().zip(&mut state.given) {
            match source {
                Answers::Rule(rule) if rule.request.matches(asked) => {
                    given.push(0);
                    let last = rule.replies.len().saturating_sub(1);
                    let reply = rule.replies.get((given.len() - 1).min(last))?;
                    return Some(reply.message(&asked.url));
                }
                Answers::Recorded(exchanges) => {
                    let is_same = |exchange: &Exchange| exchange.asks(asked);
                    let fresh = exchanges.iter().enumerate();
                    let mut fresh = fresh.filter(|(number, _)| !given.contains(number));
                    let found = fresh.find(|(_, exchange)| is_same(exchange)).or_else(|| {
                        let again = exchanges.iter().enumerate().rev();
                        let mut again = again.filter(|(_, exchange)| is_same(exchange));
                        again.next()
                    });
                    if let Some((number, exchange)) = found {
                        given.push(number);
                        return Some(exchange.answer());
                    }
                }
                Answers::Rule(_) => {}
            }
        }
        None
    }
}

impl Exchange {
    /// Whether it is an exchange about the same request.
    pub(crate) fn asks(&self, asked: &Asked) -> bool {
        self.request.head["method"].as_str() == Some(&asked.method)
            && self.request.head["url"].as_str() == Some(&asked.url)
            && self.request.body.bytes() == asked.body
    }
}

impl HttpReply {
    fn message(&self, url: &str) -> Result<Message, NodeError> {
        match self {
            Self::Answer {
                status,
                headers,
                body,
            } => Ok(Message {
                head: json!({ "status": status, "headers": headers, "url": url }),
                body: body.clone(),
            }),
            Self::Error { kind, message } => Err(NodeError::new(*kind, message.clone())),
        }
    }
}

#[async_trait]
impl Exchanges for Wire {
    async fn replay(
        &self,
        step: &StepPath,
        protocol: &str,
        request: &Message,
    ) -> Option<Result<Message, NodeError>> {
        let sources = self.answers.as_ref()?;
        let asked = Asked::of(request);
        self.state.lock().asked.push(asked.clone());
        if let Some(answer) = self.answer(&asked, sources) {
            return Some(answer);
        }
        let message = format!("the test has no answer for {} {}", asked.method, asked.url);
        self.stage.unforeseen(Unforeseen {
            at: None,
            message: format!("{message} ({protocol}, step {step})"),
            help: "add it under `http`: a `request` and its `answer`".to_owned(),
            step: None,
        });
        Some(Err(
            NodeError::new(ErrorKind::Unavailable, message).permanent()
        ))
    }

    fn record(&self, _: &StepPath, _: &str, request: &Message, _: &Result<Message, NodeError>) {
        self.state.lock().asked.push(Asked::of(request));
    }
}

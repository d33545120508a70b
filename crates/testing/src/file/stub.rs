//! Answers in the place of steps and of HTTP servers.

use casare_engine::ErrorKind;
use serde_json::{Map, Value as Json, json};

use super::{
    HttpAnswer, HttpReply, HttpRequest, HttpRule, Replies, Reply, Selector, Stub,
    read::{At, Reader},
};
use crate::pattern::Pattern;

pub(crate) const STUB_KEYS: [&str; 8] = [
    "step",
    "node",
    "with",
    "outputs",
    "error",
    "pass",
    "sequence",
    "skip_block",
];
pub(crate) const REPLY_KEYS: [&str; 3] = ["outputs", "error", "pass"];
pub(crate) const ERROR_KEYS: [&str; 2] = ["kind", "message"];
pub(crate) const RULE_KEYS: [&str; 5] = ["request", "answer", "answers", "error", "recording"];
pub(crate) const REQUEST_KEYS: [&str; 5] = ["method", "url", "headers", "json", "body"];
pub(crate) const ANSWER_KEYS: [&str; 6] = ["status", "headers", "json", "body", "file", "error"];

impl<'d> Reader<'d> {
    pub(super) fn stubs(&mut self, at: Option<At<'d>>) -> Vec<Stub> {
        let Some(at) = at.filter(|at| self.list(at, "a list of stubs").is_some()) else {
            return Vec::new();
        };
        let items = at.items().into_iter();
        items.filter_map(|at| self.stub(&at)).collect()
    }

    fn stub(&mut self, at: &At<'d>) -> Option<Stub> {
        self.map(at, "a map with `step` or `node`")?;
        self.known_keys(at, &STUB_KEYS);
        let steps = self.selector(at);
        let with = at.get("with").and_then(|at| self.pattern(&at));
        let skip_block = at.get("skip_block").and_then(|at| self.boolean(&at));
        let replies = match at.get("sequence") {
            Some(list) => {
                self.list(&list, "a list of answers")?;
                let items = list.items().into_iter();
                let replies = items.filter_map(|at| {
                    self.map(&at, "a map with `outputs`, `error` or `pass`")?;
                    self.known_keys(&at, &REPLY_KEYS);
                    self.reply(&at)
                });
                Replies::InTurn(replies.collect())
            }
            None => Replies::Always(self.reply(at)?),
        };
        Some(Stub {
            at: at.path.clone(),
            steps: steps?,
            with,
            replies,
            skip_block: skip_block.unwrap_or_default(),
        })
    }

    /// `step: …` or `node: …`.
    pub(super) fn selector(&mut self, at: &At<'d>) -> Option<Selector> {
        match (at.get("step"), at.get("node")) {
            (Some(step), None) => self.text(&step).map(Selector::Step),
            (None, Some(node)) => self.text(&node).map(Selector::Node),
            (Some(_), Some(node)) => {
                self.problem(
                    &node,
                    "misplaced-key",
                    "it is for a step or for a node, not both",
                );
                None
            }
            (None, None) => {
                let problem = self.problem(at, "missing-key", "it is not said which step is meant");
                problem.help = Some(
                    "add `step:` with an id or name, or `node:` with the name of a node".to_owned(),
                );
                None
            }
        }
    }

    fn reply(&mut self, at: &At<'d>) -> Option<Reply> {
        let (outputs, error, pass) = (at.get("outputs"), at.get("error"), at.get("pass"));
        match (outputs, error, pass) {
            (Some(outputs), None, None) => Some(Reply::Outputs(outputs.node.to_json())),
            (None, Some(error), None) => {
                let (kind, message) = self.error(&error)?;
                Some(Reply::Error { kind, message })
            }
            (None, None, Some(pass)) => {
                if self.boolean(&pass)? {
                    return Some(Reply::Pass);
                }
                self.problem(&pass, "wrong-value", "`pass` can only be `true`");
                None
            }
            (None, None, None) => {
                let message = "it is not said what the step answers";
                let problem = self.problem(at, "missing-key", message);
                problem.help = Some(
                    "add `outputs: {…}`, `error: { kind: …, message: … }`, `pass: true` or a \
                     `sequence` of them"
                        .to_owned(),
                );
                None
            }
            _ => {
                let message = "a step has outputs, fails or is executed: one of them";
                self.problem(at, "misplaced-key", message);
                None
            }
        }
    }

    /// A message, or `{ kind: …, message: … }`.
    fn error(&mut self, at: &At<'d>) -> Option<(ErrorKind, String)> {
        if at.node.as_map().is_none() {
            return Some((ErrorKind::Unavailable, self.text(at)?));
        }
        self.known_keys(at, &ERROR_KEYS);
        let kind = match at.get("kind") {
            Some(at) => {
                let name = self.text(&at)?;
                self.parsed(&at, &name)?
            }
            None => ErrorKind::Unavailable,
        };
        let message = at.get("message").and_then(|at| self.text(&at));
        let message = message.unwrap_or_else(|| format!("the test lets it fail: {kind}"));
        Some((kind, message))
    }

    /// The rules of `http`: a list, or the path of a recording.
    pub(super) fn http(&mut self, at: &At<'d>) -> Vec<HttpRule> {
        if at.node.as_text().is_some() {
            return self.recording(at).into_iter().collect();
        }
        if self
            .list(at, "a list of requests with their answers")
            .is_none()
        {
            return Vec::new();
        }
        let items = at.items().into_iter();
        items.filter_map(|at| self.rule(&at)).collect()
    }

    fn recording(&mut self, at: &At<'d>) -> Option<HttpRule> {
        let name = self.text(at)?;
        let file = self.folder.join(&name);
        if !file.is_file() {
            let message = format!("there is no recording `{name}`");
            let problem = self.problem(at, "no-file", message);
            problem.help = Some("`casare run --record FILE` makes one".to_owned());
            return None;
        }
        Some(HttpRule::Recording(file))
    }

    fn rule(&mut self, at: &At<'d>) -> Option<HttpRule> {
        self.map(at, "a map with `request` and `answer`")?;
        self.known_keys(at, &RULE_KEYS);
        if let Some(recording) = at.get("recording") {
            return self.recording(&recording);
        }
        let request = match at.get("request") {
            Some(request) => self.request(&request, &REQUEST_KEYS),
            None => HttpRequest::default(),
        };
        let replies: Vec<HttpReply> = if let Some(list) = at.get("answers") {
            self.list(&list, "a list of answers")?;
            let items = list.items().into_iter();
            items.filter_map(|at| self.answer(&at)).collect()
        } else if let Some(answer) = at.get("answer") {
            self.answer(&answer).into_iter().collect()
        } else {
            self.failure(at).into_iter().collect()
        };
        if replies.is_empty() {
            let problem = self.problem(at, "missing-key", "it is not said what is answered");
            problem.help = Some("add `answer: { status: 200, json: … }`".to_owned());
            return None;
        }
        Some(HttpRule::Rule(Box::new(HttpAnswer { request, replies })))
    }

    /// What of a request is looked at. A text as `url` may have `*` for any characters.
    pub(super) fn request(&mut self, at: &At<'d>, keys: &[&str]) -> HttpRequest {
        self.map(at, "a map with `method` and `url`");
        self.known_keys(at, keys);
        let url = at.get("url").and_then(|at| match at.node.as_text() {
            Some(text) => Some(glob(text)),
            None => self.pattern(&at),
        });
        let method = at.get("method").and_then(|at| self.text(&at));
        HttpRequest {
            method: method.map(|method| method.to_uppercase()),
            url,
            headers: at.get("headers").and_then(|at| {
                let lower = at.node.to_json().as_object().map(|map| {
                    let entries = map.iter();
                    let lower = entries.map(|(key, value)| (key.to_lowercase(), value.clone()));
                    Json::Object(lower.collect())
                })?;
                // Mistakes in it are told with their places.
                self.pattern(&at)?;
                Pattern::read(&lower).ok()
            }),
            json: at.get("json").and_then(|at| self.pattern(&at)),
            body: at.get("body").and_then(|at| self.pattern(&at)),
        }
    }

    fn failure(&mut self, at: &At<'d>) -> Option<HttpReply> {
        let error = at.get("error")?;
        let (kind, message) = self.error(&error)?;
        Some(HttpReply::Error { kind, message })
    }

    fn answer(&mut self, at: &At<'d>) -> Option<HttpReply> {
        self.map(at, "a map with `status`, `json` or `body`")?;
        self.known_keys(at, &ANSWER_KEYS);
        if at.get("error").is_some() {
            return self.failure(at);
        }
        let status = match at.get("status") {
            Some(at) => self.count(&at)?,
            None => 200,
        };
        if !(100..600).contains(&status) {
            let message = format!("{status} is no status of HTTP");
            self.problem(at, "wrong-value", message);
        }
        let mut headers = match at.get("headers").map(|at| at.node.to_json()) {
            Some(Json::Object(map)) => map
                .into_iter()
                .map(|(key, value)| (key.to_lowercase(), as_text(value)))
                .collect(),
            _ => Map::new(),
        };
        let mut body = Vec::new();
        if let Some(json) = at.get("json") {
            body = json.node.to_json().to_string().into_bytes();
            headers
                .entry("content-type")
                .or_insert_with(|| json!("application/json"));
        } else if let Some(text) = at.get("body") {
            body = self.text(&text)?.into_bytes();
        } else if let Some(file) = at.get("file") {
            let name = self.text(&file)?;
            match std::fs::read(self.folder.join(&name)) {
                Ok(content) => body = content,
                Err(error) => {
                    let message = format!("the file `{name}` can't be read: {error}");
                    self.problem(&file, "no-file", message);
                }
            }
        }
        Some(HttpReply::Answer {
            status: status as u16,
            headers,
            body,
        })
    }
}

fn as_text(value: Json) -> Json {
    match value {
        Json::Number(_) | Json::Bool(_) => Json::String(value.to_string()),
        other => other,
    }
}

/// A text in which `*` stands for any characters.
fn glob(text: &str) -> Pattern {
    if !text.contains('*') {
        return Pattern::Equal(Json::from(text));
    }
    let parts: Vec<String> = text.split('*').map(regex::escape).collect();
    let expression = format!("^{}$", parts.join(".*"));
    Pattern::read(&json!({ "$regex": expression })).unwrap_or(Pattern::Equal(Json::from(text)))
}

use std::{collections::BTreeMap, io::Write as _, time::Duration};

use casare_engine::{Artifact, Node, NodeError, StepContext};
use casare_files::AtomicFile;
use casare_workflow::{Any, Effect, value::to_json};
use futures::StreamExt;
use indexmap::IndexMap;
use reqwest::{Method, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    client::shown,
    response,
    send::{Call, Caller, Payload, failed},
    settings::{http_settings, yes},
};

/// The time that an exchange has.
pub(super) const SHORT: Duration = Duration::from_secs(30);

/// The time that an exchange has which carries a file.
pub(super) const LONG: Duration = Duration::from_mins(30);

http_settings! {
    /// Sends a request over HTTP and answers what comes back.
    ///
    /// A status of 400 or above fails the step, with a kind that `catch` and `retry` can choose by:
    /// 404 `not_found`, 401 and 403 `denied`, 409 `conflict`, 429 and 5xx `unavailable`, others
    /// `invalid`. Set `fail_on_status: false` to look at the status yourself.
    ///
    /// Requests that only read (`GET`, `HEAD`, `OPTIONS`) and those with an `idempotency_key` are
    /// repeated when the other side is unavailable; others are sent once.
    ///
    /// Addresses of this machine and of private networks are refused unless `allow` names them.
    pub(super) struct Request {
        /// The address, `https://…` or `http://…`; in an `http.session` it may start at its base.
        url: String,
        /// The method.
        #[serde(default)]
        method: Verb,
        /// Parameters that are added to the address.
        #[serde(default)]
        query: IndexMap<String, Any>,
        /// A body that is sent as JSON.
        #[serde(default)]
        json: Option<Any>,
        /// Fields that are sent as a form.
        #[serde(default)]
        form: Option<IndexMap<String, String>>,
        /// A body that is sent as text.
        #[serde(default)]
        text: Option<String>,
        /// A file that is sent as the body.
        #[serde(default)]
        file: Option<String>,
        /// What the body is read as.
        #[serde(default, rename = "as")]
        read_as: As,
        /// A file to write the body to; it is not kept in memory then.
        #[serde(default)]
        save_to: Option<String>,
        /// Whether a status of 400 or above fails the step.
        #[serde(default = "yes")]
        fail_on_status: bool,
        /// A key by which the other side knows a repetition; sent as `Idempotency-Key`.
        #[serde(default)]
        idempotency_key: Option<String>,
    }
}

/// Methods of HTTP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Verb {
    #[default]
    Get,
    Head,
    Options,
    Post,
    Put,
    Patch,
    Delete,
}

/// What a body is read as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum As {
    /// JSON or text by what the other side says it is, otherwise bytes.
    #[default]
    Auto,
    /// JSON.
    Json,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
}

pub(super) type Body = Any;

/// What was answered.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Answer {
    /// The status, such as 200.
    status: u16,
    /// Whether the status is below 400.
    ok: bool,
    /// The headers; names in lower case.
    headers: BTreeMap<String, String>,
    /// The body; nothing when it went to a file.
    body: Body,
    /// The address that answered, after redirects.
    url: String,
    /// The file the body went to.
    file: Option<Artifact>,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("http.request", request, effect)
        .icon("globe")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: rates
  use: http.request
  with:
    url: https://rates.example.com/latest
    query: { base: EUR }
    headers: { Accept: application/json }
- use: log.write
  with: { message: "1 EUR = {{ steps.rates.body.USD }} USD" }
"#;

fn effect(request: &Request) -> Effect {
    if request.repeatable() {
        Effect::Pure
    } else {
        Effect::Once
    }
}

impl Verb {
    pub(super) fn method(self) -> Method {
        match self {
            Self::Get => Method::GET,
            Self::Head => Method::HEAD,
            Self::Options => Method::OPTIONS,
            Self::Post => Method::POST,
            Self::Put => Method::PUT,
            Self::Patch => Method::PATCH,
            Self::Delete => Method::DELETE,
        }
    }
}

impl Request {
    fn repeatable(&self) -> bool {
        matches!(self.method, Verb::Get | Verb::Head | Verb::Options)
            || self.idempotency_key.is_some()
    }

    fn payload(&self, cx: &StepContext) -> Result<Payload, NodeError> {
        let mut given = Vec::new();
        if let Some(json) = &self.json {
            given.push(Payload::json(&to_json(&json.0)));
        }
        if let Some(form) = &self.form {
            let fields: Vec<_> = form.clone().into_iter().collect();
            given.push(Payload::form(&fields));
        }
        if let Some(text) = &self.text {
            given.push(Payload::Bytes {
                content: text.clone().into_bytes(),
                media_type: None,
            });
        }
        if let Some(file) = &self.file {
            given.push(Payload::File {
                path: cx.file(file),
                media_type: None,
            });
        }
        if given.len() > 1 {
            return Err(NodeError::invalid(
                "give one of `json`, `form`, `text` and `file`, not several",
            ));
        }
        Ok(given.pop().unwrap_or_default())
    }
}

async fn request(cx: &StepContext, settings: Request) -> Result<Answer, NodeError> {
    let payload = settings.payload(cx)?;
    let patience = match (&settings.save_to, &settings.file) {
        (None, None) => SHORT,
        _ => LONG,
    };
    let caller = Caller::new(cx, settings.common(), patience).await?;
    let url = caller.url(&settings.url, &settings.query)?;
    let mut call = Call::new(settings.method.method(), url);
    call.payload = payload;
    call.repeatable = settings.repeatable();
    if let Some(key) = &settings.idempotency_key {
        call.header("idempotency-key", key)?;
    }
    let response = caller.send(&call).await?;
    answer(cx, &settings, &caller, &call, response).await
}

async fn answer(
    cx: &StepContext,
    settings: &Request,
    caller: &Caller<'_>,
    call: &Call,
    response: Response,
) -> Result<Answer, NodeError> {
    let status = response.status();
    let url = response.url().clone();
    let headers = response.headers().clone();
    let refused = settings.fail_on_status && status.as_u16() >= 400;
    let mut file = None;
    let body = match &settings.save_to {
        Some(path) if !refused => {
            file = Some(save(cx, path, response).await?);
            Body::default()
        }
        _ => {
            let bytes = caller.bytes(response).await?;
            if refused {
                return Err(response::refusal(call, status, &bytes));
            }
            response::body(settings.read_as, &headers, &bytes)?
        }
    };
    Ok(Answer {
        status: status.as_u16(),
        ok: status.as_u16() < 400,
        headers: response::headers(&headers),
        body,
        url: caller.without_key(url).to_string(),
        file,
    })
}

/// Writes the body beside the target and puts it in place when it is whole.
async fn save(cx: &StepContext, path: &str, response: Response) -> Result<Artifact, NodeError> {
    let target = cx.file(path);
    let from = shown(response.url());
    let media_type = response::media_type(response.headers());
    let total = response.content_length();
    let mut file = AtomicFile::create(&target)?;
    let mut done = 0;
    let mut body = response.bytes_stream();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| failed(&from, error))?;
        if let Err(error) = file.write_all(&chunk) {
            return Err(file.failed(&error));
        }
        done += chunk.len() as u64;
        cx.progress(done, total);
    }
    file.commit()?;
    cx.describe_file(&target, &media_type)
}

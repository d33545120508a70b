use std::{collections::BTreeMap, sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use casare_engine::{Artifact, LogLevel, Node, NodeError, StepContext, chain};
use casare_workflow::{Any, Effect, Span, value::to_json};
use futures::StreamExt;
use indexmap::IndexMap;
use reqwest::{
    Client, Method, RequestBuilder, Response, StatusCode,
    header::{HeaderMap, RETRY_AFTER},
    redirect,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use url::Url;

use super::{
    guard::{Guard, GuardedResolver, Refused},
    response,
};

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
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    /// The address, `https://…` or `http://…`.
    url: String,
    /// The method.
    #[serde(default)]
    method: Verb,
    /// Parameters that are added to the address.
    #[serde(default)]
    query: IndexMap<String, Any>,
    /// Headers.
    #[serde(default)]
    headers: IndexMap<String, String>,
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
    /// Name of a credential. With `username` and `password` it is sent as basic authentication,
    /// with `token` as bearer token, with `header` and `value` as that header.
    #[serde(default)]
    credential: Option<String>,
    /// What the body is read as.
    #[serde(default, rename = "as")]
    read_as: As,
    /// A file to write the body to; it is not kept in memory then.
    #[serde(default)]
    save_to: Option<String>,
    /// Whether a status of 400 or above fails the step.
    #[serde(default = "yes")]
    fail_on_status: bool,
    /// Time for the whole exchange (30 s).
    #[serde(default)]
    timeout: Option<Span>,
    /// How often a request that can be repeated is sent again when the other side is unavailable.
    #[serde(default = "two")]
    #[schemars(range(max = 20))]
    retries: u32,
    /// A key by which the other side knows a repetition; sent as `Idempotency-Key`.
    #[serde(default)]
    idempotency_key: Option<String>,
    /// How many redirects are followed (10).
    #[serde(default = "ten")]
    redirects: usize,
    /// Addresses behind the robot that may be reached: host names, addresses, networks such as
    /// `10.0.0.0/8`, or `private` for all private networks and this machine.
    #[serde(default)]
    allow: Vec<String>,
}

/// Methods of HTTP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Verb {
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

fn yes() -> bool {
    true
}

fn two() -> u32 {
    2
}

fn ten() -> usize {
    10
}

pub(super) fn node() -> Node {
    Node::action_with_effect("http.request", request, effect)
        .icon("globe")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: rates
  use: http.request
  with:
    url: https://rates.example/latest
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
    fn method(self) -> Method {
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

    fn parsed_url(&self) -> Result<Url, NodeError> {
        let mut url: Url = self.url.trim().parse().map_err(|error| {
            NodeError::invalid(format!("`{}` is no address: {error}", self.url))
                .with_help("write it with its scheme, such as `https://example.com/path`")
        })?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(NodeError::invalid(format!(
                "`{}` is neither http nor https",
                self.url
            )));
        }
        if !self.query.is_empty() {
            let mut pairs = url.query_pairs_mut();
            for (name, value) in &self.query {
                match value.0.try_iter() {
                    Ok(items) if value.0.as_str().is_none() => {
                        for item in items {
                            pairs.append_pair(name, &item.to_string());
                        }
                    }
                    _ if value.0.is_none() => {}
                    _ => {
                        pairs.append_pair(name, &value.0.to_string());
                    }
                }
            }
        }
        Ok(url)
    }

    async fn build(
        &self,
        cx: &StepContext,
        client: &Client,
        url: &Url,
    ) -> Result<RequestBuilder, NodeError> {
        let mut request = client.request(self.method.method(), url.clone());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(key) = &self.idempotency_key {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(json) = &self.json {
            request = request.json(&to_json(&json.0));
        } else if let Some(form) = &self.form {
            request = request.form(form);
        } else if let Some(text) = &self.text {
            request = request.body(text.clone());
        } else if let Some(file) = &self.file {
            let path = cx.file(file);
            let content = tokio::fs::read(&path).await.map_err(|error| {
                NodeError::io(format_args!("could not read {}", path.display()), &error)
            })?;
            request = request.body(content);
        }
        match &self.credential {
            Some(name) => authenticate(cx, name, request).await,
            None => Ok(request),
        }
    }
}

async fn authenticate(
    cx: &StepContext,
    name: &str,
    request: RequestBuilder,
) -> Result<RequestBuilder, NodeError> {
    let credential = cx.credential(name).await?;
    if let Some(token) = credential.optional("token") {
        return Ok(request.bearer_auth(token));
    }
    if let Some(header) = credential.optional("header") {
        return Ok(request.header(header, credential.field("value")?));
    }
    let password = credential.optional("password");
    Ok(request.basic_auth(credential.field("username")?, password))
}

async fn request(cx: &StepContext, settings: Request) -> Result<Answer, NodeError> {
    let bodies = [
        settings.json.is_some(),
        settings.form.is_some(),
        settings.text.is_some(),
        settings.file.is_some(),
    ];
    if bodies.iter().filter(|given| **given).count() > 1 {
        return Err(NodeError::invalid(
            "give one of `json`, `form`, `text` and `file`, not several",
        ));
    }
    let url = settings.parsed_url()?;
    let refused = |refused: Refused| {
        NodeError::denied(refused.to_string())
            .with_help("if the step is meant to reach it, add it to `allow`")
    };
    let guard = Guard::new(&settings.allow).map_err(refused)?;
    guard.check_url(&url).map_err(refused)?;
    let timeout = cx.time_left(settings.timeout.map_or(Duration::from_secs(30), Into::into));
    let client = client(guard, &settings, timeout)?;
    let response = send(cx, &settings, &client, &url).await?;
    answer(cx, &settings, response).await
}

fn client(guard: Guard, settings: &Request, timeout: Duration) -> Result<Client, NodeError> {
    let guard = Arc::new(guard);
    let most = settings.redirects;
    let on_redirect = guard.clone();
    Client::builder()
        .dns_resolver(Arc::new(GuardedResolver(guard)))
        .redirect(redirect::Policy::custom(move |attempt| {
            if attempt.previous().len() > most {
                return attempt.error(format!("more than {most} redirects"));
            }
            match on_redirect.check_url(attempt.url()) {
                Ok(()) => attempt.follow(),
                Err(refused) => attempt.error(refused),
            }
        }))
        .timeout(timeout)
        .connect_timeout(timeout)
        .user_agent(concat!("Casare/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| NodeError::bug(format!("no HTTP client: {}", chain(&error))))
}

/// Sends it, again where that is allowed and may help.
async fn send(
    cx: &StepContext,
    settings: &Request,
    client: &Client,
    url: &Url,
) -> Result<Response, NodeError> {
    let retries = if settings.repeatable() {
        settings.retries
    } else {
        0
    };
    let mut delays = ExponentialBuilder::default()
        .with_jitter()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(Duration::from_secs(10))
        .with_max_times(retries as usize)
        .build();
    loop {
        let sent = settings.build(cx, client, url).await?.send().await;
        let (failure, asked) = match &sent {
            Ok(response) if is_passing(response.status()) => (
                response.status().to_string(),
                retry_after(response.headers()),
            ),
            Err(error) if error.is_connect() || error.is_timeout() => (chain(error), None),
            _ => return sent.map_err(|error| failed(url, &error)),
        };
        let Some(delay) = delays.next() else {
            return sent.map_err(|error| failed(url, &error));
        };
        cx.log(LogLevel::Debug, format!("{url}: {failure}; trying again"));
        tokio::time::sleep(asked.unwrap_or(delay)).await;
    }
}

fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

/// The wait that the other side asks for, in seconds; at most a minute of it.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds.min(60)))
}

fn failed(url: &Url, error: &reqwest::Error) -> NodeError {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(cause) = source {
        if let Some(refused) = cause.downcast_ref::<Refused>() {
            return NodeError::denied(refused.to_string())
                .with_help("if the step is meant to reach it, add it to `allow`");
        }
        source = cause.source();
    }
    let why = chain(error);
    if error.is_timeout() {
        return NodeError::timeout(format!("{url} did not answer in time: {why}"))
            .with_help("raise `timeout`, or give the step a `retry`");
    }
    if error.is_builder() || error.is_redirect() {
        return NodeError::invalid(format!("the request to {url} can't be sent: {why}"));
    }
    NodeError::unavailable(format!("{url} can't be reached: {why}"))
        .with_help("check the address and the network")
}

async fn answer(
    cx: &StepContext,
    settings: &Request,
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
            let bytes = response
                .bytes()
                .await
                .map_err(|error| failed(&url, &error))?;
            if refused {
                let method = settings.method.method();
                return Err(response::refusal(
                    method.as_str(),
                    url.as_str(),
                    status,
                    &bytes,
                ));
            }
            response::body(settings.read_as, &headers, &bytes)?
        }
    };
    Ok(Answer {
        status: status.as_u16(),
        ok: status.as_u16() < 400,
        headers: headers
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), value)
            })
            .collect(),
        body,
        url: url.to_string(),
        file,
    })
}

/// Writes the body beside the target and puts it in place when it is whole.
async fn save(cx: &StepContext, path: &str, response: Response) -> Result<Artifact, NodeError> {
    let target = cx.file(path);
    let folder = target.parent().map(ToOwned::to_owned).unwrap_or_default();
    let failed_io = |error: std::io::Error| {
        NodeError::io(format_args!("could not write {}", target.display()), &error)
    };
    tokio::fs::create_dir_all(&folder)
        .await
        .map_err(failed_io)?;
    let part = tempfile::NamedTempFile::new_in(&folder).map_err(failed_io)?;
    let mut file = tokio::fs::File::from_std(part.reopen().map_err(failed_io)?);
    let url = response.url().clone();
    let total = response.content_length();
    let mut done = 0;
    let mut body = response.bytes_stream();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| failed(&url, &error))?;
        file.write_all(&chunk).await.map_err(failed_io)?;
        done += chunk.len() as u64;
        cx.progress(done, total);
    }
    file.flush().await.map_err(failed_io)?;
    file.sync_all().await.map_err(failed_io)?;
    part.persist(&target)
        .map_err(|error| failed_io(error.error))?;
    cx.describe_file(&target, "application/octet-stream")
}

//! Sends requests: logged in, guarded, repeated where that helps, recorded and replayed.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use backon::{BackoffBuilder, ExponentialBuilder};
use casare_engine::{LogLevel, NodeError, StepContext, chain};
use casare_workflow::Value;
use indexmap::IndexMap;
use jiff::Timestamp;
use reqwest::{
    Body, Client, Method, RequestBuilder, Response, StatusCode,
    header::{
        AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
        WWW_AUTHENTICATE,
    },
    multipart,
};
use url::Url;

use super::{
    client::{Shape, shown},
    digest, exchange,
    guard::Refused,
    login::Login,
    session::Session,
    settings::Common,
};

/// The longest wait that the other side can ask for.
const MOST_WAIT: Duration = Duration::from_mins(2);

/// Sends the requests of one step.
pub(crate) struct Caller<'a> {
    cx: &'a StepContext,
    client: Client,
    shape: Shape,
    session: Option<Arc<Session>>,
    login: Login,
    headers: HeaderMap,
    retries: u32,
    deadline: Instant,
    max_size: u64,
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Payload,
    /// Whether it can be sent again without harm.
    pub(crate) repeatable: bool,
    /// Whether it goes without the step's login, cookies' owner and headers.
    pub(crate) anonymous: bool,
    /// A login of its own.
    pub(crate) basic: Option<(String, String)>,
}

/// What a request carries.
#[derive(Debug, Clone, Default)]
pub(crate) enum Payload {
    #[default]
    Nothing,
    Bytes {
        content: Vec<u8>,
        media_type: Option<String>,
    },
    File {
        path: PathBuf,
        media_type: Option<String>,
    },
    Parts(Vec<Part>),
}

/// A part of a form with files.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) field: String,
    pub(crate) content: PartContent,
}

/// What stands in a part.
#[derive(Debug, Clone)]
pub(crate) enum PartContent {
    Text(String),
    File {
        path: PathBuf,
        name: String,
        media_type: String,
    },
}

impl Payload {
    pub(crate) fn form(fields: &[(String, String)]) -> Self {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(fields);
        Self::Bytes {
            content: text.finish().into_bytes(),
            media_type: Some("application/x-www-form-urlencoded".to_owned()),
        }
    }

    pub(crate) fn json(json: &serde_json::Value) -> Self {
        Self::Bytes {
            content: json.to_string().into_bytes(),
            media_type: Some("application/json".to_owned()),
        }
    }

    async fn add_to(&self, request: RequestBuilder) -> Result<RequestBuilder, NodeError> {
        let typed = |request: RequestBuilder, media_type: &Option<String>| match media_type {
            Some(media_type) => request.header(CONTENT_TYPE, media_type),
            None => request,
        };
        Ok(match self {
            Self::Nothing => request,
            Self::Bytes {
                content,
                media_type,
            } => typed(request, media_type).body(content.clone()),
            Self::File { path, media_type } => {
                let unread = |error| {
                    NodeError::io(format_args!("could not read {}", path.display()), &error)
                };
                let file = tokio::fs::File::open(path).await.map_err(unread)?;
                let size = file.metadata().await.map_err(unread)?.len();
                typed(request, media_type)
                    .header(reqwest::header::CONTENT_LENGTH, size)
                    .body(Body::from(file))
            }
            Self::Parts(parts) => {
                let mut form = multipart::Form::new();
                for part in parts {
                    form = form.part(part.field.clone(), part.content.built().await?);
                }
                request.multipart(form)
            }
        })
    }
}

impl PartContent {
    async fn built(&self) -> Result<multipart::Part, NodeError> {
        match self {
            Self::Text(text) => Ok(multipart::Part::text(text.clone())),
            Self::File {
                path,
                name,
                media_type,
            } => multipart::Part::file(path)
                .await
                .map_err(|error| {
                    NodeError::io(format_args!("could not read {}", path.display()), &error)
                })?
                .file_name(name.clone())
                .mime_str(media_type)
                .map_err(|_| NodeError::invalid(format!("`{media_type}` is no media type"))),
        }
    }
}

impl Call {
    pub(crate) fn new(method: Method, url: Url) -> Self {
        Self {
            repeatable: matches!(method, Method::GET | Method::HEAD | Method::OPTIONS),
            method,
            url,
            headers: HeaderMap::new(),
            payload: Payload::Nothing,
            anonymous: false,
            basic: None,
        }
    }

    /// Sets a header.
    pub(crate) fn header(&mut self, name: &str, value: &str) -> Result<(), NodeError> {
        let (name, value) = header(name, value)?;
        self.headers.insert(name, value);
        Ok(())
    }

    /// The address for people.
    pub(crate) fn shown(&self) -> String {
        shown(&self.url)
    }
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), NodeError> {
    let known = HeaderName::from_bytes(name.trim().as_bytes())
        .map_err(|_| NodeError::invalid(format!("`{name}` is no name of a header")))?;
    let value = HeaderValue::from_str(value.trim()).map_err(|_| {
        NodeError::invalid(format!(
            "the value of the header `{name}` holds a line break or control character"
        ))
        .with_help("remove it; a header is one line")
    })?;
    Ok((known, value))
}

impl<'a> Caller<'a> {
    /// What sends the requests of a step with these settings; `patience` is the time it has unless
    /// the settings say.
    pub(crate) async fn new(
        cx: &'a StepContext,
        common: Common<'_>,
        patience: Duration,
    ) -> Result<Self, NodeError> {
        let session = cx.resource::<Session>("HTTP session").ok();
        let mut allow = common.allow.to_vec();
        if let Some(session) = &session {
            allow.extend(session.allow.iter().cloned());
        }
        let mut headers = HeaderMap::new();
        for (name, value) in common.headers {
            let (name, value) = header(name, value)?;
            headers.append(name, value);
        }
        let login = Login::of(cx, common.credential, common.auth).await?;
        let shape = Shape::new(cx, common, &allow, login.is_own_header())?;
        let client = match &session {
            Some(session) => session.client(cx, &shape, common).await?,
            None => shape.client(cx).await?,
        };
        let timeout = cx.time_left(common.timeout.map_or(patience, Into::into));
        Ok(Self {
            cx,
            client,
            shape,
            session,
            login,
            headers,
            retries: common.retries,
            deadline: Instant::now() + timeout,
            max_size: common.max_size,
        })
    }

    /// `given` as an address, below the session's if there is one, with `query` added.
    pub(crate) fn url(
        &self,
        given: &str,
        query: &IndexMap<String, casare_workflow::Any>,
    ) -> Result<Url, NodeError> {
        let base = self
            .session
            .as_ref()
            .and_then(|session| session.base.as_ref());
        let mut url = parsed(given, base)?;
        add_query(&mut url, query);
        self.checked(url)
    }

    /// `given` as an address of its own.
    pub(crate) fn foreign_url(&self, given: &str) -> Result<Url, NodeError> {
        self.checked(parsed(given, None)?)
    }

    /// `url`, which an answer gave, if the guard lets it through.
    pub(crate) fn checked(&self, url: Url) -> Result<Url, NodeError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(NodeError::invalid(format!(
                "`{}` is neither http nor https",
                shown(&url)
            )));
        }
        self.shape
            .guard()
            .check_url(&url)
            .map_err(|refused| NodeError::from(&refused))?;
        Ok(url)
    }

    /// Sends a request, again where that is allowed and may help. Any status is an answer.
    pub(crate) async fn send(&self, call: &Call) -> Result<Response, NodeError> {
        let retries = if call.repeatable { self.retries } else { 0 };
        let mut delays = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(Duration::from_secs(10))
            .with_max_times(retries as usize)
            .build();
        loop {
            let sent = self.send_once(call).await;
            let (failure, asked) = match &sent {
                Ok(response) if is_passing(response.status()) => (
                    response.status().to_string(),
                    retry_after(response.headers(), self.cx.now()),
                ),
                Err(error) if error.is_retryable() => (error.message().to_owned(), None),
                _ => return sent,
            };
            let Some(delay) = delays.next().map(|delay| asked.unwrap_or(delay)) else {
                return sent;
            };
            if Instant::now() + delay >= self.deadline {
                return sent;
            }
            let again = format!("{}: {failure}; trying again", call.shown());
            self.cx.log(LogLevel::Debug, again);
            tokio::time::sleep(delay).await;
        }
    }

    /// Sends it; once more to answer a challenge or with a fresh token, and to follow a redirect
    /// that must not see the key.
    async fn send_once(&self, call: &Call) -> Result<Response, NodeError> {
        let login = self.login_for(call);
        let mut token = None;
        if let Login::Oauth(grant) = login {
            token = Some(format!("Bearer {}", grant.token(self.cx, self).await?));
        }
        let response = self.deliver(call, login, token).await?;
        match (response.status(), login) {
            (StatusCode::UNAUTHORIZED, Login::Oauth(grant)) => {
                grant.forget(self.cx);
                let token = grant.token(self.cx, self).await?;
                self.deliver(call, login, Some(format!("Bearer {token}")))
                    .await
            }
            (StatusCode::UNAUTHORIZED, Login::Digest { username, password }) => {
                let own_nonce = uuid::Uuid::new_v4().simple().to_string();
                let challenges = response.headers().get_all(WWW_AUTHENTICATE);
                let method = call.method.as_str();
                let answer = challenges.iter().find_map(|challenge| {
                    let challenge = challenge.to_str().ok()?;
                    digest::answer(challenge, username, password, method, &call.url, &own_nonce)
                });
                match answer {
                    Some(answer) => self.deliver(call, login, Some(answer)).await,
                    None => Ok(response),
                }
            }
            (status, Login::Header(..)) if status.is_redirection() => {
                self.redirected(call, response).await
            }
            _ => Ok(response),
        }
    }

    /// Goes on to another origin without the key.
    async fn redirected(&self, call: &Call, response: Response) -> Result<Response, NodeError> {
        let target = response
            .headers()
            .get(LOCATION)
            .and_then(|location| location.to_str().ok())
            .and_then(|location| response.url().join(location).ok());
        let Some(target) = target.filter(|_| matches!(call.method, Method::GET | Method::HEAD))
        else {
            return Ok(response);
        };
        let mut next = Call::new(call.method.clone(), self.checked(target)?);
        next.anonymous = true;
        self.deliver(&next, &Login::Nobody, None).await
    }

    /// The step's own login, or the session's where the request stays on the session's origin.
    fn login_for(&self, call: &Call) -> &Login {
        const NOBODY: &Login = &Login::Nobody;
        match (&self.login, &self.session) {
            _ if call.anonymous => NOBODY,
            (Login::Nobody, Some(session)) if session.is_home(&call.url) => &session.login,
            (login, _) => login,
        }
    }

    async fn deliver(
        &self,
        call: &Call,
        login: &Login,
        authorization: Option<String>,
    ) -> Result<Response, NodeError> {
        let mut headers = HeaderMap::new();
        if !call.anonymous {
            if let Some(session) = self
                .session
                .as_ref()
                .filter(|session| session.is_home(&call.url))
            {
                headers.extend(session.headers.clone());
            }
            for name in self.headers.keys() {
                headers.remove(name);
            }
            headers.extend(self.headers.clone());
        }
        for (name, value) in &call.headers {
            headers.insert(name, value.clone());
        }
        let left = self.deadline.saturating_duration_since(Instant::now());
        let mut request = self
            .client
            .request(call.method.clone(), login.on_url(&call.url))
            .timeout(left)
            .headers(headers);
        request = login.on_request(request);
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some((username, password)) = &call.basic {
            request = request.basic_auth(username, Some(password));
        }
        let request = call.payload.add_to(request).await?;
        let request = request
            .build()
            .map_err(|error| failed(&call.shown(), error))?;
        let send = async |request| {
            let sent = self.client.execute(request).await;
            sent.map_err(|error| failed(&call.shown(), error))
        };
        exchange::delivered(self.cx, call, request, self.max_size, send).await
    }

    /// The whole body, unless it is too long.
    pub(crate) async fn bytes(&self, response: Response) -> Result<Vec<u8>, NodeError> {
        bounded(response, self.max_size).await
    }

    /// The address without the key that the login added to it.
    pub(crate) fn without_key(&self, mut url: Url) -> Url {
        if let Login::Parameter(name, _) = &self.login {
            let kept: Vec<(String, String)> = url
                .query_pairs()
                .filter(|(known, _)| known != name)
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect();
            url.set_query(None);
            if !kept.is_empty() {
                url.query_pairs_mut().extend_pairs(kept);
            }
        }
        url
    }
}

/// The body of `response`, of at most `most` bytes.
pub(super) async fn bounded(mut response: Response, most: u64) -> Result<Vec<u8>, NodeError> {
    let from = shown(response.url());
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| failed(&from, error))?
    {
        if (body.len() + chunk.len()) as u64 > most {
            return Err(NodeError::invalid(format!(
                "the answer of {from} is longer than {most} bytes"
            ))
            .with_help("raise `max_size`, or write it to a file with `http.download`"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Why a request to `url` got no answer.
pub(super) fn failed(url: &str, error: reqwest::Error) -> NodeError {
    if let Some(refused) = Refused::behind(&error) {
        return refused.into();
    }
    // The address in it may hold a key.
    let error = error.without_url();
    let why = chain(&error);
    if error.is_timeout() {
        return NodeError::timeout(format!("{url} did not answer in time: {why}"))
            .with_help("raise `timeout`, or give the step a `retry`");
    }
    if error.is_builder() || error.is_redirect() {
        return NodeError::invalid(format!("the request to {url} can't be sent: {why}"));
    }
    let help = if why.contains("certificate") {
        "its certificate is not trusted: name its issuer in `tls.authority`"
    } else {
        "check the address and the network"
    };
    NodeError::unavailable(format!("{url} can't be reached: {why}")).with_help(help)
}

fn parsed(given: &str, base: Option<&Url>) -> Result<Url, NodeError> {
    let given = given.trim();
    let url = match base {
        Some(base) => base.join(given),
        None => given.parse(),
    };
    // Not shown: it may hold a password.
    url.map_err(|error| {
        NodeError::invalid(format!("the address can't be read: {error}"))
            .with_help("write it with its scheme, such as `https://example.com/path`")
    })
}

/// Adds parameters: a list gives one for each of its items, none gives none.
pub(super) fn add_query(url: &mut Url, query: &IndexMap<String, casare_workflow::Any>) {
    if query.is_empty() {
        return;
    }
    let mut pairs = url.query_pairs_mut();
    for (name, value) in query {
        let value: &Value = &value.0;
        match value.try_iter() {
            Ok(items) if value.as_str().is_none() => {
                for item in items {
                    pairs.append_pair(name, &item.to_string());
                }
            }
            _ if value.is_none() || value.is_undefined() => {}
            _ => {
                pairs.append_pair(name, &value.to_string());
            }
        }
    }
}

fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

/// The wait that the other side asks for, as seconds or as a date.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let said = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if let Ok(seconds) = said.parse() {
        Duration::from_secs(seconds)
    } else {
        let until = jiff::fmt::rfc2822::parse(said).ok()?.timestamp();
        Duration::try_from(until.duration_since(now)).unwrap_or_default()
    };
    Some(wait.min(MOST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_asked_for_in_seconds_or_until_a_date() {
        let now: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        let wait = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(text));
            retry_after(&headers, now)
        };

        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("86400"), Some(MOST_WAIT));
        assert_eq!(
            wait("Sun, 01 Mar 2026 10:00:30 GMT"),
            Some(Duration::from_secs(30))
        );
        assert_eq!(wait("Sun, 01 Mar 2026 09:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("soon"), None);
    }
}

//! A person's consent: the address of the page that asks for it, and the answer.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::Span;
use indexmap::IndexMap;
use rand::RngCore as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use url::Url;

/// Makes the address of the page on which a person consents to a login (OAuth2 with PKCE).
///
/// Open it in a browser while `http.authorization_code` waits for the answer, in a `flow.parallel`
/// beside it, then trade the code for a token with `http.token`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AuthorizationUrl {
    /// The server's authorization address.
    url: String,
    /// The client's id.
    client_id: String,
    /// Where the answer goes.
    #[serde(default = "here")]
    redirect_uri: String,
    /// What the token shall be able to do.
    #[serde(default)]
    scope: Option<String>,
    /// A text by which the answer is known; otherwise one is made.
    #[serde(default)]
    state: Option<String>,
    /// Whether the code is bound to a verifier (PKCE, RFC 7636).
    #[serde(default = "super::settings::yes")]
    pkce: bool,
    /// What the answer is to hold.
    #[serde(default)]
    response_type: ResponseType,
    /// Further parameters, such as `prompt` or `audience`.
    #[serde(default)]
    parameters: IndexMap<String, String>,
}

/// What the answer holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ResponseType {
    /// A code to be traded for a token.
    #[default]
    Code,
    /// The token itself; only old servers want it.
    Token,
}

/// The page, and what is needed after it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Authorization {
    /// The address to open.
    url: String,
    /// The text by which the answer is known.
    state: String,
    /// The verifier for `http.token`; none without PKCE.
    code_verifier: Option<String>,
    /// What the server sees of the verifier.
    code_challenge: Option<String>,
}

fn here() -> String {
    "http://localhost:8080/callback".to_owned()
}

pub(super) fn url_node() -> Node {
    Node::action("http.authorization_url", authorization_url)
        .icon("link")
        .fails(ErrorKind::Invalid, "`url` is no address.")
        .example(URL_EXAMPLE)
}

const URL_EXAMPLE: &str = r#"- id: consent
  use: http.authorization_url
  with:
    url: https://login.example.com/authorize
    client_id: casare
    scope: openid orders.read
- use: log.write
  with: { message: "please open {{ steps.consent.url }}" }
"#;

async fn authorization_url(
    cx: &StepContext,
    settings: AuthorizationUrl,
) -> Result<Authorization, NodeError> {
    let mut url: Url = settings.url.trim().parse().map_err(|error| {
        NodeError::invalid(format!("the authorization address can't be read: {error}"))
    })?;
    let state = settings.state.clone().unwrap_or_else(random);
    let code_verifier = settings.pkce.then(random);
    let code_challenge = code_verifier
        .as_ref()
        .map(|verifier| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())));
    if let Some(verifier) = &code_verifier {
        cx.mask_secret(verifier);
    }
    let response_type = match settings.response_type {
        ResponseType::Code => "code",
        ResponseType::Token => "token",
    };
    {
        let mut pairs = url.query_pairs_mut();
        pairs
            .append_pair("response_type", response_type)
            .append_pair("client_id", &settings.client_id)
            .append_pair("redirect_uri", &settings.redirect_uri)
            .append_pair("state", &state);
        if let Some(scope) = &settings.scope {
            pairs.append_pair("scope", scope);
        }
        if let Some(challenge) = &code_challenge {
            pairs
                .append_pair("code_challenge", challenge)
                .append_pair("code_challenge_method", "S256");
        }
        pairs.extend_pairs(&settings.parameters);
    }
    Ok(Authorization {
        url: url.to_string(),
        state,
        code_verifier,
        code_challenge,
    })
}

/// 256 bits of the operating system's chance.
fn random() -> String {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Waits on this machine for the answer to a consent (OAuth2).
///
/// A small server listens until the person's browser has been sent to it; it shows that the window
/// can be closed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AuthorizationCode {
    /// The port that the redirect address names.
    #[serde(default = "port")]
    port: u16,
    /// The path that the redirect address names.
    #[serde(default = "callback")]
    path: String,
    /// The `state` of `http.authorization_url`; an answer with another one fails the step.
    state: String,
    /// How long to wait (2 min).
    #[serde(default)]
    timeout: Option<Span>,
}

/// The answer.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Consent {
    /// The code for `http.token`.
    code: Option<String>,
    /// All that was answered.
    parameters: IndexMap<String, String>,
}

fn port() -> u16 {
    8080
}

fn callback() -> String {
    "/callback".to_owned()
}

pub(super) fn code_node() -> Node {
    Node::action("http.authorization_code", authorization_code)
        .icon("log-in")
        .example(CODE_EXAMPLE)
}

const CODE_EXAMPLE: &str = r#"- id: consent
  use: http.authorization_url
  with: { url: "https://login.example.com/authorize", client_id: casare }
- use: log.write
  with: { message: "please open {{ steps.consent.url }}" }
- id: answer
  use: http.authorization_code
  with: { state: "{{ steps.consent.state }}", timeout: 5m }
- id: token
  use: http.token
  with:
    token_url: https://login.example.com/token
    client: shop-client
    grant: authorization_code
    code: "{{ steps.answer.code }}"
    code_verifier: "{{ steps.consent.code_verifier }}"
    redirect_uri: http://localhost:8080/callback
"#;

async fn authorization_code(
    cx: &StepContext,
    settings: AuthorizationCode,
) -> Result<Consent, NodeError> {
    let patience = settings.timeout.map_or(Duration::from_mins(2), Into::into);
    let listener = TcpListener::bind(("127.0.0.1", settings.port))
        .await
        .map_err(|error| {
            NodeError::io(format_args!("could not listen on port {}", settings.port), &error)
                .with_help("another program has the port: choose another one, here and in the redirect address")
        })?;
    let waiting = async {
        loop {
            let accepted = listener.accept().await;
            let (stream, _) =
                accepted.map_err(|error| NodeError::io("could not take a connection", &error))?;
            // A browser that asks for an icon, or says nothing, must not end the waiting.
            let told = tokio::time::timeout(Duration::from_secs(10), settings.told(stream)).await;
            if let Ok(Some(parameters)) = told {
                return Ok::<_, NodeError>(parameters);
            }
        }
    };
    let parameters = tokio::time::timeout(cx.time_left(patience), waiting)
        .await
        .map_err(|_| {
            NodeError::timeout("nobody consented in time").with_help(
                "raise `timeout`, and check the redirect address that the client has at the server",
            )
        })??;
    if parameters.get("state") != Some(&settings.state) {
        return Err(
            NodeError::denied("the answer has another `state` than was asked with")
                .with_help("somebody may try to slip in their own login; start again"),
        );
    }
    if let Some(error) = parameters.get("error") {
        let more = parameters
            .get("error_description")
            .cloned()
            .unwrap_or_default();
        return Err(NodeError::denied(format!(
            "consent was refused: {error} {more}"
        )));
    }
    let code = parameters.get("code").cloned();
    if let Some(code) = &code {
        cx.mask_secret(code);
    }
    Ok(Consent { code, parameters })
}

const PAGE: &str =
    "<!doctype html><meta charset=utf-8><title>Casare</title><p>You can close this window.";

impl AuthorizationCode {
    /// The parameters of a request for the path, which is answered with a page.
    async fn told(&self, mut stream: TcpStream) -> Option<IndexMap<String, String>> {
        let (mut head, mut buffer) = (Vec::new(), [0; 2048]);
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            let read = stream.read(&mut buffer).await.ok()?;
            if read == 0 || head.len() > 64 * 1024 {
                return None;
            }
            head.extend_from_slice(&buffer[..read]);
        }
        let line = String::from_utf8_lossy(&head);
        let mut words = line.lines().next()?.split(' ');
        let target = (words.next()? == "GET").then(|| words.next()).flatten()?;
        let url = Url::parse("http://localhost").ok()?.join(target).ok()?;
        let found = url.path() == self.path;
        let (status, page) = if found {
            ("200 OK", PAGE)
        } else {
            ("404 Not Found", "")
        };
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{page}",
            page.len()
        );
        stream.write_all(answer.as_bytes()).await.ok()?;
        // What counts has been read; a browser that is gone by now does not matter.
        let _ = stream.shutdown().await;
        found.then(|| url.query_pairs().into_owned().collect())
    }
}

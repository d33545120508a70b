use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{Any, value::from_json};
use schemars::JsonSchema;
use serde::Serialize;

use super::{oauth::Grant, request::SHORT, send::Caller, settings::http_settings};

http_settings! {
    /// Asks an OAuth2 server whether a token is still good, and for what (RFC 7662).
    pub(super) struct TokenInfo {
        /// Where tokens are looked at.
        url: String,
        /// The token.
        token: String,
        /// Name of a credential with the `client_id` and `client_secret` of who asks.
        client: String,
    }
}

/// What the server says about the token.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TokenState {
    /// Whether it is good.
    active: bool,
    /// What it may do.
    scope: Option<String>,
    /// The client it was given to.
    client_id: Option<String>,
    /// The person it was given for.
    username: Option<String>,
    /// When it ends, as seconds since 1970.
    expires_at: Option<i64>,
    /// How it is sent.
    token_type: Option<String>,
    /// All that was answered.
    response: Any,
}

pub(super) fn node() -> Node {
    Node::action("http.token_info", token_info)
        .pure()
        .icon("badge-check")
        .fails(ErrorKind::Invalid, "The text is no JSON Web Token.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: token
  use: http.token
  with: { token_url: "https://login.example.com/token", client: shop-client }
- id: state
  use: http.token_info
  with:
    url: https://login.example.com/introspect
    token: "{{ steps.token.access_token }}"
    client: shop-client
- use: log.write
  with: { message: "good: {{ steps.state.active }}" }
"#;

async fn token_info(cx: &StepContext, settings: TokenInfo) -> Result<TokenState, NodeError> {
    cx.mask_secret(&settings.token);
    let caller = Caller::new(cx, settings.common(), SHORT).await?;
    let credential = cx.credential(&settings.client).await?;
    let client = Grant {
        token_url: settings.url.clone(),
        client_id: credential.field("client_id")?.to_owned(),
        client_secret: credential.optional("client_secret").map(str::to_owned),
        secret_in_form: credential.optional("secret_in") == Some("form"),
        form: Vec::new(),
    };
    let form = [("token".to_owned(), settings.token.clone())];
    let answer = client.post(&caller, &settings.url, &form).await?;
    let text = |field: &str| answer[field].as_str().map(str::to_owned);
    Ok(TokenState {
        active: answer["active"].as_bool().unwrap_or(false),
        scope: text("scope"),
        client_id: text("client_id"),
        username: text("username").or_else(|| text("sub")),
        expires_at: answer["exp"].as_i64(),
        token_type: text("token_type"),
        response: from_json(&answer).into(),
    })
}

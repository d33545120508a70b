use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, value::from_json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{oauth::Grant, request::SHORT, send::Caller, settings::http_settings};

http_settings! {
    /// Asks an OAuth2 server for a token.
    ///
    /// Steps that name a credential with `token_url` get and renew their token themselves; this
    /// step is for the ways that need a person's consent (`authorization_code`) and for tokens
    /// that go elsewhere. The token is masked in all that the run writes.
    pub(super) struct GetToken {
        /// Where tokens are asked for; otherwise the `token_url` of `client`.
        #[serde(default)]
        token_url: Option<String>,
        /// Name of a credential with `client_id`, maybe `client_secret`, `token_url`, and for their
        /// grants `refresh_token`, `username` and `password`. With `secret_in: form` the secret
        /// goes into the form.
        client: String,
        /// What the token is given for.
        #[serde(default)]
        grant: GrantType,
        /// What the token may do.
        #[serde(default)]
        scope: Option<String>,
        /// The code that `http.authorization_code` received.
        #[serde(default)]
        code: Option<String>,
        /// The verifier that `http.authorization_url` made.
        #[serde(default)]
        code_verifier: Option<String>,
        /// The address to which the code was sent.
        #[serde(default)]
        redirect_uri: Option<String>,
        /// The refresh token, where the credential has none.
        #[serde(default)]
        refresh_token: Option<String>,
    }
}

/// What a token is given for (RFC 6749).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum GrantType {
    /// The client itself.
    #[default]
    ClientCredentials,
    /// A person's consent.
    AuthorizationCode,
    /// An earlier token.
    RefreshToken,
    /// A person's name and password; only where nothing else is offered.
    Password,
}

/// The token.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Token {
    /// The token.
    access_token: String,
    /// A token to renew it with, if one was given.
    refresh_token: Option<String>,
    /// How it is sent, usually `Bearer`.
    token_type: String,
    /// Seconds for which it can be used, if that is said.
    expires_in: Option<u64>,
    /// What it may do, if that is said.
    scope: Option<String>,
    /// Who has logged in, as a signed token (OpenID Connect).
    id_token: Option<String>,
    /// All that was answered.
    response: Any,
}

pub(super) fn node() -> Node {
    Node::action("http.token", token)
        .icon("key-round")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: token
  use: http.token
  with:
    token_url: https://login.example.com/token
    client: shop-client
    scope: orders.read
- use: log.write
  with: { message: "a token for {{ steps.token.expires_in }} seconds" }
"#;

async fn token(cx: &StepContext, settings: GetToken) -> Result<Token, NodeError> {
    let caller = Caller::new(cx, settings.common(), SHORT).await?;
    let credential = cx.credential(&settings.client).await?;
    let needed = |setting: &str, value: Option<&str>| {
        value
            .map(str::to_owned)
            .ok_or_else(|| NodeError::invalid(format!("this grant needs `{setting}`")))
    };
    let mut form = Vec::new();
    let mut add = |name: &str, value: String| form.push((name.to_owned(), value));
    match settings.grant {
        GrantType::ClientCredentials => add("grant_type", "client_credentials".to_owned()),
        GrantType::AuthorizationCode => {
            add("grant_type", "authorization_code".to_owned());
            add("code", needed("code", settings.code.as_deref())?);
            if let Some(uri) = &settings.redirect_uri {
                add("redirect_uri", uri.clone());
            }
            if let Some(verifier) = &settings.code_verifier {
                add("code_verifier", verifier.clone());
            }
        }
        GrantType::RefreshToken => {
            let given = settings.refresh_token.as_deref();
            let token = given.or(credential.optional("refresh_token"));
            add("grant_type", "refresh_token".to_owned());
            add("refresh_token", needed("refresh_token", token)?);
        }
        GrantType::Password => {
            add("grant_type", "password".to_owned());
            add("username", credential.field("username")?.to_owned());
            add("password", credential.field("password")?.to_owned());
        }
    }
    if let Some(scope) = settings.scope.as_deref().or(credential.optional("scope")) {
        add("scope", scope.to_owned());
    }
    let token_url = settings
        .token_url
        .as_deref()
        .or(credential.optional("token_url"));
    let grant = Grant {
        token_url: needed("token_url", token_url)?,
        client_id: credential.field("client_id")?.to_owned(),
        client_secret: credential.optional("client_secret").map(str::to_owned),
        secret_in_form: credential.optional("secret_in") == Some("form"),
        form,
    };
    let answer = grant.ask(cx, &caller).await?;
    let text = |field: &str| answer[field].as_str().map(str::to_owned);
    Ok(Token {
        access_token: text("access_token").unwrap_or_default(),
        refresh_token: text("refresh_token"),
        token_type: text("token_type").unwrap_or_else(|| "Bearer".to_owned()),
        expires_in: answer["expires_in"].as_u64(),
        scope: text("scope"),
        id_token: text("id_token"),
        response: from_json(&answer).into(),
    })
}

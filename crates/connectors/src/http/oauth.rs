//! OAuth2 tokens: asked for with a form, kept for the run, renewed before they end.

use std::{
    collections::HashMap,
    sync::LazyLock,
    time::{Duration, Instant},
};

use casare_engine::{Credential, ErrorKind, NodeError, StepContext};
use futures::future::BoxFuture;
use parking_lot::Mutex;
use reqwest::Method;
use serde_json::Value as Json;

use super::send::{Call, Caller, Payload};

/// Tokens are renewed this long before they end, so that none ends on its way.
const EARLY: Duration = Duration::from_secs(30);

/// The life of a token of which nothing is said.
const UNSAID: Duration = Duration::from_mins(5);

/// Tokens that are kept at most; beyond it they are asked for again.
const MOST_KEPT: usize = 1000;

/// Tokens by run and by what they were asked with.
static KEPT: LazyLock<Mutex<HashMap<(String, Grant), Kept>>> = LazyLock::new(Mutex::default);

struct Kept {
    access: String,
    refresh: Option<String>,
    until: Instant,
}

/// What a token is asked for with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Grant {
    pub(crate) token_url: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<String>,
    /// Whether the client's secret goes into the form rather than into a header.
    pub(crate) secret_in_form: bool,
    /// The form without the client: `grant_type` and what belongs to it.
    pub(crate) form: Vec<(String, String)>,
}

impl Grant {
    /// The grant that the fields of a credential are: `token_url`, `client_id`, `client_secret`,
    /// and `refresh_token`, `scope`, `audience`, `resource` where they are there.
    pub(crate) fn of_credential(name: &str, credential: &Credential) -> Result<Self, NodeError> {
        let mut form = Vec::new();
        let mut add = |name: &str, value: &str| form.push((name.to_owned(), value.to_owned()));
        match credential.optional("refresh_token") {
            Some(token) => {
                add("grant_type", "refresh_token");
                add("refresh_token", token);
            }
            None => add("grant_type", "client_credentials"),
        }
        for field in ["scope", "audience", "resource"] {
            if let Some(value) = credential.optional(field) {
                add(field, value);
            }
        }
        let token_url = credential.optional("token_url").ok_or_else(|| {
            NodeError::denied(format!("credential `{name}` has no `token_url`"))
                .with_help("an OAuth2 token is asked for there")
        })?;
        Ok(Self {
            token_url: token_url.to_owned(),
            client_id: credential.field("client_id")?.to_owned(),
            client_secret: credential.optional("client_secret").map(str::to_owned),
            secret_in_form: credential.optional("secret_in") == Some("form"),
            form,
        })
    }

    /// The token: the kept one, or a new one.
    ///
    /// Boxed, because sending a request may need a token and asking for a token sends a request.
    pub(crate) fn token<'c>(
        &'c self,
        cx: &'c StepContext,
        caller: &'c Caller<'_>,
    ) -> BoxFuture<'c, Result<String, NodeError>> {
        Box::pin(self.kept_or_new(cx, caller))
    }

    async fn kept_or_new(
        &self,
        cx: &StepContext,
        caller: &Caller<'_>,
    ) -> Result<String, NodeError> {
        let key = (cx.run_id().to_owned(), self.clone());
        let mut renewing = None;
        if let Some(kept) = KEPT.lock().get(&key) {
            if kept.until > Instant::now() + EARLY {
                return Ok(kept.access.clone());
            }
            renewing.clone_from(&kept.refresh);
        }
        let answer = match renewing {
            // A server may have forgotten the newer refresh token: the first grant is the way back.
            Some(refresh) => match self.renewed_by(&refresh).ask(cx, caller).await {
                Ok(answer) => answer,
                Err(_) => self.ask(cx, caller).await?,
            },
            None => self.ask(cx, caller).await?,
        };
        let life = answer["expires_in"]
            .as_u64()
            .or_else(|| answer["expires_in"].as_str()?.parse().ok())
            .map_or(UNSAID, Duration::from_secs);
        let access = access_token(&answer)?;
        let mut kept = KEPT.lock();
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(
            key,
            Kept {
                access: access.clone(),
                refresh: answer["refresh_token"].as_str().map(str::to_owned),
                until: Instant::now() + life,
            },
        );
        Ok(access)
    }

    /// Forgets the kept token: the other side no longer takes it.
    pub(crate) fn forget(&self, cx: &StepContext) {
        let key = (cx.run_id().to_owned(), self.clone());
        if let Some(kept) = KEPT.lock().get_mut(&key) {
            kept.until = Instant::now();
        }
    }

    fn renewed_by(&self, refresh: &str) -> Self {
        let scope = self.form.iter().find(|(name, _)| name == "scope").cloned();
        let mut form = vec![
            ("grant_type".to_owned(), "refresh_token".to_owned()),
            ("refresh_token".to_owned(), refresh.to_owned()),
        ];
        form.extend(scope);
        Self {
            form,
            ..self.clone()
        }
    }

    /// Asks for a token and answers all that is said about it. Its secrets are masked from here on.
    pub(crate) async fn ask(
        &self,
        cx: &StepContext,
        caller: &Caller<'_>,
    ) -> Result<Json, NodeError> {
        let answer = self.post(caller, &self.token_url, &self.form).await?;
        for field in ["access_token", "refresh_token", "id_token"] {
            if let Some(secret) = answer[field].as_str() {
                cx.mask_secret(secret);
            }
        }
        access_token(&answer)?;
        Ok(answer)
    }

    /// Posts a form as this client and answers the JSON that comes back.
    pub(crate) async fn post(
        &self,
        caller: &Caller<'_>,
        url: &str,
        form: &[(String, String)],
    ) -> Result<Json, NodeError> {
        let mut form = form.to_vec();
        let mut call = Call::new(Method::POST, caller.foreign_url(url)?);
        match &self.client_secret {
            Some(secret) if !self.secret_in_form => {
                call.basic = Some((form_encoded(&self.client_id), form_encoded(secret)));
            }
            secret => {
                form.push(("client_id".to_owned(), self.client_id.clone()));
                form.extend(
                    secret
                        .clone()
                        .map(|secret| ("client_secret".to_owned(), secret)),
                );
            }
        }
        call.payload = Payload::form(&form);
        call.anonymous = true;
        call.header("accept", "application/json")?;
        let response = caller.send(&call).await?;
        let status = response.status();
        let body = caller.bytes(response).await?;
        let answer: Option<Json> = serde_json::from_slice(&body).ok();
        if status.is_success() {
            return answer.ok_or_else(|| {
                NodeError::unavailable(format!("{} did not answer with JSON", call.shown()))
                    .with_help("check `token_url`")
            });
        }
        // Only the standard's own fields: an answer may repeat what was sent.
        let said = answer.as_ref().and_then(|answer| {
            let error = answer["error"].as_str()?;
            let more = answer["error_description"].as_str();
            Some(more.map_or(error.to_owned(), |more| format!("{error}, {more}")))
        });
        let (kind, help) = match status.as_u16() {
            429 | 500.. => (ErrorKind::Unavailable, "try again later"),
            404 => (ErrorKind::NotFound, "check `token_url`"),
            _ => (
                ErrorKind::Denied,
                "check the client's id and secret, the grant and the scope",
            ),
        };
        Err(NodeError::new(
            kind,
            format!(
                "{} gave no token: {}",
                call.shown(),
                said.unwrap_or_else(|| status.to_string())
            ),
        )
        .with_help(help))
    }
}

fn access_token(answer: &Json) -> Result<String, NodeError> {
    answer["access_token"]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| NodeError::unavailable("the answer to the request for a token has none"))
}

/// Id and secret are form-encoded before they go into the header (RFC 6749, 2.3.1).
fn form_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

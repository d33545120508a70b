//! What a credential adds to a request.

use casare_engine::{Credential, NodeError, StepContext};
use reqwest::{
    RequestBuilder,
    header::{HeaderName, HeaderValue},
};
use url::Url;

use super::{oauth::Grant, settings::Scheme};

/// Who sends a request.
pub(super) enum Login {
    Nobody,
    Basic { username: String, password: String },
    Digest { username: String, password: String },
    Bearer(String),
    Header(HeaderName, HeaderValue),
    Parameter(String, String),
    Oauth(Box<Grant>),
}

impl Login {
    /// The login that `credential` is, used as `scheme` or as its fields suggest.
    pub(super) async fn of(
        cx: &StepContext,
        credential: Option<&str>,
        scheme: Option<Scheme>,
    ) -> Result<Self, NodeError> {
        let Some(name) = credential else {
            return match scheme {
                Some(_) => Err(NodeError::invalid("`auth` needs a `credential`")),
                None => Ok(Self::Nobody),
            };
        };
        let credential = cx.credential(name).await?;
        let scheme = scheme.unwrap_or_else(|| suggested(&credential));
        let both = || {
            let username = credential.field("username")?.to_owned();
            let password = credential.optional("password").unwrap_or_default();
            Ok::<_, NodeError>((username, password.to_owned()))
        };
        Ok(match scheme {
            Scheme::Basic => {
                let (username, password) = both()?;
                Self::Basic { username, password }
            }
            Scheme::Digest => {
                let (username, password) = both()?;
                Self::Digest { username, password }
            }
            Scheme::Bearer => Self::Bearer(credential.field("token")?.to_owned()),
            Scheme::ApiKey => key(name, &credential)?,
            Scheme::Oauth2 => Self::Oauth(Box::new(Grant::of_credential(name, &credential)?)),
        })
    }

    /// Whether a redirect to another origin would hand it over: HTTP clients take back the
    /// standard headers then, not others.
    pub(super) fn is_own_header(&self) -> bool {
        matches!(self, Self::Header(..))
    }

    /// The address with what the login adds to it.
    pub(super) fn on_url(&self, url: &Url) -> Url {
        let mut url = url.clone();
        if let Self::Parameter(name, value) = self {
            url.query_pairs_mut().append_pair(name, value);
        }
        url
    }

    /// The request with what the login adds to its headers. Digests and OAuth2 tokens are added
    /// by whoever knows the challenge or has the token.
    pub(super) fn on_request(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::Basic { username, password } => request.basic_auth(username, Some(password)),
            Self::Bearer(token) => request.bearer_auth(token),
            Self::Header(name, value) => request.header(name, value),
            Self::Nobody | Self::Digest { .. } | Self::Parameter(..) | Self::Oauth(_) => request,
        }
    }
}

fn suggested(credential: &Credential) -> Scheme {
    let has = |field| credential.optional(field).is_some();
    if has("token_url") {
        Scheme::Oauth2
    } else if has("token") {
        Scheme::Bearer
    } else if has("header") || has("parameter") {
        Scheme::ApiKey
    } else {
        Scheme::Basic
    }
}

fn key(name: &str, credential: &Credential) -> Result<Login, NodeError> {
    let value = credential.field("value")?;
    if let Some(parameter) = credential.optional("parameter") {
        return Ok(Login::Parameter(parameter.to_owned(), value.to_owned()));
    }
    let unfit = |field: &str| {
        NodeError::invalid(format!(
            "the field `{field}` of credential `{name}` can't stand in a header"
        ))
    };
    let header = credential.optional("header").unwrap_or("X-API-Key");
    let header = HeaderName::from_bytes(header.as_bytes()).map_err(|_| unfit("header"))?;
    let mut value = HeaderValue::from_str(value).map_err(|_| unfit("value"))?;
    value.set_sensitive(true);
    Ok(Login::Header(header, value))
}

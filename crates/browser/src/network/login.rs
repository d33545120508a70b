//! Names and passwords that a server or a proxy asks the browser for.

use std::fmt;

use crate::{cdp::fetch, context::Context, error::BrowserError};

/// A name and a password for HTTP's own authentication (the browser's log-in dialog).
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The site that it is for, such as `https://example.com`; every site if `None`.
    pub origin: Option<String>,
    pub username: String,
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Login")
            .field("origin", &self.origin)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// All that a context answers servers and proxies.
#[derive(Debug, Clone, Default)]
pub(crate) struct Logins {
    pub(crate) sites: Vec<Login>,
    pub(crate) proxy: Option<Login>,
}

impl Logins {
    pub(crate) fn is_empty(&self) -> bool {
        self.sites.is_empty() && self.proxy.is_none()
    }

    /// What to answer a challenge; `again` when the same request was answered before, and in vain.
    pub(crate) fn answer(
        &self,
        challenge: &fetch::AuthChallenge,
        again: bool,
    ) -> fetch::AuthChallengeResponse {
        let login = if challenge.source.as_deref() == Some("Proxy") {
            self.proxy.as_ref()
        } else {
            let origin = challenge.origin.trim_end_matches('/');
            self.sites.iter().find(|login| {
                let wanted = login.origin.as_deref();
                wanted.is_none_or(|wanted| same_origin(wanted, origin))
            })
        };
        match login {
            Some(login) if !again => fetch::AuthChallengeResponse {
                response: "ProvideCredentials".into(),
                username: Some(login.username.clone()),
                password: Some(login.password.clone()),
            },
            // The page then shows what the server says to strangers.
            _ => fetch::AuthChallengeResponse {
                response: "CancelAuth".into(),
                username: None,
                password: None,
            },
        }
    }
}

fn same_origin(wanted: &str, origin: &str) -> bool {
    match (url::Url::parse(wanted), url::Url::parse(origin)) {
        (Ok(wanted), Ok(origin)) => wanted.origin() == origin.origin(),
        _ => wanted.trim_end_matches('/') == origin,
    }
}

impl Context {
    /// Answers servers that ask for a name and a password; replaces what was set before.
    ///
    /// From then on each request of its pages is looked at once more before it leaves.
    pub async fn set_logins(&self, logins: Vec<Login>) -> Result<(), BrowserError> {
        self.core.change_settings(self.id.as_ref(), |settings| {
            settings.logins.sites = logins;
        });
        self.refresh_interception().await
    }
}

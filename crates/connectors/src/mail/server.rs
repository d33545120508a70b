//! Where mail servers are, how one speaks to them and who logs in.

use std::{path::PathBuf, time::Duration};

use casare_engine::{NodeError, StepContext};
use casare_workflow::Span;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::session::Session;
use crate::http::{oauth::Grant, send::Caller, settings::Common};

/// How a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Security {
    /// From the beginning; usual on the ports 993 and 465.
    Tls,
    /// From before the login on; usual on the ports 143 and 587.
    Starttls,
    /// Not at all: passwords and mails can be read on the way.
    None,
}

/// What is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Imap,
    Smtp,
}

/// A server and who logs in.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Access<'a> {
    pub(super) server: Option<&'a str>,
    pub(super) security: Option<Security>,
    pub(super) credential: Option<&'a str>,
    pub(super) authority: Option<&'a str>,
    pub(super) timeout: Option<Span>,
    pub(super) allow: &'a [String],
}

/// Settings of a node that speaks to a mail server: its own, and those that all of them have.
macro_rules! mail_settings {
    ($(#[$about:meta])* $vis:vis struct $name:ident { $($own:tt)* }) => {
        $(#[$about])*
        #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        $vis struct $name {
            /// The server, such as `mail.example.com:993`; not needed in a `mail.session`.
            #[serde(default)]
            server: Option<String>,
            /// How the connection is encrypted; otherwise as is usual on the port.
            #[serde(default)]
            security: Option<crate::mail::server::Security>,
            /// Name of a credential with `username` and `password`, or `username` and an OAuth2
            /// `token` (or `token_url`, `client_id`, `client_secret` and `refresh_token`, with
            /// which one is fetched).
            #[serde(default)]
            credential: Option<String>,
            /// A file with certificates (PEM) that are trusted instead of those of the system.
            #[serde(default)]
            authority: Option<String>,
            /// Time for the whole step (60 s).
            #[serde(default)]
            timeout: Option<casare_workflow::Span>,
            /// Addresses behind the robot from which an OAuth2 token may be fetched, as for
            /// `http.request`.
            #[serde(default)]
            allow: Vec<String>,
            $($own)*
        }

        impl $name {
            fn access(&self) -> crate::mail::server::Access<'_> {
                crate::mail::server::Access {
                    server: self.server.as_deref(),
                    security: self.security,
                    credential: self.credential.as_deref(),
                    authority: self.authority.as_deref(),
                    timeout: self.timeout,
                    allow: &self.allow,
                }
            }
        }
    };
}

pub(super) use mail_settings;

/// A server that can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) authority: Option<PathBuf>,
}

/// Who logs in.
pub(super) enum Login {
    Nobody,
    Password {
        username: String,
        password: String,
    },
    /// OAuth2 (XOAUTH2).
    Token {
        username: String,
        token: String,
    },
}

impl Address {
    /// Reads `mail.example.com`, `mail.example.com:993` or `imaps://mail.example.com`.
    pub(super) fn parse(
        given: &str,
        protocol: Protocol,
        security: Option<Security>,
    ) -> Result<Self, NodeError> {
        let unfit = || {
            NodeError::invalid("`server` is no address of a mail server")
                .with_help("write it as `mail.example.com:993`; a login belongs into `credential`")
        };
        let given = given.trim();
        let (scheme, rest) = given.split_once("://").unwrap_or(("", given));
        let rest = rest.trim_end_matches('/');
        if rest.is_empty() || rest.contains(['@', '/', ' ', '\r', '\n']) {
            return Err(unfit());
        }
        let said = match scheme.to_ascii_lowercase().as_str() {
            "" => None,
            "imaps" | "smtps" => Some(Security::Tls),
            "imap" | "smtp" => Some(Security::Starttls),
            _ => return Err(unfit()),
        };
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !host.ends_with(':') => {
                (host, Some(port.parse().map_err(|_| unfit())?))
            }
            _ => (rest, None),
        };
        let port = port.unwrap_or(match (protocol, said.or(security)) {
            (Protocol::Imap, None | Some(Security::Tls)) => 993,
            (Protocol::Imap, _) => 143,
            (Protocol::Smtp, Some(Security::Tls)) => 465,
            (Protocol::Smtp, _) => 587,
        });
        let usual = match port {
            143 | 587 | 25 | 2525 => Security::Starttls,
            _ => Security::Tls,
        };
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port,
            security: security.or(said).unwrap_or(usual),
            authority: None,
        })
    }

    /// `host:port`
    pub(super) fn shown(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl Access<'_> {
    /// The server of the step, or that of the session around it.
    pub(super) fn address(
        &self,
        cx: &StepContext,
        protocol: Protocol,
    ) -> Result<Address, NodeError> {
        let Some(server) = self.server else {
            let session = cx.resource::<Session>("mail session").ok();
            let known = session
                .as_ref()
                .and_then(|session| session.address(protocol));
            return known.cloned().ok_or_else(|| {
                NodeError::invalid("the step names no mail server")
                    .with_help("set `server`, or put the step into a `mail.session` that names it")
            });
        };
        let mut address = Address::parse(server, protocol, self.security)?;
        address.authority = self.authority.map(|path| cx.file(path));
        Ok(address)
    }

    /// Who logs in: as the step says, or as the session around it.
    pub(super) async fn login(&self, cx: &StepContext) -> Result<Login, NodeError> {
        let session = cx.resource::<Session>("mail session").ok();
        let of_session = session
            .as_ref()
            .filter(|_| self.server.is_none())
            .and_then(|session| session.credential.as_deref());
        let Some(name) = self.credential.or(of_session) else {
            return Ok(Login::Nobody);
        };
        let credential = cx.credential(name).await?;
        let username = credential.field("username")?.to_owned();
        if let Some(token) = credential.optional("token") {
            let token = token.to_owned();
            return Ok(Login::Token { username, token });
        }
        if credential.optional("token_url").is_some() {
            let headers = IndexMap::new();
            let allow: Vec<String> = self
                .allow
                .iter()
                .chain(session.iter().flat_map(|session| &session.allow))
                .cloned()
                .collect();
            let common = Common::plain(&headers, &allow);
            let caller = Caller::new(cx, common, Duration::from_secs(30)).await?;
            let token = Grant::of_credential(name, &credential)?
                .token(cx, &caller)
                .await?;
            return Ok(Login::Token { username, token });
        }
        Ok(Login::Password {
            username,
            password: credential.field("password")?.to_owned(),
        })
    }

    /// The time that the step has.
    pub(super) fn patience(&self, cx: &StepContext) -> Duration {
        cx.time_left(self.timeout.map_or(Duration::from_mins(1), Into::into))
    }
}

/// Does `work` within the time that the step has.
pub(super) async fn within<T>(
    patience: Duration,
    what: &str,
    work: impl Future<Output = Result<T, NodeError>>,
) -> Result<T, NodeError> {
    tokio::time::timeout(patience, work)
        .await
        .unwrap_or_else(|_| {
            Err(NodeError::timeout(format!("{what} did not answer in time"))
                .with_help("raise `timeout`, or check the server and the network"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_says_how_a_connection_is_encrypted_unless_one_says_it() {
        let read = |text: &str, protocol, security| {
            let address = Address::parse(text, protocol, security).unwrap();
            (address.host, address.port, address.security)
        };
        let host = || "m.example".to_owned();

        assert_eq!(
            read("m.example", Protocol::Imap, None),
            (host(), 993, Security::Tls)
        );
        assert_eq!(
            read("m.example:143", Protocol::Imap, None),
            (host(), 143, Security::Starttls)
        );
        assert_eq!(
            read("m.example", Protocol::Smtp, None),
            (host(), 587, Security::Starttls)
        );
        assert_eq!(
            read("smtps://m.example", Protocol::Smtp, None),
            (host(), 465, Security::Tls)
        );
        assert_eq!(
            read("m.example:2143", Protocol::Imap, Some(Security::None)),
            (host(), 2143, Security::None)
        );
        for bad in ["", "ada:secret@m.example", "ftp://m.example", "m.example:x"] {
            let error = Address::parse(bad, Protocol::Imap, None).unwrap_err();
            assert!(!error.message().contains("secret"));
        }
    }
}

//! What all nodes that send requests can be told.

use casare_workflow::Span;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

/// How a credential is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scheme {
    /// `username` and `password` with every request.
    Basic,
    /// `username` and `password` as an answer to the other side's challenge (RFC 7616).
    Digest,
    /// `token` as bearer token.
    Bearer,
    /// `value` as the header `header` or as the query parameter `parameter`.
    ApiKey,
    /// A token that is fetched from `token_url` and renewed: `client_id`, `client_secret`, and
    /// `refresh_token` or `scope` where they are needed.
    Oauth2,
}

/// Whom to trust, and who this client is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    /// A file with certificates (PEM) that are trusted beside those of the system.
    #[serde(default)]
    pub(super) authority: Option<String>,
    /// Name of a credential with `certificate` and `key` (PEM) that this client shows (mutual TLS).
    #[serde(default)]
    pub(super) identity: Option<String>,
    /// Whether the other side's certificate is checked; only tests have a reason to say no.
    #[serde(default = "yes")]
    pub(super) verify: bool,
}

/// What all nodes that send requests can be told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Common<'a> {
    pub(super) headers: &'a IndexMap<String, String>,
    pub(super) credential: Option<&'a str>,
    pub(super) auth: Option<Scheme>,
    pub(super) timeout: Option<Span>,
    pub(super) retries: u32,
    pub(super) redirects: usize,
    pub(super) allow: &'a [String],
    pub(super) tls: Option<&'a Tls>,
    pub(super) proxy: Option<&'a str>,
    pub(super) max_size: u64,
}

impl<'a> Common<'a> {
    /// What a request needs that stands behind another protocol, such as the one for a token.
    pub(crate) fn plain(headers: &'a IndexMap<String, String>, allow: &'a [String]) -> Self {
        Self {
            headers,
            credential: None,
            auth: None,
            timeout: None,
            retries: two(),
            redirects: ten(),
            allow,
            tls: None,
            proxy: None,
            max_size: most_bytes(),
        }
    }
}

/// Settings of a node that sends requests: its own, and those that all of them have.
macro_rules! http_settings {
    ($(#[$about:meta])* $vis:vis struct $name:ident { $($own:tt)* }) => {
        $(#[$about])*
        #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        $vis struct $name {
            $($own)*
            /// Headers.
            #[serde(default)]
            headers: indexmap::IndexMap<String, String>,
            /// Name of a credential. With `username` and `password` it is sent as basic
            /// authentication, with `token` as bearer token, with `header` (or `parameter`) and
            /// `value` as that header (or query parameter), with `token_url`, `client_id` and
            /// `client_secret` as an OAuth2 token that is fetched and renewed.
            #[serde(default)]
            credential: Option<String>,
            /// How the credential is used, if not as its fields suggest; `digest` say.
            #[serde(default)]
            auth: Option<crate::http::settings::Scheme>,
            /// Time for the whole exchange (30 s; 30 min for files).
            #[serde(default)]
            timeout: Option<casare_workflow::Span>,
            /// How often a request that can be repeated is sent again when the other side is
            /// unavailable. A `Retry-After` is waited for.
            #[serde(default = "crate::http::settings::two")]
            #[schemars(range(max = 20))]
            retries: u32,
            /// How many redirects are followed.
            #[serde(default = "crate::http::settings::ten")]
            redirects: usize,
            /// Addresses behind the robot that may be reached: host names, addresses, networks
            /// such as `10.0.0.0/8`, or `private` for all private networks and this machine.
            #[serde(default)]
            allow: Vec<String>,
            /// Certificates to trust and to show.
            #[serde(default)]
            tls: Option<crate::http::settings::Tls>,
            /// A proxy, such as `http://proxy.example.com:3128`; otherwise that of the system.
            #[serde(default)]
            proxy: Option<String>,
            /// Bytes of an answer that are kept in memory; a longer one fails the step (64 MiB).
            #[serde(default = "crate::http::settings::most_bytes")]
            max_size: u64,
        }

        impl $name {
            fn common(&self) -> crate::http::settings::Common<'_> {
                crate::http::settings::Common {
                    headers: &self.headers,
                    credential: self.credential.as_deref(),
                    auth: self.auth,
                    timeout: self.timeout,
                    retries: self.retries,
                    redirects: self.redirects,
                    allow: &self.allow,
                    tls: self.tls.as_ref(),
                    proxy: self.proxy.as_deref(),
                    max_size: self.max_size,
                }
            }
        }
    };
}

pub(super) use http_settings;

pub(super) fn yes() -> bool {
    true
}

pub(super) fn two() -> u32 {
    2
}

pub(super) fn ten() -> usize {
    10
}

pub(super) fn most_bytes() -> u64 {
    64 * 1024 * 1024
}

//! What all nodes of the category can be told.

use schemars::JsonSchema;
use serde::Deserialize;

/// Settings of a node: its own, and those by which it finds its server.
macro_rules! redis_settings {
    ($(#[$about:meta])* $vis:vis struct $name:ident { $($own:tt)* }) => {
        $(#[$about])*
        #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        $vis struct $name {
            $($own)*
            /// The server: `redis://host:6379/0` (the last number is the database), or
            /// `rediss://…` for an encrypted connection. A password belongs into `credential`.
            server: Option<String>,
            /// Name of a credential with `password` and maybe `username`, or with the whole `url`.
            credential: Option<String>,
            /// A PEM file with the authority that signed the server's certificate; those of the
            /// system if not set.
            authority: Option<String>,
        }

        impl $name {
            /// The server that these settings name.
            fn server(&self) -> $crate::redis::connection::Server<'_> {
                $crate::redis::connection::Server {
                    server: self.server.as_deref(),
                    credential: self.credential.as_deref(),
                    authority: self.authority.as_deref(),
                }
            }
        }
    };
}
pub(super) use redis_settings;

/// One text, or several.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Names {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Names {
    pub(super) fn all(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
        }
    }
}

/// An end of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Side {
    /// Its beginning.
    Left,
    /// Its end.
    Right,
}

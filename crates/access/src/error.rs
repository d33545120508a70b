//! Why access was refused or could not be changed, and what to do about it.

use std::time::Duration;

use casare_store::DatabaseError;

use crate::{Permission, Role};

/// Why access was refused or could not be changed. [`AccessError::help`] says what to do. No text
/// says more than its reader may know.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("e-mail address or password is wrong")]
    WrongPassword,
    #[error("too many failed attempts; the next one is possible in {} seconds", after.as_secs().max(1))]
    TooMany { after: Duration },
    #[error("the key, session or link is not known, has expired or was revoked")]
    Unknown,
    #[error("this needs the permission `{needed}`")]
    Forbidden { needed: Permission },
    #[error("the role {wanted} is above that of whoever gives it")]
    AboveOwnRole { wanted: Role },
    #[error("this is the only owner")]
    LastOwner,
    #[error("{what} cannot be used: {why}")]
    Invalid { what: &'static str, why: String },
    #[error("the vault cannot open this: it was sealed with another master key, or is damaged")]
    Sealed,
    #[error("the master key at {path} cannot be used: {why}")]
    MasterKey { path: String, why: String },
    #[error("a background task of this server ended")]
    Closed,
}

impl AccessError {
    /// What the reader of this error can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Database(error) => error.help(),
            Self::WrongPassword => {
                "check both; an administrator can make a link for a new password"
            }
            Self::TooMany { .. } => "wait, or ask an administrator for a link for a new password",
            Self::Unknown => "sign in again, or make a new key",
            Self::Forbidden { .. } => "ask an administrator for a role that has this permission",
            Self::AboveOwnRole { .. } => "ask somebody who has that role",
            Self::LastOwner => "make somebody else an owner first",
            Self::Invalid { .. } => "correct the value and try again",
            Self::Sealed => "start the server with the master key that it had before",
            Self::MasterKey { .. } => {
                "it must be a file of 32 bytes in Base64 that only this user can read"
            }
            Self::Closed => "try again",
        }
    }
}

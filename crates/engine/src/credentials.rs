//! Where nodes get secrets, at the moment of use.

use std::collections::BTreeMap;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};

use crate::NodeError;

/// A named login or token: fields such as `username`, `password`, `token`.
#[derive(Debug, Clone)]
pub struct Credential {
    name: String,
    fields: BTreeMap<String, SecretString>,
}

impl Credential {
    /// The credential `name` with these fields.
    pub fn new(name: impl Into<String>, fields: BTreeMap<String, SecretString>) -> Self {
        Self {
            name: name.into(),
            fields,
        }
    }

    /// The secret in `field`. Let go of it right after use.
    ///
    /// # Errors
    ///
    /// `denied` when the credential has no such field.
    pub fn field(&self, field: &str) -> Result<&str, NodeError> {
        self.optional(field).ok_or_else(|| {
            let fields: Vec<&str> = self.fields.keys().map(String::as_str).collect();
            NodeError::denied(format!("credential `{}` has no field `{field}`", self.name))
                .with_help(format!("it has: {}", fields.join(", ")))
        })
    }

    /// The secret in `field`, if the credential has it.
    pub fn optional(&self, field: &str) -> Option<&str> {
        self.fields.get(field).map(ExposeSecret::expose_secret)
    }

    /// The names of its fields.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    /// Every secret in it, for masking.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.fields.values().map(ExposeSecret::expose_secret)
    }
}

/// Where credentials are kept.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// The credential called `name` now; `None` when there is none.
    async fn credential(&self, name: &str) -> Result<Option<Credential>, NodeError>;
}

/// No credentials at all.
#[derive(Debug, Clone, Copy)]
pub struct NoCredentials;

#[async_trait]
impl Credentials for NoCredentials {
    async fn credential(&self, _: &str) -> Result<Option<Credential>, NodeError> {
        Ok(None)
    }
}

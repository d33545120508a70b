//! Credentials from environment variables: `CASARE_CREDENTIAL_<NAME>`.

use std::collections::BTreeMap;

use async_trait::async_trait;
use casare_engine::{Credential, Credentials, NodeError};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value as Json;

use crate::config::CREDENTIAL;

/// Credentials that the environment holds, by the part of the variable's name after the prefix.
#[derive(Debug)]
pub(crate) struct EnvironmentCredentials {
    variables: BTreeMap<String, SecretString>,
}

impl EnvironmentCredentials {
    pub(crate) fn new(variables: BTreeMap<String, SecretString>) -> Self {
        Self { variables }
    }
}

#[async_trait]
impl Credentials for EnvironmentCredentials {
    async fn credential(&self, name: &str) -> Result<Option<Credential>, NodeError> {
        let variable = variable_of(name);
        let Some(value) = self.variables.get(&variable) else {
            return Ok(None);
        };
        let fields = fields_of(value.expose_secret()).map_err(|reason| {
            NodeError::denied(format!("credential `{name}` can't be read: {reason}")).with_help(
                format!(
                    "set {CREDENTIAL}{variable} to a JSON object such as {{\"username\": \"…\"}}"
                ),
            )
        })?;
        Ok(Some(Credential::new(name, fields)))
    }
}

/// `smtp-main` is kept in `CASARE_CREDENTIAL_SMTP_MAIN`.
fn variable_of(name: &str) -> String {
    name.to_uppercase()
        .replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

/// The fields of a JSON object; any other text is one secret in the field `value`.
fn fields_of(text: &str) -> Result<BTreeMap<String, SecretString>, &'static str> {
    if !text.trim_start().starts_with('{') {
        return Ok(BTreeMap::from([("value".to_owned(), text.into())]));
    }
    // What serde_json says of the text could show parts of the secret.
    let fields: BTreeMap<String, Json> =
        serde_json::from_str(text).map_err(|_| "it begins like a JSON object, but is none")?;
    fields
        .into_iter()
        .map(|(name, value)| match value {
            Json::String(text) => Ok((name, text.into())),
            Json::Number(number) => Ok((name, number.to_string().into())),
            Json::Bool(flag) => Ok((name, flag.to_string().into())),
            _ => Err("its fields have to be texts"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_credential_is_found_by_the_name_that_workflows_use() {
        let json = r#"{"username": "ada", "port": 25}"#;
        let variables = BTreeMap::from([("SMTP_MAIN".to_owned(), json.into())]);
        let credentials = EnvironmentCredentials::new(variables);

        let found = credentials.credential("smtp-main").await.unwrap().unwrap();

        assert_eq!(found.field("username").unwrap(), "ada");
        assert_eq!(found.field("port").unwrap(), "25");
    }

    #[tokio::test]
    async fn a_broken_credential_is_refused_without_showing_it() {
        let variables = BTreeMap::from([("TOKEN".to_owned(), r#"{"token": "hunter2""#.into())]);
        let credentials = EnvironmentCredentials::new(variables);

        let error = credentials.credential("token").await.unwrap_err();

        assert!(!error.message().contains("hunter2"));
    }
}

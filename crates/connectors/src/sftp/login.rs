//! Proving to a server who one is.

use std::{fmt, sync::Arc};

use casare_engine::NodeError;
use russh::{
    client::{AuthResult, Handle, KeyboardInteractiveAuthResponse},
    keys::{PrivateKey, PrivateKeyWithHashAlg, agent::AgentIdentity, agent::client::AgentClient},
};
use secrecy::{ExposeSecret, SecretString};

use super::{connection::Guard, fault::broken};

/// Questions of a server that are answered with the password, at most.
const QUESTIONS: usize = 8;

/// How a login is proved.
pub(super) struct Login {
    pub(super) username: String,
    pub(super) key: Option<Arc<PrivateKey>>,
    pub(super) password: Option<SecretString>,
    pub(super) agent: bool,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({})", self.username)
    }
}

impl Login {
    /// Logs in with what there is: the key, keys of the agent, the password.
    pub(super) async fn prove(
        &self,
        handle: &mut Handle<Guard>,
        server: &str,
    ) -> Result<(), NodeError> {
        let doing = format!("could not log in to {server} as {}", self.username);
        let failed = |error: russh::Error| broken(&doing, &error);
        let mut tried = Vec::new();
        if let Some(key) = &self.key {
            let hash = handle.best_supported_rsa_hash().await.map_err(failed)?;
            let key = PrivateKeyWithHashAlg::new(key.clone(), hash.flatten());
            let outcome = handle.authenticate_publickey(&self.username, key).await;
            if outcome.map_err(failed)?.success() {
                return Ok(());
            }
            tried.push("private key");
        }
        if self.agent {
            if self.by_agent(handle, &doing).await? {
                return Ok(());
            }
            tried.push("agent");
        }
        if let Some(password) = &self.password {
            let outcome = handle
                .authenticate_password(&self.username, password.expose_secret())
                .await
                .map_err(failed)?;
            match outcome {
                AuthResult::Success => return Ok(()),
                AuthResult::Failure { .. } => {
                    if self.by_answers(handle, password).await.map_err(failed)? {
                        return Ok(());
                    }
                }
            }
            tried.push("password");
        }
        Err(NodeError::denied(format!(
            "{doing}: the server does not accept the {}",
            tried.join(" nor the ")
        ))
        .with_help("check the credential, and which kinds of login the server allows"))
    }

    /// Servers that ask for the password as a question.
    async fn by_answers(
        &self,
        handle: &mut Handle<Guard>,
        password: &SecretString,
    ) -> Result<bool, russh::Error> {
        let mut reply = handle
            .authenticate_keyboard_interactive_start(&self.username, None)
            .await?;
        for _ in 0..QUESTIONS {
            let KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } = reply else {
                break;
            };
            let answers = prompts
                .iter()
                // What may be shown while it is typed is not a password.
                .map(|prompt| {
                    if prompt.echo {
                        String::new()
                    } else {
                        password.expose_secret().to_owned()
                    }
                })
                .collect();
            reply = handle
                .authenticate_keyboard_interactive_respond(answers)
                .await?;
        }
        Ok(matches!(reply, KeyboardInteractiveAuthResponse::Success))
    }

    #[cfg(unix)]
    async fn by_agent(&self, handle: &mut Handle<Guard>, doing: &str) -> Result<bool, NodeError> {
        let failed = |error: &dyn fmt::Display| {
            NodeError::unavailable(format!("{doing}: no SSH agent answers: {error}"))
                .with_help("start one and set SSH_AUTH_SOCK, or give a key or a password")
        };
        let mut agent = AgentClient::connect_env()
            .await
            .map_err(|error| failed(&error))?;
        let identities = agent
            .request_identities()
            .await
            .map_err(|error| failed(&error))?;
        let hash = handle
            .best_supported_rsa_hash()
            .await
            .map_err(|error| broken(doing, &error))?
            .flatten();
        for identity in identities {
            let AgentIdentity::PublicKey { key, .. } = identity else {
                continue;
            };
            let hash = if key.algorithm().is_rsa() { hash } else { None };
            let outcome = handle
                .authenticate_publickey_with(&self.username, key, hash, &mut agent)
                .await;
            if outcome.is_ok_and(|outcome| outcome.success()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    #[cfg(not(unix))]
    async fn by_agent(&self, _: &mut Handle<Guard>, doing: &str) -> Result<bool, NodeError> {
        Err(NodeError::invalid(format!(
            "{doing}: agents are supported on Unix only"
        )))
    }
}

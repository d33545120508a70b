//! Passwords: argon2id with the parameters that OWASP names, a few at a time.

use std::sync::OnceLock;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::AccessError;

/// Each takes 19 MiB for a moment.
const AT_A_TIME: usize = 2;

const SHORTEST: usize = 12;
const LONGEST: usize = 256;

#[derive(Debug)]
pub(crate) struct Passwords {
    turns: Semaphore,
    /// Compared with when there is no such user, so that this takes as long.
    nobody: OnceLock<String>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            turns: Semaphore::new(AT_A_TIME),
            nobody: OnceLock::new(),
        }
    }
}

impl Passwords {
    /// Checks that a password may be used, and hashes it.
    pub(crate) async fn hash(
        &self,
        password: &SecretString,
        email: &str,
    ) -> Result<String, AccessError> {
        acceptable(password.expose_secret(), email)?;
        self.hash_any(password.clone()).await
    }

    async fn hash_any(&self, password: SecretString) -> Result<String, AccessError> {
        let _turn = self
            .turns
            .acquire()
            .await
            .map_err(|_| AccessError::Closed)?;
        tokio::task::spawn_blocking(move || {
            Argon2::default()
                .hash_password(password.expose_secret().as_bytes())
                .map(|hash| hash.to_string())
                .map_err(|_| AccessError::Closed)
        })
        .await
        .map_err(|_| AccessError::Closed)?
    }

    /// Whether it is the password that was hashed. Takes as long when there is none.
    pub(crate) async fn verify(
        &self,
        password: &SecretString,
        kept: Option<&str>,
    ) -> Result<bool, AccessError> {
        let compared = match kept {
            Some(hash) => hash.to_owned(),
            None => self.nobodys().await?,
        };
        let _turn = self
            .turns
            .acquire()
            .await
            .map_err(|_| AccessError::Closed)?;
        let password = password.clone();
        let right = tokio::task::spawn_blocking(move || {
            PasswordHash::new(&compared).is_ok_and(|hash| {
                Argon2::default()
                    .verify_password(password.expose_secret().as_bytes(), &hash)
                    .is_ok()
            })
        })
        .await
        .map_err(|_| AccessError::Closed)?;
        Ok(right && kept.is_some())
    }

    async fn nobodys(&self) -> Result<String, AccessError> {
        if let Some(hash) = self.nobody.get() {
            return Ok(hash.clone());
        }
        let random: u128 = rand::random();
        let hash = self.hash_any(random.to_string().into()).await?;
        Ok(self.nobody.get_or_init(|| hash).clone())
    }
}

/// Long, and not what everybody would try first.
fn acceptable(password: &str, email: &str) -> Result<(), AccessError> {
    let refused = |why: &str| {
        Err(AccessError::Invalid {
            what: "the password",
            why: why.to_owned(),
        })
    };
    if password.chars().count() < SHORTEST {
        return refused("it must have at least 12 characters; a few words are easy to remember");
    }
    if password.len() > LONGEST {
        return refused("it must not have more than 256 bytes");
    }
    let first = password.chars().next();
    if password.chars().all(|character| Some(character) == first) {
        return refused("it is one character, again and again");
    }
    if password.to_lowercase() == email {
        return refused("it is the e-mail address");
    }
    Ok(())
}

//! Whether a call from outside may start runs.

use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use casare_access::{AccessError, Vault};
use casare_store::TenantId;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use utoipa::openapi::{RefOr, Schema};

use super::Auth;

/// A secret in a design: as it was written when it comes, sealed when it is kept, and never shown.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "String")]
pub(crate) enum SecretField {
    Plain(SecretString),
    Sealed(Vec<u8>),
}

/// How sealed ones begin where they are kept.
const SEALED: &str = "sealed:";

impl From<String> for SecretField {
    fn from(text: String) -> Self {
        let sealed = text.strip_prefix(SEALED);
        match sealed.and_then(|text| STANDARD.decode(text).ok()) {
            Some(sealed) => Self::Sealed(sealed),
            None => Self::Plain(text.into()),
        }
    }
}

impl Serialize for SecretField {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            // Nothing that was not sealed is written anywhere.
            Self::Plain(_) => serializer.serialize_str(""),
            Self::Sealed(sealed) => {
                serializer.serialize_str(&format!("{SEALED}{}", STANDARD.encode(sealed)))
            }
        }
    }
}

impl utoipa::PartialSchema for SecretField {
    fn schema() -> RefOr<Schema> {
        String::schema()
    }
}

impl utoipa::ToSchema for SecretField {}

impl SecretField {
    pub(crate) async fn seal(
        &mut self,
        vault: &Vault,
        tenant: TenantId,
        name: &str,
    ) -> Result<(), AccessError> {
        if let Self::Plain(secret) = self {
            if secret.expose_secret().len() < 16 {
                return Err(AccessError::Invalid {
                    what: "the secret",
                    why: "it must have at least 16 bytes".to_owned(),
                });
            }
            let sealed = vault
                .seal(tenant, name, secret.expose_secret().as_bytes())
                .await?;
            *self = Self::Sealed(sealed);
        }
        Ok(())
    }

    async fn open(
        &self,
        vault: &Vault,
        tenant: TenantId,
        name: &str,
    ) -> Result<Vec<u8>, AccessError> {
        match self {
            Self::Plain(secret) => Ok(secret.expose_secret().as_bytes().to_vec()),
            Self::Sealed(sealed) => {
                let opened = vault.open(tenant, name, sealed).await?;
                Ok(opened.expose_secret().clone())
            }
        }
    }
}

impl Auth {
    pub(crate) fn secret(&mut self) -> &mut SecretField {
        match self {
            Self::Bearer { token } => token,
            Self::Basic { password, .. } => password,
            Self::Hmac { secret, .. } => secret,
        }
    }

    /// A secret that is left empty stays as it was kept before.
    pub(crate) fn keep(&mut self, before: &mut Self) {
        let is_empty = matches!(self.secret(), SecretField::Plain(secret) if secret.expose_secret().is_empty());
        if is_empty {
            *self.secret() = before.secret().clone();
        }
    }

    /// For those who read a trigger: the secret is left out.
    pub(crate) fn hide(&mut self) {
        *self.secret() = SecretField::Plain(SecretString::from(""));
    }
}

/// Whether a call shows that it may.
pub(crate) async fn admitted(
    auth: &Auth,
    vault: &Vault,
    tenant: TenantId,
    name: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<bool, AccessError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let given = |scheme: &str| {
        let (found, value) = text(header::AUTHORIZATION.as_str())?.split_once(' ')?;
        found.eq_ignore_ascii_case(scheme).then(|| value.trim())
    };
    Ok(match auth {
        Auth::Bearer { token } => {
            let token = token.open(vault, tenant, name).await?;
            given("bearer").is_some_and(|found| same(found.as_bytes(), &token))
        }
        Auth::Basic { username, password } => {
            let password = password.open(vault, tenant, name).await?;
            let wanted = [username.as_bytes(), b":", &password].concat();
            let found = given("basic").and_then(|text| STANDARD.decode(text).ok());
            found.is_some_and(|found| same(&found, &wanted))
        }
        Auth::Hmac {
            secret,
            header,
            prefix,
        } => {
            let secret = secret.open(vault, tenant, name).await?;
            let header = header.as_deref().unwrap_or("x-hub-signature-256");
            let prefix = prefix.as_deref().unwrap_or("sha256=");
            let found = text(header).and_then(|found| found.strip_prefix(prefix));
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&secret) else {
                return Ok(false);
            };
            mac.update(body);
            let wanted: String = mac
                .finalize()
                .into_bytes()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            found.is_some_and(|found| same(found.to_lowercase().as_bytes(), wanted.as_bytes()))
        }
    })
}

fn same(found: &[u8], wanted: &[u8]) -> bool {
    found.ct_eq(wanted).into()
}

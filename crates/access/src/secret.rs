//! Random tokens. They are shown once; only their hashes are kept.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::AccessError;

/// What a token is for, told by how it begins: a lost one can be found by scanners, and none is
/// taken for another kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    ApiKey,
    Session,
    Link,
    Enrolment,
    RobotKey,
}

impl Kind {
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::ApiKey => "csr_",
            Self::Session => "css_",
            Self::Link => "csl_",
            Self::Enrolment => "cse_",
            Self::RobotKey => "csb_",
        }
    }
}

/// A new token of 32 random bytes, and its hash.
pub(crate) fn token(kind: Kind) -> (SecretString, Vec<u8>) {
    let bytes: [u8; 32] = rand::random();
    let text = format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(bytes));
    let hash = Sha256::digest(text.as_bytes()).to_vec();
    (text.into(), hash)
}

/// The hash of a token that was presented; `Unknown` when it cannot be one of this kind.
pub(crate) fn hash(kind: Kind, token: &SecretString) -> Result<Vec<u8>, AccessError> {
    let text = token.expose_secret();
    // 32 bytes take 43 characters.
    if !text.starts_with(kind.prefix()) || text.len() != kind.prefix().len() + 43 {
        return Err(AccessError::Unknown);
    }
    Ok(Sha256::digest(text.as_bytes()).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_by_its_hash_and_only_as_what_it_is() {
        let (token, kept) = token(Kind::ApiKey);

        assert!(token.expose_secret().starts_with("csr_"));
        assert_eq!(hash(Kind::ApiKey, &token).unwrap(), kept);
        assert!(matches!(
            hash(Kind::Session, &token),
            Err(AccessError::Unknown)
        ));
    }
}

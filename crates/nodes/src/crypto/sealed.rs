//! How encrypted things are laid out: XChaCha20-Poly1305, with a key that is given or that follows
//! from a passphrase by Argon2id.
//!
//! `CSE1`, one byte that says where the key comes from (0: given, 1: passphrase), for a passphrase
//! its salt (16 bytes) and three numbers (memory in KiB, passes, lanes; 4 bytes each, little
//! endian), the nonce (24 bytes), and what was encrypted. All before the nonce is authenticated.

use argon2::{Algorithm, Argon2, Params, Version};
use casare_engine::NodeError;
use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};

use super::writing::{from_base64, from_hex};

const MAGIC: &[u8; 4] = b"CSE1";
const NONCE: usize = 24;
const SALT: usize = 16;
/// What OWASP names for Argon2id with one lane, twice: 38 MiB, three passes.
const COST: Cost = Cost {
    memory: 38 * 1024,
    passes: 3,
    lanes: 1,
};

/// What computing a key from a passphrase costs.
#[derive(Debug, Clone, Copy)]
struct Cost {
    memory: u32,
    passes: u32,
    lanes: u32,
}

/// What things are encrypted with.
pub(super) enum Secret {
    Key([u8; 32]),
    Passphrase(String),
}

impl Secret {
    /// A key of 32 bytes in Base64 or hexadecimal digits.
    pub(super) fn key(text: &str) -> Option<Self> {
        let text = text.trim();
        from_hex(text)
            .filter(|key| key.len() == 32)
            .or_else(|| from_base64(text))
            .and_then(|key| <[u8; 32]>::try_from(key).ok())
            .map(Self::Key)
    }
}

fn random<const N: usize>() -> Result<[u8; N], NodeError> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| NodeError::unavailable("the operating system gives no chance"))?;
    Ok(bytes)
}

fn derived(passphrase: &str, salt: &[u8], cost: Cost) -> Result<[u8; 32], NodeError> {
    let unusable =
        |error| NodeError::invalid(format!("no key follows from the passphrase: {error}"));
    let params = Params::new(cost.memory, cost.passes, cost.lanes, Some(32)).map_err(unusable)?;
    let mut key = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, &mut key)
        .map_err(unusable)?;
    Ok(key)
}

/// `content`, encrypted.
pub(super) fn seal(content: &[u8], secret: &Secret) -> Result<Vec<u8>, NodeError> {
    let mut sealed = MAGIC.to_vec();
    let key = match secret {
        Secret::Key(key) => {
            sealed.push(0);
            *key
        }
        Secret::Passphrase(passphrase) => {
            let salt: [u8; SALT] = random()?;
            sealed.push(1);
            sealed.extend(salt);
            for number in [COST.memory, COST.passes, COST.lanes] {
                sealed.extend(number.to_le_bytes());
            }
            derived(passphrase, &salt, COST)?
        }
    };
    let nonce: [u8; NONCE] = random()?;
    let encrypted = XChaCha20Poly1305::new(&key.into())
        .encrypt(
            &XNonce::from(nonce),
            Payload {
                msg: content,
                aad: &sealed,
            },
        )
        .map_err(|_| NodeError::invalid("it is too large to be encrypted"))?;
    sealed.extend(nonce);
    sealed.extend(encrypted);
    Ok(sealed)
}

/// What was encrypted in `sealed`.
pub(super) fn open(sealed: &[u8], secret: &Secret) -> Result<Vec<u8>, NodeError> {
    let damaged =
        || NodeError::invalid("this was not encrypted by `crypto.encrypt`, or is damaged");
    let mut rest = sealed.strip_prefix(MAGIC).ok_or_else(damaged)?;
    let mut take = |length: usize| -> Result<&[u8], NodeError> {
        let (part, after) = rest.split_at_checked(length).ok_or_else(damaged)?;
        rest = after;
        Ok(part)
    };
    let key = match (take(1)?[0], secret) {
        (0, Secret::Key(key)) => *key,
        (1, Secret::Passphrase(passphrase)) => {
            let salt = take(SALT)?.to_vec();
            let mut number = || -> Result<u32, NodeError> {
                let bytes = <[u8; 4]>::try_from(take(4)?).map_err(|_| damaged())?;
                Ok(u32::from_le_bytes(bytes))
            };
            let cost = Cost {
                memory: number()?,
                passes: number()?,
                lanes: number()?,
            };
            // A forged file must not cost more than a real one could.
            if cost.memory > 1024 * 1024 || cost.passes > 20 || cost.lanes > 16 {
                return Err(damaged());
            }
            derived(passphrase, &salt, cost)?
        }
        (0, _) => return Err(wrong("a key of 32 bytes", "key")),
        (1, _) => return Err(wrong("a passphrase", "passphrase")),
        _ => return Err(damaged()),
    };
    let header = &sealed[..sealed.len() - rest.len()];
    let (nonce, encrypted) = rest.split_at_checked(NONCE).ok_or_else(damaged)?;
    let nonce = <[u8; NONCE]>::try_from(nonce).map_err(|_| damaged())?;
    XChaCha20Poly1305::new(&key.into())
        .decrypt(
            &XNonce::from(nonce),
            Payload {
                msg: encrypted,
                aad: header,
            },
        )
        .map_err(|_| {
            NodeError::denied("it can't be decrypted: the secret is another one, or it was changed")
                .with_help("use the credential that it was encrypted with")
        })
}

fn wrong(what: &str, field: &str) -> NodeError {
    NodeError::denied(format!(
        "it was encrypted with {what}, which the credential does not have"
    ))
    .with_help(format!("use a credential with the field `{field}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_what_is_sealed_can_be_changed() {
        let secret = Secret::Key([7; 32]);
        let sealed = seal(b"pay 100", &secret).unwrap();

        assert_eq!(open(&sealed, &secret).unwrap(), b"pay 100");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open(&changed, &secret).is_err(), "byte {at}");
        }
        assert!(open(&sealed[..20], &secret).is_err());
        assert!(open(&sealed, &Secret::Key([8; 32])).is_err());
        assert_ne!(seal(b"pay 100", &secret).unwrap(), sealed);
    }

    #[test]
    fn a_forged_cost_is_refused_before_it_is_paid() {
        let mut forged = MAGIC.to_vec();
        forged.push(1);
        forged.extend([0; SALT]);
        for number in [u32::MAX, u32::MAX, 1] {
            forged.extend(number.to_le_bytes());
        }
        forged.extend([0; 60]);

        assert!(open(&forged, &Secret::Passphrase("x".into())).is_err());
    }
}

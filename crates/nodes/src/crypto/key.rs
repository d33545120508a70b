//! Keys that sign and verify: RSA, ECDSA and Ed25519, in PEM.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{
        self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaEncoding,
        RsaKeyPair, VerificationAlgorithm,
    },
};
use casare_engine::NodeError;
use rustls_pki_types::{PrivateKeyDer, SubjectPublicKeyInfoDer, pem::PemObject};
use schemars::JsonSchema;
use serde::Deserialize;

/// How RSA signatures are made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Padding {
    /// PKCS#1 v1.5: what most systems expect (`RS256`).
    #[default]
    Pkcs1,
    /// PSS: the newer one (`PS256`).
    Pss,
}

/// With which hash RSA signatures are made; ECDSA's follows from the key, Ed25519 has its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum HashOf {
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// How ECDSA signatures are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum EcForm {
    /// As OpenSSL and certificates do (ASN.1).
    #[default]
    Der,
    /// Both numbers one after the other, as JSON Web Tokens do.
    Raw,
}

/// How a signature is made.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Manner {
    pub(super) padding: Padding,
    pub(super) hash: HashOf,
    pub(super) form: EcForm,
}

/// A kind of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
    P521,
    Ed25519,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Rsa => "rsa",
            Self::P256 => "ecdsa-p256",
            Self::P384 => "ecdsa-p384",
            Self::P521 => "ecdsa-p521",
            Self::Ed25519 => "ed25519",
        }
    }

    /// By the object identifiers at the beginning of a key's description.
    fn of_public(der: &[u8]) -> Option<Self> {
        let start = &der[..der.len().min(48)];
        let has = |id: &[u8]| start.windows(id.len()).any(|part| part == id);
        [
            (
                &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01][..],
                Self::Rsa,
            ),
            (
                &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
                Self::P256,
            ),
            (&[0x2b, 0x81, 0x04, 0x00, 0x22], Self::P384),
            (&[0x2b, 0x81, 0x04, 0x00, 0x23], Self::P521),
            (&[0x06, 0x03, 0x2b, 0x65, 0x70], Self::Ed25519),
        ]
        .into_iter()
        .find_map(|(id, kind)| has(id).then_some(kind))
    }

    fn verification(self, manner: Manner) -> &'static dyn VerificationAlgorithm {
        use Padding::{Pkcs1, Pss};
        match (self, manner.padding, manner.hash) {
            (Self::Rsa, Pkcs1, HashOf::Sha256) => &signature::RSA_PKCS1_2048_8192_SHA256,
            (Self::Rsa, Pkcs1, HashOf::Sha384) => &signature::RSA_PKCS1_2048_8192_SHA384,
            (Self::Rsa, Pkcs1, HashOf::Sha512) => &signature::RSA_PKCS1_2048_8192_SHA512,
            (Self::Rsa, Pss, HashOf::Sha256) => &signature::RSA_PSS_2048_8192_SHA256,
            (Self::Rsa, Pss, HashOf::Sha384) => &signature::RSA_PSS_2048_8192_SHA384,
            (Self::Rsa, Pss, HashOf::Sha512) => &signature::RSA_PSS_2048_8192_SHA512,
            (Self::Ed25519, ..) => &signature::ED25519,
            (Self::P256, ..) if manner.form == EcForm::Raw => &signature::ECDSA_P256_SHA256_FIXED,
            (Self::P384, ..) if manner.form == EcForm::Raw => &signature::ECDSA_P384_SHA384_FIXED,
            (Self::P521, ..) if manner.form == EcForm::Raw => &signature::ECDSA_P521_SHA512_FIXED,
            (Self::P256, ..) => &signature::ECDSA_P256_SHA256_ASN1,
            (Self::P384, ..) => &signature::ECDSA_P384_SHA384_ASN1,
            (Self::P521, ..) => &signature::ECDSA_P521_SHA512_ASN1,
        }
    }
}

/// A private key.
pub(super) enum SigningKey {
    Rsa(RsaKeyPair),
    Ecdsa(Box<EcdsaKeyPair>, &'static str),
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    /// Reads a key in PEM; `manner` says how ECDSA signatures are written.
    pub(super) fn read(pem: &str, manner: Manner) -> Result<Self, NodeError> {
        if pem.contains("ENCRYPTED") {
            return Err(unreadable("it is protected by a password")
                .with_help("keep it in the credential without one: `openssl pkey -in key.pem`"));
        }
        // A secret that was pasted into one line has its line breaks written out.
        let pem = pem.replace("\\n", "\n");
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| unreadable("it is no private key in PEM"))?;
        let ec: [(&'static EcdsaSigningAlgorithm, Kind); 3] = match manner.form {
            EcForm::Der => [
                (&signature::ECDSA_P256_SHA256_ASN1_SIGNING, Kind::P256),
                (&signature::ECDSA_P384_SHA384_ASN1_SIGNING, Kind::P384),
                (&signature::ECDSA_P521_SHA512_ASN1_SIGNING, Kind::P521),
            ],
            EcForm::Raw => [
                (&signature::ECDSA_P256_SHA256_FIXED_SIGNING, Kind::P256),
                (&signature::ECDSA_P384_SHA384_FIXED_SIGNING, Kind::P384),
                (&signature::ECDSA_P521_SHA512_FIXED_SIGNING, Kind::P521),
            ],
        };
        let key = match &der {
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der())
                .ok()
                .map(Self::Rsa),
            PrivateKeyDer::Sec1(der) => ec.iter().find_map(|(algorithm, kind)| {
                EcdsaKeyPair::from_private_key_der(algorithm, der.secret_sec1_der())
                    .ok()
                    .map(|key| Self::Ecdsa(Box::new(key), kind.name()))
            }),
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                RsaKeyPair::from_pkcs8(der)
                    .map(Self::Rsa)
                    .ok()
                    .or_else(|| {
                        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)
                            .ok()
                            .map(Self::Ed25519)
                    })
                    .or_else(|| {
                        ec.iter().find_map(|(algorithm, kind)| {
                            EcdsaKeyPair::from_pkcs8(algorithm, der)
                                .ok()
                                .map(|key| Self::Ecdsa(Box::new(key), kind.name()))
                        })
                    })
            }
            _ => None,
        };
        key.ok_or_else(|| {
            unreadable(
                "it is none of RSA with 2048 to 8192 bits, ECDSA P-256, P-384 or P-521, or Ed25519",
            )
        })
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Rsa(_) => Kind::Rsa.name(),
            Self::Ecdsa(_, name) => name,
            Self::Ed25519(_) => Kind::Ed25519.name(),
        }
    }

    /// The signature of `message`.
    pub(super) fn sign(&self, message: &[u8], manner: Manner) -> Result<Vec<u8>, NodeError> {
        let failed = |_| NodeError::bug("the key could not sign");
        match self {
            Self::Rsa(key) => {
                let encoding: &'static dyn RsaEncoding = match (manner.padding, manner.hash) {
                    (Padding::Pkcs1, HashOf::Sha256) => &signature::RSA_PKCS1_SHA256,
                    (Padding::Pkcs1, HashOf::Sha384) => &signature::RSA_PKCS1_SHA384,
                    (Padding::Pkcs1, HashOf::Sha512) => &signature::RSA_PKCS1_SHA512,
                    (Padding::Pss, HashOf::Sha256) => &signature::RSA_PSS_SHA256,
                    (Padding::Pss, HashOf::Sha384) => &signature::RSA_PSS_SHA384,
                    (Padding::Pss, HashOf::Sha512) => &signature::RSA_PSS_SHA512,
                };
                let mut written = vec![0; key.public_modulus_len()];
                key.sign(encoding, &SystemRandom::new(), message, &mut written)
                    .map_err(failed)?;
                Ok(written)
            }
            Self::Ecdsa(key, _) => Ok(key
                .sign(&SystemRandom::new(), message)
                .map_err(failed)?
                .as_ref()
                .to_vec()),
            Self::Ed25519(key) => Ok(key.sign(message).as_ref().to_vec()),
        }
    }

    /// Whether `signature` is one of this key's.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8], manner: Manner) -> bool {
        let (kind, public): (Kind, &[u8]) = match self {
            Self::Rsa(key) => (Kind::Rsa, key.public_key().as_ref()),
            Self::Ed25519(key) => (Kind::Ed25519, key.public_key().as_ref()),
            Self::Ecdsa(key, name) => {
                let kinds = [Kind::P256, Kind::P384, Kind::P521];
                let kind = kinds.into_iter().find(|kind| kind.name() == *name);
                (kind.unwrap_or(Kind::P256), key.public_key().as_ref())
            }
        };
        signature::UnparsedPublicKey::new(kind.verification(manner), public)
            .verify(message, signature)
            .is_ok()
    }
}

/// A public key.
pub(super) struct VerifyingKey {
    kind: Kind,
    der: Vec<u8>,
}

impl VerifyingKey {
    /// Reads a key in PEM (`BEGIN PUBLIC KEY`).
    pub(super) fn read(pem: &str) -> Result<Self, NodeError> {
        let pem = pem.replace("\\n", "\n");
        let der = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()).map_err(|_| {
            let error = NodeError::invalid("the key is no public key in PEM (`BEGIN PUBLIC KEY`)");
            if pem.contains("CERTIFICATE") {
                error.with_help(
                    "take it out of the certificate: `openssl x509 -in cert.pem -pubkey -noout`",
                )
            } else {
                error.with_help("`openssl pkey -in key.pem -pubout` writes it")
            }
        })?;
        let kind = Kind::of_public(&der).ok_or_else(|| {
            NodeError::invalid("the key is none of RSA, ECDSA P-256, P-384 or P-521, or Ed25519")
        })?;
        Ok(Self {
            kind,
            der: der.to_vec(),
        })
    }

    pub(super) fn name(&self) -> &'static str {
        self.kind.name()
    }

    /// Whether `signature` was made with this key's other half.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8], manner: Manner) -> bool {
        signature::UnparsedPublicKey::new(self.kind.verification(manner), &self.der)
            .verify(message, signature)
            .is_ok()
    }
}

fn unreadable(why: &str) -> NodeError {
    NodeError::invalid(format!("the credential's private key can't be used: {why}"))
}

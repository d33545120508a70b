//! Whether a server is the one that is meant.

use std::{borrow::Cow, path::PathBuf};

use casare_engine::NodeError;
use russh::keys::{
    HashAlg, PublicKey,
    known_hosts::{known_host_keys_path, learn_known_hosts_path},
    ssh_key::Algorithm,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// What happens when a server is not known yet. One whose key has changed always stops the step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Unknown {
    /// The step fails and shows the fingerprint.
    #[default]
    Fail,
    /// Its key is written into `known_hosts` and must be the same from then on.
    Learn,
}

/// How a server is recognised.
#[derive(Debug, Clone)]
pub(super) struct HostCheck {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) fingerprint: Option<String>,
    pub(super) known_hosts: PathBuf,
    pub(super) unknown: Unknown,
}

impl HostCheck {
    /// The kinds of keys by which this server is known: it is asked for these first, so that a
    /// server with several keys shows the one that is known.
    pub(super) fn known_kinds(&self) -> Result<Vec<Algorithm>, NodeError> {
        Ok(self.known()?.iter().map(PublicKey::algorithm).collect())
    }

    fn known(&self) -> Result<Vec<PublicKey>, NodeError> {
        if !self.known_hosts.exists() {
            return Ok(Vec::new());
        }
        let keys = known_host_keys_path(&self.host, self.port, &self.known_hosts);
        let keys = keys.map_err(|error| {
            NodeError::invalid(format!(
                "could not read {}: {error}",
                self.known_hosts.display()
            ))
        })?;
        Ok(keys.into_iter().map(|(_, key)| key).collect())
    }

    /// Refuses `key` unless it is the one of the server that is meant.
    pub(super) fn check(&self, key: &PublicKey) -> Result<(), NodeError> {
        let shown = key.fingerprint(HashAlg::Sha256).to_string();
        let place = format!("{}:{}", self.host, self.port);
        if let Some(wanted) = &self.fingerprint {
            if same_fingerprint(key, wanted) {
                return Ok(());
            }
            return Err(changed(format!(
                "the key of {place} has the fingerprint {shown}, not {wanted}"
            )));
        }
        let known = self.known()?;
        if known.iter().any(|known| known.key_data() == key.key_data()) {
            return Ok(());
        }
        if !known.is_empty() {
            return Err(changed(format!(
                "the key of {place} ({shown}) is not the one in {}",
                self.known_hosts.display()
            )));
        }
        if self.unknown == Unknown::Learn {
            return learn_known_hosts_path(&self.host, self.port, key, &self.known_hosts).map_err(
                |error| {
                    NodeError::unavailable(format!(
                        "could not write {}: {error}",
                        self.known_hosts.display()
                    ))
                },
            );
        }
        Err(NodeError::denied(format!(
            "{place} is not known; its key has the fingerprint {shown}"
        ))
        .with_help(format!(
            "compare it with what its owner tells, then set `fingerprint: \"{shown}\"`, or \
             `unknown_host: learn` to trust it from the first time on"
        )))
    }
}

fn changed(message: String) -> NodeError {
    NodeError::denied(message).permanent().with_help(
        "somebody may be between you and the server: ask its owner whether its key was changed \
         before you accept the new one",
    )
}

/// `SHA256:…` as OpenSSH shows it, with or without the mark and padding; `MD5:…` is too weak.
fn same_fingerprint(key: &PublicKey, wanted: &str) -> bool {
    let plain = |text: &str| -> String {
        let text = text.trim();
        let text = text.strip_prefix("SHA256:").unwrap_or(text);
        text.trim_end_matches('=').to_owned()
    };
    plain(&key.fingerprint(HashAlg::Sha256).to_string()) == plain(wanted)
}

/// The order in which kinds of host keys are asked for: `known` ones first.
pub(super) fn preferred(known: &[Algorithm], usual: &[Algorithm]) -> Cow<'static, [Algorithm]> {
    // A key of RSA is signed with any of several hashes.
    let is_known = |kind: &Algorithm| {
        known.iter().any(|known| {
            known == kind
                || matches!(
                    (known, kind),
                    (Algorithm::Rsa { .. }, Algorithm::Rsa { .. })
                )
        })
    };
    let (mut first, rest): (Vec<_>, Vec<_>) = usual.iter().cloned().partition(is_known);
    first.extend(rest);
    Cow::Owned(first)
}

//! Log-ins that are used again: cookies and storage, encrypted, for one session at a time.
//!
//! A file holds `CBS1`, a nonce (24 bytes), and the state encrypted by XChaCha20-Poly1305. The key follows from a
//! key file that only its owner can read and from the credential, so that another password makes it useless.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use casare_browser::Checkpoint;
use casare_engine::{Credential, NodeError, StepContext};
use casare_workflow::Span;
use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::target::Target;

const MAGIC: &[u8; 4] = b"CBS1";
const NONCE: usize = 24;
/// A state larger than this is not kept.
const LARGEST: u64 = 32 << 20;

/// A log-in to keep.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeptLogin {
    /// The credential that it belongs to. Another password makes what is kept useless.
    pub(super) credential: String,
    /// How long it is used again after it was kept.
    #[serde(default = "eight_hours")]
    pub(super) valid_for: Span,
    /// What can only be seen by somebody who is logged in: where it can't be seen on the first page, the session
    /// begins without what was kept.
    pub(super) check: Option<Target>,
}

fn eight_hours() -> Span {
    Span::from_secs(8 * 3600)
}

/// What is kept.
#[derive(Serialize, Deserialize)]
struct State {
    /// Seconds since 1970.
    at: i64,
    checkpoint: Checkpoint,
}

/// A kept log-in that this session alone uses.
pub(super) struct KeptState {
    file: PathBuf,
    key: [u8; 32],
    /// Held as long as the session is open.
    _lock: File,
}

impl KeptState {
    /// Takes the log-in of `credential` at the site of `url` for this session.
    ///
    /// # Errors
    ///
    /// `conflict` while another session has it; where its folder or key cannot be used.
    pub(super) async fn take(
        cx: &StepContext,
        login: &KeptLogin,
        url: Option<&str>,
    ) -> Result<Self, NodeError> {
        let credential = cx.credential(&login.credential).await?;
        let site = url
            .and_then(|url| url::Url::parse(url).ok())
            .map(|url| url.origin().ascii_serialization())
            .unwrap_or_default();
        let name = blake3::hash(format!("{}\n{site}", login.credential).as_bytes());
        let folder = cx.keep_folder().join("sessions");
        let name = name.to_hex()[..32].to_owned();
        let what = login.credential.clone();
        cx.blocking(move || {
            let failed = |error: io::Error| {
                NodeError::io(
                    format!("cannot keep log-ins in {}", folder.display()),
                    &error,
                )
            };
            make_private(&folder).map_err(failed)?;
            let lock = lock(&folder.join(format!("{name}.lock")), &what)?;
            let key = key_for(&secret_of(&folder).map_err(failed)?, &credential);
            Ok(KeptState {
                file: folder.join(format!("{name}.session")),
                key,
                _lock: lock,
            })
        })
        .await
    }

    /// What was kept, if it may still be used at `now`. What may not is removed.
    pub(super) fn load(&self, now: jiff::Timestamp, valid_for: Duration) -> Option<Checkpoint> {
        let state = self.opened()?;
        let age = now.as_second().saturating_sub(state.at);
        let fresh = u64::try_from(age).is_ok_and(|age| age < valid_for.as_secs());
        if !fresh {
            self.forget();
        }
        fresh.then_some(state.checkpoint)
    }

    fn opened(&self) -> Option<State> {
        if fs::metadata(&self.file).ok()?.len() > LARGEST {
            return None;
        }
        let bytes = fs::read(&self.file).ok()?;
        let rest = bytes.strip_prefix(MAGIC)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE)?;
        let payload = Payload {
            msg: sealed,
            aad: MAGIC,
        };
        let nonce = XNonce::try_from(nonce).ok()?;
        // Of another password, or damaged: it is as if there were none.
        let plain = XChaCha20Poly1305::new(&self.key.into())
            .decrypt(&nonce, payload)
            .ok()?;
        serde_json::from_slice(&plain).ok()
    }

    /// Keeps a log-in instead of what was kept before; complete or not at all.
    ///
    /// # Errors
    ///
    /// Where it can't be written.
    pub(super) fn save(
        &self,
        checkpoint: Checkpoint,
        now: jiff::Timestamp,
    ) -> Result<(), NodeError> {
        let at = now.as_second();
        let plain = serde_json::to_vec(&State { at, checkpoint })
            .map_err(|error| NodeError::bug(format!("a session cannot be written: {error}")))?;
        let mut nonce = [0; NONCE];
        aws_lc_rs::rand::fill(&mut nonce)
            .map_err(|_| NodeError::unavailable("the operating system gives no chance"))?;
        let payload = Payload {
            msg: &plain,
            aad: MAGIC,
        };
        let sealed = XChaCha20Poly1305::new(&self.key.into())
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| NodeError::invalid("the session is too large to keep"))?;
        let bytes = [MAGIC.as_slice(), &nonce, &sealed].concat();
        replace(&self.file, &bytes).map_err(|error| NodeError::io("cannot keep the log-in", &error))
    }

    /// Removes what was kept.
    pub(super) fn forget(&self) {
        // Gone already is as good.
        let _ = fs::remove_file(&self.file);
    }
}

fn lock(path: &Path, what: &str) -> Result<File, NodeError> {
    let failed =
        |error: io::Error| NodeError::io(format!("cannot lock the log-in of `{what}`"), &error);
    let file = private(path, true).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(NodeError::conflict(format!(
            "another session uses the log-in of `{what}` now"
        ))
        .with_help("wait for it to end, or give each its own credential")),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// The key of this machine's user, made where there is none.
fn secret_of(folder: &Path) -> io::Result<[u8; 32]> {
    let path = folder.join("key");
    if let Ok(bytes) = fs::read(&path)
        && let Ok(secret) = <[u8; 32]>::try_from(bytes)
    {
        return Ok(secret);
    }
    let mut secret = [0; 32];
    aws_lc_rs::rand::fill(&mut secret).map_err(|_| io::Error::other("no chance to be had"))?;
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(&secret)?;
    new.as_file().sync_all()?;
    // Another process may have been quicker; its key counts then.
    match new.persist_noclobber(&path) {
        Ok(_) => Ok(secret),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            let bytes = fs::read(&path)?;
            <[u8; 32]>::try_from(bytes)
                .map_err(|_| io::Error::other(format!("{} is damaged; remove it", path.display())))
        }
        Err(error) => Err(error.error),
    }
}

fn key_for(secret: &[u8; 32], credential: &Credential) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("casare 2026 browser sessions");
    hasher.update(secret);
    for field in credential.fields() {
        let value = credential.optional(field).unwrap_or_default();
        for part in [field, value] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
    }
    *hasher.finalize().as_bytes()
}

fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn private(path: &Path, create: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(create).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Temporary files are their owner's alone.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(bytes)?;
    new.as_file().sync_all()?;
    new.persist(path).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn kept(folder: &Path, password: &str) -> Result<KeptState, NodeError> {
        let fields = BTreeMap::from([("password".to_owned(), password.to_owned().into())]);
        Ok(KeptState {
            file: folder.join("a.session"),
            key: key_for(&secret_of(folder).unwrap(), &Credential::new("a", fields)),
            _lock: lock(&folder.join("a.lock"), "a")?,
        })
    }

    #[test]
    fn what_is_kept_cannot_be_read_is_for_one_at_a_time_and_ends_with_its_password() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = Checkpoint {
            url: "https://secret.example.com/".into(),
            ..Checkpoint::default()
        };
        let hour = Duration::from_hours(1);
        let now = jiff::Timestamp::from_second(1_800_000_000).unwrap();
        let later = |seconds| now + jiff::SignedDuration::from_secs(seconds);

        let one = kept(folder.path(), "geheim").unwrap();
        one.save(checkpoint.clone(), now).unwrap();
        let busy = kept(folder.path(), "geheim").err().unwrap();
        assert_eq!(busy.kind(), casare_engine::ErrorKind::Conflict);
        let bytes = fs::read(&one.file).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("secret.example"));
        assert_eq!(one.load(later(60), hour), Some(checkpoint));
        drop(one);

        let other = kept(folder.path(), "another").unwrap();
        assert_eq!(other.load(later(60), hour), None);
        drop(other);
        let old = kept(folder.path(), "geheim").unwrap();
        assert_eq!(old.load(later(7200), hour), None);
        assert!(!old.file.exists());
    }
}

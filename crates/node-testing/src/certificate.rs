//! A certificate for servers of tests.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A certificate for `localhost` that is its own authority, and its key, as PEM files.
#[derive(Debug)]
pub struct Certificate {
    /// What clients are told to trust.
    pub certificate: PathBuf,
    /// What the server keeps to itself.
    pub key: PathBuf,
}

impl Certificate {
    /// Makes one in `folder`.
    pub fn create(folder: &Path) -> Self {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let certificate = folder.join("certificate.pem");
        let key = folder.join("key.pem");
        fs::write(&certificate, made.cert.pem()).unwrap();
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        Self { certificate, key }
    }
}

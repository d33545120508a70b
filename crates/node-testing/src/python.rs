//! Servers from the Python package index.

use std::{env, path::PathBuf};

/// A program of the Python environment that `cargo xtask test` makes in the cache.
///
/// # Panics
///
/// Where it is missing.
pub fn python_peer(program: &str) -> PathBuf {
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| env::home_dir().map(|home| home.join(".cache")))
        .unwrap();
    let path = cache.join("casare/python-peers/bin").join(program);
    assert!(
        path.is_file(),
        "{} is missing; `cargo xtask test` installs it",
        path.display()
    );
    path
}

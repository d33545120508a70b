//! Where things lie: the checkout, the build folder, the cache.

use std::{env, path::PathBuf};

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root
}

/// Where cargo builds: `$CARGO_TARGET_DIR`, else a folder in the cache that outlives the checkout.
pub(crate) fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(target) if !target.is_empty() => root().join(target),
        _ => cache().join("target"),
    }
}

/// Casare's folder in the user's cache.
pub(crate) fn cache() -> PathBuf {
    let home = |below: &str| env::home_dir().map(|home| home.join(below));
    let cache = if cfg!(windows) {
        env::var_os("LOCALAPPDATA").map(PathBuf::from)
    } else if cfg!(target_os = "macos") {
        home("Library/Caches")
    } else {
        env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| home(".cache"))
    };
    cache.unwrap_or_else(env::temp_dir).join("casare")
}

/// The binary that `cargo build --release` makes of the package with this binary.
pub(crate) fn release_binary(name: &str) -> PathBuf {
    binary("release", name)
}

/// The binary that cargo builds into `folder` of its target folder: `debug`, `release` or the name of a profile.
pub(crate) fn binary(folder: &str, name: &str) -> PathBuf {
    target()
        .join(folder)
        .join(format!("{name}{}", env::consts::EXE_SUFFIX))
}

/// The full path of `program` in PATH.
pub(crate) fn in_path(program: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .map(|folder| folder.join(format!("{program}{}", env::consts::EXE_SUFFIX)))
        .find(|candidate| candidate.is_file())
}

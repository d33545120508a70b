//! Which process executes a run: whoever holds the lock on its file in `locks`.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use uuid::Uuid;

use super::connections::private;
use crate::StoreError;

/// Longer than anyone needs to see whether a lock is held.
const PROBE: Duration = Duration::from_millis(1);

/// Keeps other processes from executing the run. The system frees it when this process dies,
/// however it dies; dropping it removes the file.
#[derive(Debug)]
pub struct RunLock {
    run: Uuid,
    path: PathBuf,
    /// Holds the lock; closed after `drop` has removed the file.
    _file: File,
}

impl RunLock {
    pub fn run(&self) -> Uuid {
        self.run
    }

    /// Takes the lock, and writes this process's id into it.
    pub(super) async fn take(folder: &Path, run: Uuid) -> Result<Self, StoreError> {
        let locks = folder.join("locks");
        let path = locks.join(format!("{run}.lock"));
        let failed = |error| StoreError::from_io(&path, "locking the run", error);
        create_folder(&locks).map_err(failed)?;
        // Someone may hold the lock for a moment only, to see whether the run is interrupted.
        for _ in 0..10 {
            match Self::try_take(&path) {
                Ok(Some(mut file)) => {
                    file.set_len(0).map_err(failed)?;
                    file.write_all(std::process::id().to_string().as_bytes())
                        .map_err(failed)?;
                    return Ok(Self {
                        run,
                        path,
                        _file: file,
                    });
                }
                Ok(None) => {}
                Err(TryLockError::WouldBlock) => tokio::time::sleep(PROBE).await,
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
        let pid = holder(&path);
        Err(StoreError::RunInUse { run, pid })
    }

    /// `None` when the file that was locked is not the one at `path` any more.
    fn try_take(path: &Path) -> Result<Option<File>, TryLockError> {
        let file = private(
            OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false),
        )
        .open(path)
        .map_err(TryLockError::Error)?;
        file.try_lock()?;
        // The holder before may have removed it between the two lines above; the next process
        // would then lock another file of that name.
        Ok(is_at(&file, path).then_some(file))
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // Left behind it does no harm: a file that nobody has locked.
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(path = %self.path.display(), %error, "a lock file was not removed");
        }
    }
}

/// Whether a process, this one included, holds the lock of `run`.
pub(super) fn is_held(folder: &Path, run: Uuid) -> bool {
    let path = folder.join("locks").join(format!("{run}.lock"));
    match File::open(path) {
        // Shared, so that two who look at the same time do not take each other for the holder.
        Ok(file) => file.try_lock_shared().is_err(),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

fn holder(path: &Path) -> Option<u32> {
    let mut text = String::new();
    File::open(path).ok()?.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn create_folder(locks: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(locks) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        outcome => outcome,
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(locked), Ok(named)) => (locked.dev(), locked.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

/// Elsewhere a file that is open keeps its name.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

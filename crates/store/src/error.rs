//! Why the store could not do what it was asked, and what to do about it.

use std::{
    error::Error,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use uuid::Uuid;

/// What the library or the system below said.
///
/// Shared, because a writer's failure is reported to everyone who waits for it.
pub(crate) type Cause = Arc<dyn Error + Send + Sync>;

/// Why the store could not do what it was asked. [`StoreError::help`] says what to do.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    #[error("the journal cannot be written: {} is read-only", path.display())]
    ReadOnly { path: PathBuf, source: Cause },
    #[error("the journal cannot be written: the disk that holds {} is full", path.display())]
    DiskFull { path: PathBuf, source: Cause },
    #[error("{} is damaged", path.display())]
    Corrupt { path: PathBuf, source: Cause },
    #[error("{} is not a journal of Casare", path.display())]
    NotAJournal { path: PathBuf },
    #[error("{} was written by a newer Casare (format {found}, this one knows {known})", path.display())]
    NewerVersion {
        path: PathBuf,
        found: i64,
        known: i64,
    },
    #[error("{} has been locked by another process for too long", path.display())]
    Busy { path: PathBuf, source: Cause },
    #[error("{} cannot be used: {doing} failed", path.display())]
    Unavailable {
        path: PathBuf,
        doing: &'static str,
        source: Cause,
    },
    #[error("the journal has no run `{run}`")]
    NoSuchRun { run: String },
    #[error("`{prefix}` begins the ids of several runs: {}", list(runs))]
    AmbiguousRun { prefix: String, runs: Vec<Uuid> },
    #[error("`{text}` is not the id of a run")]
    NotAnId { text: String },
    #[error("run {run} is already in the journal")]
    RunExists { run: Uuid },
    #[error("run {run} is being executed by {}", holder(*pid))]
    RunInUse { run: Uuid, pid: Option<u32> },
    #[error("the record of run {run} is damaged: {what}")]
    DamagedRun { run: Uuid, what: &'static str },
    #[error("the journal of run {run} has been closed")]
    Closed { run: Uuid },
}

impl StoreError {
    /// What the reader of this error can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::ReadOnly { .. } => {
                "make the folder and the files in it writable for this user, choose another data \
                 folder, or run with --no-journal (the run cannot be resumed then)"
            }
            Self::DiskFull { .. } => {
                "free some space, then resume the run: all that was acknowledged is kept"
            }
            Self::Corrupt { .. } | Self::NotAJournal { .. } => {
                "move the file away, and those beside it that end in -wal and -shm: a new journal \
                 is created at the next start; `sqlite3 FILE .recover` may save old runs"
            }
            Self::NewerVersion { .. } => "update this Casare, or choose another data folder for it",
            Self::Busy { .. } => {
                "wait for the other process, or end it: `fuser FILE` shows which one it is"
            }
            Self::Unavailable { .. } => {
                "check that the path exists, that this user may use it, and that its disk is sound and \
                 within its quota"
            }
            Self::NoSuchRun { .. } => "`casare runs list` shows the runs there are",
            Self::AmbiguousRun { .. } => "write more of the id",
            Self::NotAnId { .. } => {
                "an id, or the beginning of one, is written with the digits 0-9 and a-f; \
                 `casare runs list` shows them"
            }
            Self::RunExists { .. } => "begin each run under an id of its own",
            Self::RunInUse { .. } => "wait until it ends, or stop that process first",
            Self::DamagedRun { .. } => {
                "start the workflow again with `casare run`: this run cannot be resumed"
            }
            Self::Closed { .. } => "flush before the writer is closed",
        }
    }

    /// From a failure of the file system at `path` while `doing` something.
    pub(crate) fn from_io(path: &Path, doing: &'static str, error: io::Error) -> Self {
        let (path, kind) = (path.to_owned(), error.kind());
        let source: Cause = Arc::new(error);
        match kind {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::ReadOnly { path, source }
            }
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::DiskFull { path, source },
            _ => Self::Unavailable {
                path,
                doing,
                source,
            },
        }
    }

    /// From a failure of the database file at `path` while `doing` something.
    pub(crate) fn from_database(path: &Path, doing: &'static str, error: sqlx::Error) -> Self {
        let path = path.to_owned();
        // The low byte is SQLite's result code, what stands above it says more precisely why.
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .and_then(|code| code.parse::<u32>().ok())
            .map(|code| code & 0xff);
        let source: Cause = Arc::new(error);
        match code {
            Some(SQLITE_BUSY | SQLITE_LOCKED) => Self::Busy { path, source },
            Some(SQLITE_PERM | SQLITE_READONLY) => Self::ReadOnly { path, source },
            Some(SQLITE_FULL) => Self::DiskFull { path, source },
            Some(SQLITE_CORRUPT) => Self::Corrupt { path, source },
            Some(SQLITE_NOTADB) => Self::NotAJournal { path },
            _ => Self::Unavailable {
                path,
                doing,
                source,
            },
        }
    }
}

const SQLITE_PERM: u32 = 3;
const SQLITE_BUSY: u32 = 5;
const SQLITE_LOCKED: u32 = 6;
const SQLITE_READONLY: u32 = 8;
const SQLITE_CORRUPT: u32 = 11;
const SQLITE_FULL: u32 = 13;
const SQLITE_NOTADB: u32 = 26;

fn list(runs: &[Uuid]) -> String {
    let ids: Vec<String> = runs.iter().map(Uuid::to_string).collect();
    ids.join(", ")
}

fn holder(pid: Option<u32>) -> String {
    match pid {
        Some(pid) => format!("process {pid}"),
        None => "another process".to_owned(),
    }
}

//! The journal's file and the connections to it.

use std::{
    fmt,
    fs::{DirBuilder, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sqlx::{
    ConnectOptions, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteSynchronous},
};
use tokio::sync::{Mutex, MutexGuard, OnceCell};
use uuid::Uuid;

use super::{
    Durability, JournalWriter,
    schema::{self, Standing},
    statements,
};
use crate::StoreError;

/// How long to wait while another process writes to the file.
const BUSY: Duration = Duration::from_secs(10);

/// The runs of this machine and their records. Clones share the connections.
#[derive(Clone)]
pub struct Journal {
    pub(super) file: Arc<JournalFile>,
}

impl Journal {
    /// Opens the journal `folder/runs.db`, and creates what is missing of it, for this user alone.
    ///
    /// # Errors
    ///
    /// `ReadOnly`, `DiskFull`, `Corrupt`, `NotAJournal`, `NewerVersion`, `Busy` after 10 s, or
    /// `Unavailable`.
    pub async fn open(folder: &Path) -> Result<Self, StoreError> {
        let folder = std::path::absolute(folder)
            .map_err(|error| StoreError::from_io(folder, "finding the folder", error))?;
        let path = folder.join("runs.db");
        let connection = match existing(&path).await {
            Ok(Some(connection)) => connection,
            Ok(None) => set_up(&folder, &path).await?,
            Err(error @ StoreError::Unavailable { .. }) => {
                return Err(writable(&folder).err().unwrap_or(error));
            }
            Err(error) => return Err(error),
        };
        Ok(Self {
            file: Arc::new(JournalFile {
                folder,
                path,
                writing: Mutex::new(Writing {
                    connection,
                    durability: Some(Durability::Process),
                }),
                reading: OnceCell::new(),
            }),
        })
    }

    /// A writer of the records of `run`, which has been begun or reopened.
    ///
    /// Have one writer per run at a time: the order of records is the order of their commits.
    pub fn writer(&self, run: Uuid) -> JournalWriter {
        JournalWriter::start(Arc::clone(&self.file), run)
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Journal").field(&self.file.path).finish()
    }
}

/// An open journal file: one connection that writes, and one that reads once somebody reads.
pub(super) struct JournalFile {
    pub(super) folder: PathBuf,
    pub(super) path: PathBuf,
    writing: Mutex<Writing>,
    reading: OnceCell<Mutex<SqliteConnection>>,
}

impl JournalFile {
    /// The writing connection, its commits as durable as asked for.
    pub(super) async fn write(
        &self,
        durability: Durability,
    ) -> Result<MutexGuard<'_, Writing>, StoreError> {
        let mut writing = self.writing.lock().await;
        if writing.durability != Some(durability) {
            // Unknown meanwhile: whoever waits here may be cancelled, and the statement still run.
            writing.durability = None;
            let statement = match durability {
                Durability::Process => statements::SYNC_NORMAL,
                Durability::Power => statements::SYNC_FULL,
            };
            sqlx::query(statement)
                .execute(&mut writing.connection)
                .await
                .map_err(|error| self.failed("choosing how commits are synced", error))?;
            writing.durability = Some(durability);
        }
        Ok(writing)
    }

    /// The reading connection.
    pub(super) async fn read(&self) -> Result<MutexGuard<'_, SqliteConnection>, StoreError> {
        let reading = self
            .reading
            .get_or_try_init(async || connect(&self.path).await.map(Mutex::new))
            .await?;
        Ok(reading.lock().await)
    }

    pub(super) fn failed(&self, doing: &'static str, error: sqlx::Error) -> StoreError {
        StoreError::from_database(&self.path, doing, error)
    }
}

/// The connection that writes.
pub(super) struct Writing {
    pub(super) connection: SqliteConnection,
    /// How its `synchronous` is set.
    durability: Option<Durability>,
}

/// Opens the file if it exists and needs no setting up.
async fn existing(path: &Path) -> Result<Option<SqliteConnection>, StoreError> {
    if !path.exists() {
        return Ok(None);
    }
    let mut connection = connect(path).await?;
    let standing = schema::standing(&mut connection, path).await?;
    Ok((standing == Standing::Current).then_some(connection))
}

/// Whether a file can be created in the folder. SQLite says only that it cannot open a file whose
/// write-ahead log it cannot create.
fn writable(folder: &Path) -> Result<(), StoreError> {
    let probe = folder.join(format!("probe-{}", std::process::id()));
    private(OpenOptions::new().write(true).create(true).truncate(true))
        .open(&probe)
        .and_then(|_| std::fs::remove_file(&probe))
        .map_err(|error| StoreError::from_io(folder, "creating a file in it", error))
}

async fn connect(path: &Path) -> Result<SqliteConnection, StoreError> {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY)
        .synchronous(SqliteSynchronous::Normal)
        .disable_statement_logging()
        .connect()
        .await
        .map_err(|error| StoreError::from_database(path, "opening it", error))
}

/// Creates the file, or brings it to this version. One process does it at a time: SQLite does not
/// wait for a lock while it changes to WAL mode.
async fn set_up(folder: &Path, path: &Path) -> Result<SqliteConnection, StoreError> {
    create_folder(folder)
        .map_err(|error| StoreError::from_io(folder, "creating the folder", error))?;
    let lock = folder.join("setup.lock");
    let held = private(OpenOptions::new().write(true).create(true).truncate(false))
        .open(&lock)
        .map_err(|error| StoreError::from_io(&lock, "creating it", error))?;
    held.lock()
        .map_err(|error| StoreError::from_io(&lock, "locking it", error))?;

    // Never opened when it exists: closing it would give up the locks that another connection of
    // this process holds on it. SQLite gives its -wal and -shm the permissions of the file.
    match private(OpenOptions::new().write(true).create_new(true)).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(StoreError::from_io(path, "creating it", error));
        }
        _ => {}
    }
    let mut connection = connect(path).await?;
    if let Standing::Behind(seen) = schema::standing(&mut connection, path).await? {
        schema::migrate(&mut connection, path, seen).await?;
    }
    Ok(connection)
}

/// Creates the folder with its parents, for this user alone.
fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)?;
    // Or a power failure could take away the folder with all that was synced inside.
    #[cfg(unix)]
    if let Some(parent) = folder.parent() {
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}

/// Only this user may open what `options` create.
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_commits_that_must_survive_a_power_failure_are_synced() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).await.unwrap();
        let mut levels = Vec::new();

        for durability in [Durability::Process, Durability::Power, Durability::Process] {
            let mut writing = journal.file.write(durability).await.unwrap();
            let level: i64 = sqlx::query_scalar("PRAGMA synchronous")
                .fetch_one(&mut writing.connection)
                .await
                .unwrap();
            levels.push(level);
        }

        // 1 is NORMAL, 2 is FULL.
        assert_eq!(levels, [1, 2, 1]);
    }
}

//! Copies of a SQLite database while it is used, and the way back. PostgreSQL has `pg_dump`.

use std::path::Path;

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, sqlite::SqliteConnectOptions};

use super::{DatabaseError, Store};

impl Store {
    /// Writes a copy of all that is committed now to `target`, which must not exist. Others go on
    /// reading and writing meanwhile. The copy is checked before it gets its name.
    ///
    /// # Errors
    ///
    /// `Invalid` on PostgreSQL, and when `target` exists; `File`, `DiskFull`, `Damaged`.
    pub async fn backup(&self, target: &Path) -> Result<(), DatabaseError> {
        let Self::Sqlite(store) = self else {
            return Err(DatabaseError::Invalid {
                what: "a backup by Casare",
                why: "PostgreSQL is backed up with `pg_dump --format=custom`".to_owned(),
            });
        };
        if target.exists() {
            return Err(DatabaseError::Invalid {
                what: "the file to back up to",
                why: format!("{} exists", target.display()),
            });
        }
        let partial = target.with_extension("partial");
        remove(&partial)?;
        // Of its own: those that read may not even write elsewhere.
        let mut connection = SqliteConnectOptions::new()
            .filename(&store.path)
            .connect()
            .await
            .map_err(|error| DatabaseError::from_sqlx("BACKUP", error))?;
        // A name is no parameter of this statement.
        let quoted = partial.display().to_string().replace('\'', "''");
        sqlx::query(AssertSqlSafe(format!("VACUUM INTO '{quoted}'")))
            .execute(&mut connection)
            .await
            .map_err(|error| DatabaseError::from_sqlx("BACKUP", error))?;
        check(&partial).await?;
        std::fs::File::open(&partial)
            .and_then(|file| file.sync_all())
            .and_then(|()| std::fs::rename(&partial, target))
            .map_err(|error| DatabaseError::file("keeping", target, error))
    }

    /// Puts a backup in the place of the database at `path`. Nobody may have that open. What was
    /// there stands beside it with the ending `.before-restore`.
    pub async fn restore(backup: &Path, path: &Path) -> Result<(), DatabaseError> {
        check(backup).await?;
        let partial = path.with_extension("restoring");
        remove(&partial)?;
        std::fs::copy(backup, &partial)
            .and_then(|_| std::fs::File::open(&partial)?.sync_all())
            .map_err(|error| DatabaseError::file("copying to", &partial, error))?;
        if path.exists() {
            // Brings what stands in the write-ahead log into the file, and fails when it is used.
            let mut old = SqliteConnectOptions::new()
                .filename(path)
                .connect()
                .await
                .map_err(|error| DatabaseError::from_sqlx("RESTORE", error))?;
            sqlx::query("PRAGMA journal_mode = DELETE")
                .execute(&mut old)
                .await
                .map_err(|error| DatabaseError::from_sqlx("RESTORE", error))?;
            old.close()
                .await
                .map_err(|error| DatabaseError::from_sqlx("RESTORE", error))?;
            let aside = path.with_extension("before-restore");
            std::fs::rename(path, &aside)
                .map_err(|error| DatabaseError::file("keeping", &aside, error))?;
        }
        std::fs::rename(&partial, path)
            .map_err(|error| DatabaseError::file("restoring", path, error))
    }
}

/// Whether this is a sound database of a server.
async fn check(path: &Path) -> Result<(), DatabaseError> {
    let failed = |error| DatabaseError::from_sqlx("CHECK", error);
    let mut connection = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .immutable(true)
        .connect()
        .await
        .map_err(failed)?;
    let sound: String = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(&mut connection)
        .await
        .map_err(failed)?;
    let ours: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'casare_migrations')",
    )
    .fetch_one(&mut connection)
    .await
    .map_err(failed)?;
    connection.close().await.map_err(failed)?;
    if sound == "ok" && ours {
        return Ok(());
    }
    Err(DatabaseError::Invalid {
        what: "the backup",
        why: format!("{} is not a sound database of Casare", path.display()),
    })
}

fn remove(path: &Path) -> Result<(), DatabaseError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(DatabaseError::file("removing", path, error))
        }
        _ => Ok(()),
    }
}

//! Why the database of the server could not do what it was asked, and what to do about it.

use std::{error::Error, io, path::PathBuf, sync::Arc};

/// What the library or the system below said. Shared: a batch fails for everyone in it.
type Cause = Arc<dyn Error + Send + Sync>;

/// Why the server's database could not do what it was asked. [`DatabaseError::help`] says what to
/// do. Texts name statements and tables, never values.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    #[error("the address of the database cannot be read: {why}")]
    Address { why: String },
    #[error("the database cannot be opened")]
    Unreachable { source: Cause },
    #[error("the database refuses the login")]
    Denied { source: Cause },
    #[error("PostgreSQL {found} is too old")]
    TooOld { found: String },
    #[error(
        "the database was written by a newer Casare: it has migration {found}, this one knows {known}"
    )]
    Newer { found: i64, known: i64 },
    #[error("migration {version} (`{name}`) of the database is not the one that this Casare holds")]
    Drift { version: i64, name: String },
    #[error("migration {version} (`{name}`) failed")]
    Migration {
        version: i64,
        name: &'static str,
        source: Cause,
    },
    #[error("the disk of the database is full")]
    DiskFull { source: Cause },
    #[error("the database is damaged")]
    Damaged { source: Cause },
    #[error("the database has been busy for too long")]
    Busy { source: Cause },
    #[error("the database is shutting down or out of reach")]
    Gone { source: Cause },
    #[error("there is already a {what} like this")]
    Exists { what: &'static str },
    #[error("there is no such {what}")]
    Missing { what: &'static str },
    #[error("the {what} has been changed meanwhile: it is at revision {found}")]
    Changed { what: &'static str, found: i64 },
    #[error("{what} refers to something that does not exist")]
    Dangling { what: &'static str },
    #[error("{what} is not valid: {why}")]
    Invalid { what: &'static str, why: String },
    #[error("`{statement}` failed in the database")]
    Statement {
        statement: &'static str,
        source: Cause,
    },
    #[error("{doing} {} failed", path.display())]
    File {
        doing: &'static str,
        path: PathBuf,
        source: Cause,
    },
    #[error("the artifact store failed while {doing}")]
    Artifacts { doing: &'static str, source: Cause },
}

impl DatabaseError {
    /// What the reader of this error can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Address { .. } => {
                "write `sqlite:/path/to/casare.db` or `postgres://user:password@host:5432/name`"
            }
            Self::Unreachable { .. } => {
                "check the address, that the server runs and that this machine may reach it; for \
                 SQLite, that the folder exists and is writable"
            }
            Self::Denied { .. } => "check user, password and the name of the database",
            Self::TooOld { .. } => "PostgreSQL 13 or newer is needed",
            Self::Newer { .. } => "update this Casare, or restore a backup from before the update",
            Self::Drift { .. } => {
                "the database was changed by hand or by another build; nothing was touched. \
                 Restore a backup, or use the build that made it"
            }
            Self::Migration { .. } => {
                "nothing of it was kept. Check that the user owns the database, then start again"
            }
            Self::DiskFull { .. } => "free some space; all that was acknowledged is kept",
            Self::Damaged { .. } => "restore a backup: `casare server restore`",
            Self::Busy { .. } => "try again; look for a long transaction of another program",
            Self::Gone { .. } => "nothing is lost: try again when the database is back",
            Self::Exists { .. } => "choose another name, or change the one that is there",
            Self::Missing { .. } => "check the name or id; it may have been deleted",
            Self::Changed { .. } => "read it again and repeat the change on what it is now",
            Self::Dangling { .. } | Self::Invalid { .. } => "correct the value and try again",
            Self::Statement { .. } => "this is a fault of Casare: please report it with its cause",
            Self::File { .. } => "check that the path exists and that this user may use it",
            Self::Artifacts { .. } => "check the folder or bucket of artifacts and its credentials",
        }
    }

    /// Whether the same call can succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Busy { .. } | Self::Gone { .. } | Self::Unreachable { .. }
        )
    }

    /// From a failure of the statement called `statement`.
    pub fn from_sqlx(statement: &'static str, error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        let code = match &error {
            E::Io(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed | E::Tls(_) => {
                return Self::Gone {
                    source: Arc::new(error),
                };
            }
            E::Database(error) => error.code().map(std::borrow::Cow::into_owned),
            _ => None,
        };
        let source: Cause = Arc::new(error);
        match code.as_deref() {
            Some("28P01" | "28000" | "3D000") => Self::Denied { source },
            Some("53100") => Self::DiskFull { source },
            Some("40001" | "40P01" | "55P03" | "53300") => Self::Busy { source },
            Some("57P01" | "57P02" | "57P03") => Self::Gone { source },
            Some("XX001" | "XX002") => Self::Damaged { source },
            Some(code) if code.len() < 5 => match code.parse::<u32>().map(|code| code & 0xff) {
                Ok(5 | 6) => Self::Busy { source },
                Ok(11 | 26) => Self::Damaged { source },
                Ok(13) => Self::DiskFull { source },
                Ok(14) => Self::Unreachable { source },
                _ => Self::Statement { statement, source },
            },
            _ => Self::Statement { statement, source },
        }
    }

    /// The same, where a broken rule of the table means that there is such a `what` already, or
    /// that it refers to nothing.
    pub fn of(what: &'static str) -> impl Fn(Self) -> Self {
        move |error| {
            let Self::Statement { source, .. } = &error else {
                return error;
            };
            let kind = source
                .downcast_ref::<sqlx::Error>()
                .and_then(sqlx::Error::as_database_error)
                .map(sqlx::error::DatabaseError::kind);
            match kind {
                Some(sqlx::error::ErrorKind::UniqueViolation) => Self::Exists { what },
                Some(sqlx::error::ErrorKind::ForeignKeyViolation) => Self::Dangling { what },
                Some(sqlx::error::ErrorKind::CheckViolation) => Self::Invalid {
                    what,
                    why: "a value is outside of its range".to_owned(),
                },
                _ => error,
            }
        }
    }

    pub(crate) fn file(doing: &'static str, path: &std::path::Path, error: io::Error) -> Self {
        Self::File {
            doing,
            path: path.to_owned(),
            source: Arc::new(error),
        }
    }
}

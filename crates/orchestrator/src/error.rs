//! Why a server could not start or go on, and what to do about it.

use std::{io, path::PathBuf, sync::Arc};

use casare_access::AccessError;
use casare_queue::QueueError;
use casare_store::DatabaseError;

/// Why a server could not start or go on. [`OrchestratorError::help`] says what to do.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum OrchestratorError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error("the data folder {} cannot be used", path.display())]
    Data {
        path: PathBuf,
        source: Arc<io::Error>,
    },
    #[error("the server cannot go on listening")]
    Listening { source: Arc<io::Error> },
    #[error("the server shuts down")]
    Closing,
    #[error("mails cannot be sent: {why}")]
    Mail { why: String },
    #[error("a trigger cannot start its run now: {why}")]
    Trigger { why: String },
    #[error("webhooks cannot be sent from here: {why}")]
    Outbound { why: String },
}

impl OrchestratorError {
    /// What the reader of this error can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Database(error) => error.help(),
            Self::Queue(error) => error.help(),
            Self::Access(error) => error.help(),
            Self::Data { .. } => "make it writable for this user, or choose another with --data",
            Self::Listening { .. } => "start it again; choose another address with --listen",
            Self::Closing => "come again when it has started",
            Self::Mail { .. } => "mend the options, or leave them out: no hook can send mails then",
            Self::Trigger { .. } => "it is tried again by itself; the server's log says more",
            Self::Outbound { .. } => "check the certificates of this machine",
        }
    }
}

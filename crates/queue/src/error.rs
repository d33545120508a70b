//! Why the queue could not do what it was asked, and what to do about it.

use casare_store::{DatabaseError, ItemId, JobId};

/// Why the queue could not do what it was asked. [`QueueError::help`] says what to do.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum QueueError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("the lease of job {job} has been lost: another attempt has it, or it has ended")]
    LeaseLost { job: JobId },
    #[error("there is no job {job}")]
    NoSuchJob { job: JobId },
    #[error("job {job} is {state}, so it cannot be {wanted}")]
    WrongState {
        job: JobId,
        state: &'static str,
        wanted: &'static str,
    },
    #[error("the idempotency key `{key}` was used for another job: {job}")]
    KeyReused { key: String, job: JobId },
    #[error("{what}: {why}")]
    Invalid { what: &'static str, why: String },
    #[error("there is no dead letter of job {job}")]
    NoSuchLetter { job: JobId },
    #[error("there is no queue `{name}`")]
    NoSuchQueue { name: String },
    #[error("the queue has an item with the reference `{reference}` already")]
    ReferenceTaken { reference: String },
    #[error("the item does not fit the schema of the queue: {why}")]
    Unfit { why: String },
    #[error("item {item} is not held by this lease any more")]
    ItemLost { item: ItemId },
    #[error("the queue is shutting down")]
    Closed,
}

impl QueueError {
    /// What the reader of this error can do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Database(error) => error.help(),
            Self::LeaseLost { .. } => {
                "stop working on it and drop its result: what was done is in its journal"
            }
            Self::NoSuchJob { .. } => "check the id; ended jobs are kept as long as retention says",
            Self::WrongState { .. } => "look at the job again: it has moved on meanwhile",
            Self::KeyReused { .. } => {
                "use a new key for each order, and the same only to repeat it"
            }
            Self::Invalid { .. } => "correct the value and try again",
            Self::NoSuchLetter { .. } => "it may have been replayed, discarded or purged already",
            Self::NoSuchQueue { .. } => "create the queue first, or check its name",
            Self::ReferenceTaken { .. } => {
                "change the item that is there, or turn off unique references of the queue"
            }
            Self::Unfit { .. } => "correct the item, or the schema of the queue",
            Self::ItemLost { .. } => "stop working on it: its lease ran out and another took it",
            Self::Closed => "submit again when the server is back",
        }
    }
}

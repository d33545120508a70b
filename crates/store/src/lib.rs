//! Where Casare keeps what must outlast a process.
//!
//! [`journal`] is the record of runs on this machine: one SQLite file that `casare run` writes,
//! and that `casare resume` and `casare runs` read. It holds the engine's records as opaque bytes
//! and knows nothing of workflows.

mod error;
pub mod journal;

pub use error::StoreError;
pub use journal::{
    Durability, Journal, JournalWriter, NewRun, RunEnd, RunFilter, RunLock, RunState, StoredRun,
};

//! The local journal: which runs there were, and every record the engine wrote of them.
//!
//! ```text
//! folder/runs.db        the runs and their records, in WAL mode; several processes may share it
//! folder/locks/ID.lock  held while a process works on the run, and freed by the system if it dies
//! folder/setup.lock     held while the file is created or brought to a newer version
//! ```
//!
//! What a crash can lose: nothing that [`JournalWriter::flush`] acknowledged. Under
//! [`Durability::Process`] that holds when this process is killed, under [`Durability::Power`] also
//! when the machine loses power. Records appended but not flushed are written within about 3 ms.

mod connections;
mod lock;
mod packed;
mod run;
mod runs;
mod schema;
mod statements;
mod writer;

pub use connections::Journal;
pub use lock::RunLock;
pub use run::{NewRun, RunEnd, RunFilter, RunState, StoredRun, UnknownRunState};
pub use writer::{Durability, JournalWriter};

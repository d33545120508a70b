//! Where Casare keeps what must outlast a process.
//!
//! [`journal`] is the record of runs on this machine: one SQLite file that `casare run` writes,
//! and that `casare resume` and `casare runs` read. It holds the engine's records as opaque bytes
//! and knows nothing of workflows.
//!
//! [`Store`] is the database of a server, SQLite or PostgreSQL:
//!
//! | module | what it holds |
//! |---|---|
//! | `database` | opening, migrations, units of work, wakes, backup; SQL as constant text |
//! | `tenant` | the repositories of a tenant: workflows, assets, robots, schedules, artifacts, … |
//! | `outbox`, `retention` | what was told, and how long things are kept |
//! | `ids`, `moment` | ids that sort by time, instants in microseconds, the clock |

mod database;
mod error;
mod ids;
pub mod journal;
mod moment;
mod outbox;
mod retention;
mod tenant;

pub use database::{
    DatabaseError, Link, PostgresStore, Reader, Sql, SqliteStore, Store, Wake, Work,
};
pub use error::StoreError;
pub use ids::{
    ItemId, JobId, QueueId, RobotId, RunId, ScheduleId, TenantId, TriggerId, WorkflowId, made_at,
    new_uuid,
};
pub use journal::{
    Durability, Journal, JournalWriter, NewRun, RunEnd, RunFilter, RunLock, RunState, StoredRun,
};
pub use moment::{Clock, ManualClock, Moment, micros};
pub use outbox::Told;
pub use retention::{Retention, all_statements};
pub use tenant::{
    Artifact, ArtifactStore, Asset, AuditEntry, DueSchedule, Environment, Firing, NewVersion,
    ResolvedAsset, RobotRecord, RobotStatus, RunEventRow, Schedule, Tenant, TenantStore, Trigger,
    Workflow, WorkflowVersion,
};

//! The durable queue: jobs that robots run, and transaction queues that runs feed on.
//!
//! | module | what it holds |
//! |---|---|
//! | `job` | what a job is, and how an attempt at it ends |
//! | `retry` | which failures are tried again, and how much later |
//! | `matching` | which robot may have which job, and why not |
//! | `sharing` | who gets which job: priorities, fair shares, limits |
//! | `queue` | the queue as a whole; `batch` does together what is asked for at the same time |
//! | `enqueue`, `lease`, `heartbeat`, `ends`, `timers` | the life of a job, in this order |
//! | `control` | cancel and kill, pause, limits, answers to what waits |
//! | `dead_letters`, `explain`, `list` | what was given up; what waits, and why; lists |
//! | `transactions` | queues of business items that runs produce and consume |
//! | `rules`, `ready` | copies of what the tables say that leasing goes by |
//! | `statements` | all SQL |
//!
//! `docs/queue.md` tells what is guaranteed.

mod batch;
mod control;
mod dead_letters;
mod ends;
mod enqueue;
mod error;
mod explain;
mod heartbeat;
mod job;
mod lease;
mod list;
mod matching;
mod queue;
mod ready;
mod retry;
mod rules;
mod sharing;
mod statements;
mod timers;
mod transactions;

pub use dead_letters::{DeadLetter, Edit};
pub use error::QueueError;
pub use explain::{Attempt, JobStory, Waiting};
pub use heartbeat::{Renewal, Stopping};
pub use job::{
    Carry, Decision, Ended, Enqueued, JobError, JobOptions, JobState, Lease, LeasedJob, NewJob,
    Outcome, Preference, Priority, Recovery, Stop,
};
pub use lease::LeaseRequest;
pub use list::{Asking, JobFilter, ListedJob};
pub use matching::{Demands, Obstacle, Robot, Scope};
pub use queue::{Queue, QueueSettings};
pub use retry::{Backoff, ErrorKind, RetryPolicy};
pub use rules::Pause;
pub use timers::Ticked;
pub use transactions::{
    Exception, Item, ItemLease, ItemState, NewItem, QueueDesign, Review, TakenItem,
    TransactionQueue, Transactions,
};

/// Every SQL text of the queue, for a test to prepare.
pub fn all_statements() -> Vec<casare_store::Sql> {
    [statements::ALL, list::ALL, transactions::statements::ALL].concat()
}

//! The server: the REST API, live events, schedules, triggers, and the hub that robots connect to.
//!
//! | module | what it holds |
//! |---|---|
//! | `settings` | what a server is started with |
//! | `api` | the REST API: one file for each thing, listed in `api/mod.rs` |
//! | `guard` | who may call which route: the only place that decides |
//! | `problem` | what callers are told when something cannot be done |
//! | `rate`, `repeat` | how often somebody may ask; requests that are sent again |
//! | `schedules` | what runs when |
//! | `upkeep` | what the server does now and then |
//! | `triggers`, `hooks`, `outbound` | what starts runs; whom to tell; telling them |
//! | `reactions` | what follows from what happened |
//! | `levels`, `alerts` | what is promised of workflows, and what somebody should look at |
//! | `loads` | what the machines of robots are doing |
//! | `events` | what happens, live, to all who listen |
//! | `hub` | the robots that are connected |
//!
//! Any number of servers may use one PostgreSQL. Each does everything; what only one should do, such as watching a
//! mailbox, whoever comes first does, and another one when it is gone.

mod alerts;
mod api;
mod error;
mod events;
mod guard;
mod hooks;
mod hub;
mod levels;
mod loads;
mod outbound;
mod problem;
mod rate;
mod reactions;
mod repeat;
mod schedules;
mod server;
mod settings;
mod triggers;
mod upkeep;

pub use api::document;
pub use error::OrchestratorError;
pub use events::{Events, LiveEvent};
pub use problem::Problem;
pub use server::Orchestrator;
pub use settings::{ArtifactPlace, Settings};

/// Every SQL text of the server, for a test to prepare.
pub fn all_statements() -> Vec<casare_store::Sql> {
    let triggers = triggers::statements();
    [
        alerts::ALL,
        api::DRAFT_STATEMENTS,
        hooks::ALL,
        levels::ALL,
        loads::ALL,
        reactions::ALL,
        repeat::ALL,
        schedules::ALL,
        &triggers,
    ]
    .concat()
}

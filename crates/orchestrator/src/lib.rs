//! The server: the REST API, live events, schedules, triggers, and the hub that robots connect to.
//!
//! | module | what it holds |
//! |---|---|
//! | `settings` | what a server is started with |
//! | `api` | the REST API: one file for each thing, listed in `api/mod.rs` |
//! | `guard` | who may call which route: the only place that decides |
//! | `problem` | what callers are told when something cannot be done |
//! | `rate`, `repeat` | how often somebody may ask; requests that are sent again |
//! | `events` | what happens, live, to all who listen |
//! | `hub` | the robots that are connected |
//!
//! Any number of servers may use one PostgreSQL; none is the leader.

mod api;
mod error;
mod events;
mod guard;
mod hub;
mod problem;
mod rate;
mod repeat;
mod server;
mod settings;

pub use api::document;
pub use error::OrchestratorError;
pub use events::{Events, LiveEvent};
pub use problem::Problem;
pub use server::Orchestrator;
pub use settings::{ArtifactPlace, Settings};

/// Every SQL text of the server, for a test to prepare.
pub fn all_statements() -> Vec<casare_store::Sql> {
    [repeat::ALL].concat()
}

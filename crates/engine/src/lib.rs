//! Runs a workflow: scopes, control flow, retries, journal, resume.
//!
//! The engine knows nodes through [`Node`] alone, and nothing of HTTP, browsers or robots.
//!
//! | module | what it holds |
//! |---|---|
//! | [`node`] | the contract: settings in, outputs out, effects, sessions |
//! | [`context`] | what a node sees of the run |
//! | [`error`] | why a step failed, as a kind that workflows choose by |
//! | [`event`] | the one stream of what happens in a run |
//! | [`plan`] | a validated workflow, compiled; cached by content |
//! | [`mod@run`] | the interpreter: start, resume, cancel |
//! | [`mod@attendant`] | watching and steering a run step by step: debuggers, stubs, recorders |
//! | [`mod@clock`], [`exchange`] | what a recording keeps beside the steps, and a replay gives |
//! | [`healing`] | elements that were found another way than the workflow says |
//! | [`people`] | whom a run can ask |
//! | [`witness`] | who has to know of a step before it happens |
//! | [`registry`] | the nodes an engine knows |

pub mod artifacts;
pub mod attendant;
pub mod cancel;
pub mod clock;
pub mod context;
pub mod credentials;
pub mod error;
pub mod event;
pub mod exchange;
mod flow;
pub mod healing;
mod mask;
pub mod node;
pub mod path;
pub mod people;
pub mod plan;
mod registry;
pub mod run;
mod scope;
mod stack;
mod stream;
mod view;
pub mod witness;

pub use artifacts::Artifacts;
pub use attendant::{AfterFailure, Attendant, StepEnd, Verdict};
pub use cancel::{Cancel, CancelReason};
pub use clock::Clock;
pub use context::{Reporter, StepContext};
pub use credentials::{Credential, Credentials, NoCredentials};
pub use error::{ErrorKind, NodeError, chain};
pub use event::{
    Artifact, ErrorReport, EventKind, EventSink, LogLevel, RunEvent, RunState, SkipReason,
};
pub use exchange::{Exchanges, Message, StepExchanges};
pub use healing::{Heal, HealOutcome, HealingPolicy};
pub use node::{BlockEnd, DescribedAction, Node, Opened, Resource};
pub use path::StepPath;
pub use people::{AnswerKind, Nobody, People, Question};
pub use plan::{Outlined, Plan, PlanError, StepOrigin};
pub use registry::Registry;
pub use run::{Beginning, Decision, Engine, RunError, RunOptions, RunOutcome, Undecided};
pub use view::StepView;
pub use witness::Witness;

//! Debugs a workflow: breakpoints, stepping, inspection, restart at a step.
//!
//! The debugger is an [`Attendant`](casare_engine::Attendant) of a run: the engine asks it before
//! each step. It knows nothing of where workflows and secrets come from; whoever starts it is its
//! [`Host`].
//!
//! | module | what it holds |
//! |---|---|
//! | [`debugger`] | what stops a run, and how it goes on |
//! | [`breakpoint`] | places, conditions, hit counts, log messages |
//! | [`program`] | the files of a workflow and where their steps stand |
//! | [`inspect`] | values as trees, and changing them |
//! | [`session`] | a run under the debugger: started, restarted, ended |
//! | [`terminal`] | the debugger in a terminal or a script |
//! | [`dap`] | the debugger for editors: the Debug Adapter Protocol |

pub mod breakpoint;
pub mod dap;
pub mod debugger;
pub mod inspect;
pub mod program;
pub mod session;
pub mod terminal;

pub use breakpoint::{Breakpoint, Place};
pub use debugger::{Debugger, Failures, Notice, Notices, Reason, Resume, Stop};
pub use program::Program;
pub use session::{Host, Launch, Opened, Refused, Session};

//! A robot: runs jobs for an orchestrator.
//!
//! | module | what it holds |
//! |---|---|
//! | `robot` | the robot itself: what it has, what the server does not know yet |
//! | `identity` | who it is, and how it comes to be |
//! | `link` | the connection to the server |
//! | `files` | what goes over HTTP beside it |
//! | `attempt` | one attempt in a process of its own, as the robot sees it |
//! | `child` | the same as that process sees it |
//! | `pipe`, `spool` | what the two say to each other; events on disk |
//! | `load`, `memory` | what the machine is doing; what a run holds |
//!
//! What is told survives: events stand in a file before the robot hears of them, and go away only when the server has
//! said that it keeps them. A `once` step begins only when the server knows that it will.

mod attempt;
mod child;
mod error;
mod files;
mod identity;
mod link;
mod load;
mod memory;
mod pipe;
mod robot;
mod spool;

pub use child::attend;
pub use error::RobotError;
pub use identity::{Identity, enroll};
pub use robot::{Robot, RobotSettings, stop};

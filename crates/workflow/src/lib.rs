//! The workflow model: steps, blocks, expressions, the file format and its validation.
//!
//! This crate does no I/O and knows nothing of async code, robots or the network. It says what a
//! workflow *is*; `casare-engine` says what happens when one runs.
//!
//! | module | what it holds |
//! |---|---|
//! | [`model`] | [`Workflow`], [`Step`], [`Block`] and their parts |
//! | [`document`] | the text as a tree with places and comments; the canonical writer |
//! | [`format`](mod@format) | text → [`Workflow`] → text, with errors that point into the text |
//! | [`schema`] | the published JSON Schema of a workflow file |
//! | [`expression`] | `{{ }}`: compiling and evaluating |
//! | [`value`] | what expressions yield and how settings are read from it |
//! | [`catalogue`] | what a node says about itself |
//! | [`mod@check`] | everything that is known to be wrong before a run |
//! | [`mod@diff`], [`mod@merge`] | what changed between two workflows, and three made one |
//! | [`span`] | durations such as `1h30m` |

pub mod catalogue;
pub mod check;
pub mod diff;
pub mod document;
pub mod expression;
pub mod format;
pub mod merge;
pub mod model;
pub mod schema;
pub mod span;
pub mod value;

pub use catalogue::{BlockShape, BlockSpec, Catalogue, Effect, Misformed, NodeSpec};
pub use check::check;
pub use document::{DocPath, Document, Segment, SourceRange};
pub use expression::{ExpressionError, NameUse, Scope, Template};
pub use format::{Problem, ProblemList, Severity, Source};
pub use model::{Block, Input, InputKind, Limits, OnError, OnResume, Retry, Step, Workflow};
pub use span::Span;
pub use value::{Any, Value};

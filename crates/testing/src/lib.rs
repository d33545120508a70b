//! Tests of workflows, recordings of runs and their replay.
//!
//! | module | what it holds |
//! |---|---|
//! | [`mod@file`] | `*.test.yaml`: what it says and what is wrong with it |
//! | [`schema`] | its JSON Schema |
//! | `pattern`, [`mismatch`] | what a value is expected to be, and how it differs |
//! | [`suite`] | finds test files and runs their cases |
//! | [`case`], `stage`, `wire`, `still` | one case: its stubs, HTTP answers, clock and credentials |
//! | `verdict`, `snapshot` | whether what came of it is what was expected |
//! | [`coverage`], [`junit`] | what the tests went through; reports for CI |
//! | [`recording`] | what a run did, in a file; running it again |
//! | [`past`] | a test out of a run that was |

pub mod case;
pub mod coverage;
pub mod file;
pub mod junit;
pub mod mismatch;
pub mod past;
mod pattern;
pub mod recording;
pub mod schema;
mod snapshot;
mod stage;
mod still;
pub mod suite;
mod verdict;
mod wire;

pub use case::{CaseResult, Failure, Outcome};
pub use coverage::Coverage;
pub use file::TestFile;
pub use mismatch::Mismatch;
pub use recording::{Recorder, Recording, RecordingError, Replay};
pub use schema::test_schema;
pub use suite::{Broken, Manner, Report};

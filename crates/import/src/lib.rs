//! Reads the workflows of other tools and writes them as Casare workflows.
//!
//! Text in, text out: this crate opens no file and runs nothing. [`import`] takes the files of one
//! import together, because workflows call each other, and answers a workflow and a loss report for
//! each.
//!
//! | module | what it reads |
//! |---|---|
//! | [`casarerpa`] | CasareRPA: workflows, templates, projects |
//! | [`n8n`] | n8n, by way of the same graph |
//! | [`robot`] | Robot Framework: tests, tasks and keywords |
//! | [`selenium`] | Selenium IDE |
//! | [`devtools`] | recordings of Chrome's DevTools |
//!
//! | module | what it holds |
//! |---|---|
//! | [`library`] | CasareRPA's node types and their successors, as data |
//! | [`expression`] | expressions of other languages → Casare's |
//! | [`circles`] | calls in a circle, which are cut |
//! | [`repair`] | the last check: what it refuses is replaced and reported |
//! | [`report`] | the loss report |
//! | [`coverage`] | the table of all types |

use casare_workflow::Catalogue;

mod casarerpa;
mod circles;
mod coverage;
mod devtools;
mod expression;
mod library;
mod n8n;
mod repair;
mod report;
mod robot;
mod selenium;
mod sources;

pub use coverage::{Covered, Standing, coverage, coverage_markdown, misfits};
pub use report::{Remark, Report, Weight};
pub use sources::{Imported, Outcome, SourceFile};

/// How large a file may be, in bytes.
pub const MAX_BYTES: usize = 32 << 20;

/// Why a file could not be imported at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// It is no JSON, or not whole.
    #[error("it is not valid JSON: {reason}")]
    NotJson {
        /// What the parser says, with line and column.
        reason: String,
    },
    /// It is JSON of another kind.
    #[error("it is no workflow: {reason}")]
    NotAWorkflow {
        /// What is missing or different.
        reason: String,
    },
    /// No importer knows files like it.
    #[error("no importer knows files like it")]
    UnknownFormat,
    /// It is larger than any workflow is.
    #[error("it has {count} {what}; at most {limit} are read")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// Its blocks would be nested too deeply.
    #[error("its branches and loops are nested more than {limit} deep")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// Its wires cross so often that no readable workflow comes out.
    #[error("its wires cross too often to be written as steps")]
    TooTangled,
}

impl ImportError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotJson { .. } => "save it again in the tool it comes from, and import that file",
            Self::NotAWorkflow { .. } => {
                "a workflow of CasareRPA has `nodes` and `connections`; a project is imported by its folder"
            }
            Self::UnknownFormat => {
                "CasareRPA (.json and project folders), n8n (.json), Robot Framework (.robot), Selenium IDE (.side) and Chrome's recorder (.json) are known"
            }
            Self::TooLarge { .. } => "split it in the tool it comes from, into subflows",
            Self::TooDeep { .. } => "move the inner part into a subflow in the tool it comes from",
            Self::TooTangled => {
                "join its branches with Merge nodes in the tool it comes from, and try again"
            }
        }
    }
}

/// Whether a file of this name may hold something that can be imported.
pub fn is_known_name(name: &str) -> bool {
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_lowercase());
    matches!(ending.as_deref(), Some("json" | "robot" | "side"))
}

/// Imports `files` together; the outcomes are in the order of the files that hold workflows.
///
/// `catalogue` is what the workflows will run with: a step that it refuses is replaced by one that
/// fails with the reason, so that every workflow passes the check.
pub fn import(files: &[SourceFile], catalogue: &dyn Catalogue) -> Vec<Imported> {
    sources::import(files, catalogue)
}

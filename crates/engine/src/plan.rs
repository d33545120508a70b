//! A validated workflow, compiled: parsed expressions, node instances, interned names.

use std::{path::Path, sync::Arc};

use casare_workflow::{ProblemList, Workflow};

use crate::Registry;

/// A workflow that can run. Made once, used by any number of runs.
#[derive(Debug)]
pub struct Plan {
    pub(crate) workflow: Workflow,
}

/// Why a workflow can't run.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The text is not a valid workflow.
    #[error(transparent)]
    Invalid(#[from] ProblemList),
    /// A called workflow can't be read.
    #[error("the workflow `{file}` that step `{step}` calls can't be read: {source}")]
    Unreadable {
        /// The file.
        file: String,
        /// The step that calls it.
        step: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Workflows call each other in a circle, or too deep.
    #[error("{0}")]
    Calls(String),
}

impl Plan {
    /// Compiles `text`, the content of `name`; called workflows are read relative to `folder`.
    ///
    /// # Errors
    ///
    /// Everything that is known to be wrong before a run.
    pub fn compile(name: &str, text: &str, folder: &Path, registry: &Registry) -> Result<Arc<Self>, PlanError> {
        let _ = (name, text, folder, registry);
        unimplemented!()
    }

    /// The workflow as it was read.
    pub fn workflow(&self) -> &Workflow {
        &self.workflow
    }
}

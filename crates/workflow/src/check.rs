//! Everything that is known to be wrong before a run.

use crate::{Catalogue, Problem, Source, Workflow};

/// What is wrong with `workflow`, errors and warnings, in the order of its text.
pub fn check(workflow: &Workflow, source: &Source, catalogue: &dyn Catalogue) -> Vec<Problem> {
    let _ = (workflow, source, catalogue);
    Vec::new()
}

//! Where a step of a run is written.

use std::{path::PathBuf, sync::Arc};

use casare_workflow::{Block, DocPath, Step};

use super::{Kind, Plan};
use crate::{StepPath, event::StepInfo, path::named_block};

/// Where a step is written: which file, and where in it.
#[derive(Debug, Clone)]
pub struct StepOrigin {
    /// The workflow's file.
    pub file: PathBuf,
    /// The step in it.
    pub at: DocPath,
    /// Node, title, id and line.
    pub info: Arc<StepInfo>,
}

impl Plan {
    /// Where the step at `path` is written, in this workflow or one that it calls; passes do not matter.
    pub fn origin(&self, path: &StepPath) -> Option<StepOrigin> {
        let (mut plan, mut list, mut written) = (self, &self.root, &self.workflow.steps[..]);
        for on_the_way in path.lists() {
            let index = on_the_way.step.index as usize;
            let (compiled, step) = (list.steps.get(index)?, written.get(index)?);
            if let Kind::Call { plan: called, .. } = &compiled.kind {
                (plan, list, written) = (called, &called.root, &called.workflow.steps[..]);
                continue;
            }
            list = compiled
                .kind
                .lists()
                .into_iter()
                .find(|list| list.block == on_the_way.block)?;
            written = steps_of(step, &on_the_way.block)?;
        }
        let index = path.index as usize;
        Some(StepOrigin {
            file: plan.folder.join(&plan.name),
            at: written.get(index)?.at.clone(),
            info: list.steps.get(index)?.info.clone(),
        })
    }
}

/// The steps of a block as paths write it: `do`, or `cases:paid`.
fn steps_of<'s>(step: &'s Step, wanted: &str) -> Option<&'s [Step]> {
    step.blocks
        .iter()
        .find_map(|(block, content)| match content {
            Block::Steps(steps) => (block == wanted).then_some(&steps[..]),
            Block::Named(lists) => lists
                .iter()
                .find(|(name, _)| *named_block(block, name) == *wanted)
                .map(|(_, steps)| &steps[..]),
        })
}

//! The steps of a plan, for whoever points at them: debuggers, coverage.

use std::sync::Arc;

use super::{Kind, List, Plan, PlanStep};
use crate::{StepPath, event::StepInfo, stack::with_room};

/// A step of a plan.
#[derive(Debug, Clone)]
pub struct Outlined {
    /// Where it stands; passes of loops are left out.
    pub path: StepPath,
    /// Node, title, id and line.
    pub info: Arc<StepInfo>,
    /// Whether it is never executed.
    pub disabled: bool,
    /// The blocks it has, as paths write them, in order.
    pub blocks: Vec<Arc<str>>,
    /// The workflow that it calls.
    pub calls: Option<Arc<Plan>>,
}

impl Plan {
    /// All steps that are written in this workflow, in the order of the text, without those of
    /// the workflows that it calls.
    pub fn outline(&self) -> Vec<Outlined> {
        let mut steps = Vec::new();
        self.root.outline(None, &mut steps);
        steps
    }

    /// The step at `path`, of this workflow or one that it calls; passes do not matter.
    pub fn step_at(&self, path: &StepPath) -> Option<Outlined> {
        Some(self.plan_step(path)?.outlined(path.clone()))
    }

    /// Whether the lists of the step at `path` are entered by number.
    pub(crate) fn has_passes(&self, path: &StepPath) -> bool {
        self.plan_step(path)
            .is_some_and(|step| step.kind.has_passes())
    }

    fn plan_step(&self, path: &StepPath) -> Option<&PlanStep> {
        let mut list = &self.root;
        for on_the_way in path.lists() {
            let step = list.steps.get(on_the_way.step.index as usize)?;
            list = match &step.kind {
                Kind::Call { plan, .. } => &plan.root,
                kind => kind
                    .lists()
                    .into_iter()
                    .find(|list| list.block == on_the_way.block)?,
            };
        }
        list.steps.get(path.index as usize).map(|step| &**step)
    }
}

impl List {
    fn outline(&self, at: Option<&(StepPath, Arc<str>)>, into: &mut Vec<Outlined>) {
        for (index, step) in self.steps.iter().enumerate() {
            let list = at.map(|(owner, block)| owner.list(block, None));
            let path = StepPath::new(list, index as u32);
            into.push(step.outlined(path.clone()));
            for list in step.kind.lists() {
                let at = (path.clone(), list.block.clone());
                with_room(|| list.outline(Some(&at), into));
            }
        }
    }
}

impl PlanStep {
    fn outlined(&self, path: StepPath) -> Outlined {
        Outlined {
            path,
            info: self.info.clone(),
            disabled: self.disabled,
            blocks: self
                .kind
                .lists()
                .into_iter()
                .map(|list| list.block.clone())
                .collect(),
            calls: match &self.kind {
                Kind::Call { plan, .. } => Some(plan.clone()),
                _ => None,
            },
        }
    }
}

impl Kind {
    /// The lists of steps in its blocks.
    pub(super) fn lists(&self) -> Vec<&List> {
        match self {
            Self::Session { body, .. }
            | Self::While { body, .. }
            | Self::Repeat { body, .. }
            | Self::Retry { body, .. } => vec![body],
            Self::ForEach(each) => vec![&each.body],
            Self::If {
                then, otherwise, ..
            } => [then].into_iter().chain(otherwise).collect(),
            Self::Switch { cases, default, .. } => cases.iter().chain(default).collect(),
            Self::Parallel { branches, .. } | Self::Race { branches } => branches.iter().collect(),
            Self::Try {
                body,
                catch,
                finally,
            } => [body].into_iter().chain(catch).chain(finally).collect(),
            Self::StateMachine(machine) => machine.states.iter().collect(),
            Self::Action { .. }
            | Self::Set(_)
            | Self::Increment { .. }
            | Self::Signal(_)
            | Self::Fail(_)
            | Self::Assert { .. }
            | Self::Call { .. }
            | Self::Wait(_)
            | Self::Nothing => Vec::new(),
        }
    }

    /// Whether its lists are entered by number: loops, retries, states.
    pub(crate) fn has_passes(&self) -> bool {
        matches!(
            self,
            Self::ForEach(_)
                | Self::While { .. }
                | Self::Repeat { .. }
                | Self::Retry { .. }
                | Self::StateMachine(_)
        )
    }
}

//! The steps of a workflow, numbered, and which of them can have run before which.

use std::collections::HashMap;

use super::control;
use crate::{Block, BlockSpec, Catalogue, Effect, NodeSpec, Step, Workflow, catalogue::Siblings};

/// Number of a step.
pub(super) type StepNo = usize;

/// A step in the tree.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub(super) step: &'a Step,
    /// `None` for an unknown node.
    pub(super) spec: Option<&'a NodeSpec>,
    /// The list it is in.
    pub(super) list: usize,
    /// Its position there.
    pub(super) index: usize,
    /// Whether it or a step around it is disabled.
    pub(super) disabled: bool,
}

/// A list of steps: the top one, or (part of) a block.
#[derive(Debug)]
pub(super) struct List<'a> {
    pub(super) steps: &'a [Step],
    /// The number of its first step; the others follow.
    pub(super) first: StepNo,
    /// The step it belongs to; `None` at the top.
    pub(super) owner: Option<StepNo>,
    /// The block it is, or is a part of.
    pub(super) block: &'a str,
    /// `None` at the top and in unknown blocks.
    pub(super) spec: Option<&'a BlockSpec>,
    /// When the block runs among its siblings.
    order: Option<usize>,
    /// Whether its steps are hidden outside.
    isolated: bool,
    depth: usize,
}

/// Every step and list of a workflow.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    pub(super) places: Vec<Place<'a>>,
    pub(super) lists: Vec<List<'a>>,
    /// The steps that have an id, by it; more than one where it is used twice.
    pub(super) ids: HashMap<&'a str, Vec<StepNo>>,
}

/// From where a step's outputs are read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Site {
    /// The settings of a step.
    Step(StepNo),
    /// A setting of a step that is evaluated at the end of its block.
    EndOf(StepNo, &'static str),
    /// The values that variables start with.
    Start,
    /// The outputs of the workflow.
    Outputs,
}

/// Why a step can't have run where it is referred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotRun {
    Itself,
    /// It contains the reader.
    Around,
    /// The reader contains it.
    Inside,
    Later,
    /// It is in another block of this step, or in another branch of the block.
    OtherBranch(StepNo),
    /// It is in a list whose steps are not seen outside.
    Hidden(usize),
}

impl<'a> Tree<'a> {
    pub(super) fn new(workflow: &'a Workflow, catalogue: &'a dyn Catalogue) -> Self {
        let mut tree = Self {
            places: Vec::new(),
            lists: vec![List {
                steps: &workflow.steps,
                first: 0,
                owner: None,
                block: "steps",
                spec: None,
                order: None,
                isolated: false,
                depth: 0,
            }],
            ids: HashMap::new(),
        };
        // A work list, not recursion: workflows may be nested deeper than a stack allows.
        let mut next = 0;
        while next < tree.lists.len() {
            tree.add_steps(next, catalogue);
            next += 1;
        }
        tree
    }

    fn add_steps(&mut self, list: usize, catalogue: &'a dyn Catalogue) {
        let steps = self.lists[list].steps;
        self.lists[list].first = self.places.len();
        let off = self.lists[list]
            .owner
            .is_some_and(|owner| self.places[owner].disabled);
        for (index, step) in steps.iter().enumerate() {
            let number = self.places.len();
            self.places.push(Place {
                step,
                spec: catalogue.node(&step.uses),
                list,
                index,
                disabled: off || step.disabled,
            });
            if let Some(id) = &step.id {
                self.ids.entry(id).or_default().push(number);
            }
            self.add_blocks(number);
        }
    }

    fn add_blocks(&mut self, owner: StepNo) {
        let Place {
            step, spec, list, ..
        } = self.places[owner];
        for (name, block) in &step.blocks {
            let found = spec.and_then(|spec| {
                spec.blocks
                    .iter()
                    .enumerate()
                    .find(|(_, block)| block.name == *name)
            });
            let block_spec = found.map(|(_, block)| block);
            let mut add = |steps: &'a [Step]| {
                self.lists.push(List {
                    steps,
                    first: 0,
                    owner: Some(owner),
                    block: name,
                    spec: block_spec,
                    order: found.map(|(order, _)| order),
                    isolated: block_spec.is_some_and(|block| block.isolated)
                        || control::runs_side_by_side(step),
                    depth: self.lists[list].depth + 1,
                });
            };
            match block {
                Block::Steps(steps) => add(steps),
                Block::Named(lists) => lists.values().for_each(|steps| add(steps)),
            }
        }
    }

    /// The lists around a place, from the inside out.
    pub(super) fn lists_around(&self, site: Site) -> impl Iterator<Item = &List<'a>> {
        let mut next = match site {
            Site::Step(step) => Some(self.places[step].list),
            Site::EndOf(step, block) => {
                Some(self.block_of(step, block).unwrap_or(self.places[step].list))
            }
            Site::Start | Site::Outputs => None,
        };
        std::iter::from_fn(move || {
            let list = &self.lists[next?];
            next = list.owner.map(|owner| self.places[owner].list);
            Some(list)
        })
    }

    /// The (first) list of a block of a step.
    fn block_of(&self, step: StepNo, block: &str) -> Option<usize> {
        // Lists stand in the order of their owners.
        let first = self.lists.partition_point(|list| list.owner < Some(step));
        self.lists[first..]
            .iter()
            .take_while(|list| list.owner == Some(step))
            .position(|list| list.block == block)
            .map(|offset| first + offset)
    }

    /// Whether the outputs of `target` can be there at `site`.
    pub(super) fn can_have_run(&self, target: StepNo, site: Site) -> Result<(), NotRun> {
        match site {
            Site::Start => Err(NotRun::Later),
            Site::Outputs => self.seen_at_the_end(target),
            Site::Step(reader) => self.seen_by(target, reader),
            Site::EndOf(reader, block) => match self.seen_by(target, reader) {
                Err(NotRun::Inside) => self.seen_at_the_end_of(target, reader, block),
                other => other,
            },
        }
    }

    fn seen_by(&self, target: StepNo, reader: StepNo) -> Result<(), NotRun> {
        if target == reader {
            return Err(NotRun::Itself);
        }
        let mut hidden = None;
        let (mut target, mut reader) = (target, reader);
        while self.depth(target) > self.depth(reader) {
            target = self.climb(target, &mut hidden);
        }
        if target == reader {
            return Err(NotRun::Inside);
        }
        while self.depth(reader) > self.depth(target) {
            reader = self.climb(reader, &mut None);
        }
        if target == reader {
            return self.seen_inside(target);
        }
        loop {
            let (of_target, of_reader) = (self.places[target].list, self.places[reader].list);
            if of_target == of_reader {
                if self.places[target].index > self.places[reader].index {
                    return Err(NotRun::Later);
                }
                return hidden.map_or(Ok(()), |list| Err(NotRun::Hidden(list)));
            }
            let (list, other) = (&self.lists[of_target], &self.lists[of_reader]);
            if let (Some(owner), true) = (list.owner, list.owner == other.owner) {
                self.seen_beside(owner, list, other)?;
                if list.isolated {
                    hidden = Some(of_target);
                }
                return hidden.map_or(Ok(()), |list| Err(NotRun::Hidden(list)));
            }
            target = self.climb(target, &mut hidden);
            reader = self.climb(reader, &mut None);
        }
    }

    /// Something alive has its outputs as soon as it is open; others when they have ended.
    fn seen_inside(&self, around: StepNo) -> Result<(), NotRun> {
        match self.places[around].spec {
            Some(spec) if spec.effect != Effect::Live => Err(NotRun::Around),
            _ => Ok(()),
        }
    }

    /// Whether steps of `list` can have run before those of `other`, of the same step.
    fn seen_beside(&self, owner: StepNo, list: &List<'_>, other: &List<'_>) -> Result<(), NotRun> {
        let Some(spec) = self.places[owner].spec else {
            return Ok(());
        };
        let (Some(order), Some(other_order)) = (list.order, other.order) else {
            return Ok(());
        };
        let seen = match spec.siblings {
            Siblings::All => true,
            Siblings::None => false,
            Siblings::Earlier => order < other_order,
        };
        match (seen, spec.siblings) {
            (true, _) => Ok(()),
            (false, Siblings::Earlier) if order > other_order => Err(NotRun::Later),
            (false, _) => Err(NotRun::OtherBranch(owner)),
        }
    }

    fn seen_at_the_end(&self, target: StepNo) -> Result<(), NotRun> {
        let mut hidden = None;
        let mut target = target;
        while self.depth(target) > 0 {
            target = self.climb(target, &mut hidden);
        }
        hidden.map_or(Ok(()), |list| Err(NotRun::Hidden(list)))
    }

    fn seen_at_the_end_of(&self, target: StepNo, owner: StepNo, block: &str) -> Result<(), NotRun> {
        let mut hidden = None;
        let mut target = target;
        loop {
            let list = &self.lists[self.places[target].list];
            if list.owner == Some(owner) {
                if list.block != block {
                    return Err(NotRun::Inside);
                }
                return hidden.map_or(Ok(()), |list| Err(NotRun::Hidden(list)));
            }
            target = self.climb(target, &mut hidden);
        }
    }

    fn depth(&self, step: StepNo) -> usize {
        self.lists[self.places[step].list].depth
    }

    /// The step around `step`; notes the outermost list on the way that hides its steps.
    fn climb(&self, step: StepNo, hidden: &mut Option<usize>) -> StepNo {
        let number = self.places[step].list;
        let list = &self.lists[number];
        if list.isolated {
            *hidden = Some(number);
        }
        list.owner.unwrap_or(step)
    }
}

//! Which steps and branches of workflows the tests went through.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use casare_engine::{Plan, StepPath, StepView, path::named_block};
use casare_workflow::{Block, Source, Step};
use serde::Serialize;

/// What runs went through, by the call they are in (empty for the workflow itself) and the path
/// inside the called workflow.
#[derive(Debug, Default, Clone)]
pub(crate) struct Hits {
    places: HashMap<String, InPlan>,
}

#[derive(Debug, Default, Clone)]
struct InPlan {
    plan: Option<Arc<Plan>>,
    done: HashMap<String, u64>,
    skipped: HashMap<String, u64>,
}

/// A path without passes, cut behind the last call: `2.call.` and `1.do.0`.
pub(crate) fn place_of(path: &StepPath) -> (String, String) {
    let (mut above, mut rest) = (String::new(), String::new());
    for list in path.lists() {
        rest.push_str(&format!("{}.{}.", list.step.index, list.block));
        if &*list.block == "call" {
            above.push_str(&rest);
            rest.clear();
        }
    }
    rest.push_str(&path.index.to_string());
    (above, rest)
}

impl Hits {
    pub(crate) fn hit(&mut self, view: &StepView) {
        let (above, rest) = place_of(view.path());
        let place = self.places.entry(above).or_default();
        place.plan.get_or_insert_with(|| view.plan().clone());
        *place.done.entry(rest).or_default() += 1;
    }

    pub(crate) fn skip(&mut self, path: &StepPath) {
        let (above, rest) = place_of(path);
        let place = self.places.entry(above).or_default();
        *place.skipped.entry(rest).or_default() += 1;
    }
}

/// Coverage of all workflows that tests went through.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Coverage {
    /// By file.
    pub workflows: BTreeMap<String, WorkflowCoverage>,
}

/// Coverage of one workflow.
#[derive(Debug, Default, Clone, Serialize)]
pub struct WorkflowCoverage {
    /// Its steps, in the order of the text.
    pub steps: Vec<CoveredStep>,
}

/// How often tests went through a step.
#[derive(Debug, Clone, Serialize)]
pub struct CoveredStep {
    /// Its path without passes.
    pub path: String,
    /// Name, id or node.
    pub title: String,
    /// Its line in the file.
    pub line: usize,
    /// How often it was executed or answered by a stub.
    pub times: u64,
    /// The ways on from it.
    pub branches: Vec<Branch>,
}

/// One way on from a step.
#[derive(Debug, Clone, Serialize)]
pub struct Branch {
    /// The block (`then`, `cases:paid`), `else` where an `if` has none, or `when false`.
    pub name: String,
    /// How often it was taken.
    pub times: u64,
}

/// Something and how much of it was covered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// How many were covered.
    pub covered: usize,
    /// How many there are.
    pub all: usize,
}

impl Share {
    /// In hundredths; all of nothing is 100.
    pub fn percent(self) -> f64 {
        if self.all == 0 {
            return 100.0;
        }
        self.covered as f64 * 100.0 / self.all as f64
    }

    fn add(&mut self, times: u64) {
        self.all += 1;
        self.covered += usize::from(times > 0);
    }
}

impl WorkflowCoverage {
    /// How many steps were covered.
    pub fn steps(&self) -> Share {
        let mut share = Share::default();
        for step in &self.steps {
            share.add(step.times);
        }
        share
    }

    /// How many branches were taken.
    pub fn branches(&self) -> Share {
        let mut share = Share::default();
        for branch in self.steps.iter().flat_map(|step| &step.branches) {
            share.add(branch.times);
        }
        share
    }

    /// Lines of steps that were never executed, and of branches that were never taken with their
    /// names.
    pub fn missed(&self) -> Vec<String> {
        let mut missed = Vec::new();
        for step in &self.steps {
            if step.times == 0 && step.branches.iter().all(|branch| branch.times == 0) {
                missed.push(step.line.to_string());
                continue;
            }
            for branch in step.branches.iter().filter(|branch| branch.times == 0) {
                missed.push(format!("{} ({})", step.line, branch.name));
            }
        }
        missed
    }
}

impl Coverage {
    /// Adds a workflow, whether or not a test went through it.
    pub(crate) fn add_workflow(&mut self, plan: &Plan) {
        let file = plan.folder().join(plan.name()).display().to_string();
        if self.workflows.contains_key(&file) {
            return;
        }
        let Ok((workflow, source)) = Source::read(plan.name(), plan.text()) else {
            return;
        };
        let line = |step: &Step| {
            let start = source.range(&step.at).unwrap_or_default().start;
            source.problems(Vec::new()).position(start).0
        };
        let mut steps = Vec::new();
        let mut open: Vec<(&[Step], String)> = vec![(&workflow.steps, String::new())];
        while let Some((list, above)) = open.pop() {
            for (index, step) in list.iter().enumerate().filter(|(_, step)| !step.disabled) {
                let path = format!("{above}{index}");
                let mut branches = Vec::new();
                for (block, name, inner) in blocks(step) {
                    let key = name.map_or_else(|| block.into(), |name| named_block(block, name));
                    branches.push(Branch {
                        name: key.to_string(),
                        times: 0,
                    });
                    open.push((inner, format!("{path}.{key}.")));
                }
                if step.uses == "flow.if" && !step.blocks.contains_key("else") {
                    branches.push(Branch {
                        name: "else".to_owned(),
                        times: 0,
                    });
                }
                if step.when.is_some() {
                    branches.push(Branch {
                        name: "when false".to_owned(),
                        times: 0,
                    });
                }
                steps.push(CoveredStep {
                    path,
                    title: step.title().to_owned(),
                    line: line(step),
                    times: 0,
                    branches,
                });
            }
        }
        steps.sort_by_key(|step| step.line);
        self.workflows.insert(file, WorkflowCoverage { steps });
    }

    /// Adds what a run went through.
    pub(crate) fn add(&mut self, hits: &Hits) {
        for place in hits.places.values() {
            let Some(plan) = &place.plan else {
                continue;
            };
            self.add_workflow(plan);
            let file = plan.folder().join(plan.name()).display().to_string();
            if let Some(workflow) = self.workflows.get_mut(&file) {
                workflow.add(place);
            }
        }
    }
}

impl WorkflowCoverage {
    fn add(&mut self, place: &InPlan) {
        let done = |path: &str| place.done.get(path).copied().unwrap_or_default();
        let skipped = |path: &str| place.skipped.get(path).copied().unwrap_or_default();
        for step in &mut self.steps {
            let times = done(&step.path);
            step.times += times;
            let then = format!("{}.then.0", step.path);
            let then = done(&then) + skipped(&then);
            for branch in &mut step.branches {
                // A list is entered as often as its first step is come to.
                let first = format!("{}.{}.0", step.path, branch.name);
                let entered = done(&first) + skipped(&first);
                branch.times += match branch.name.as_str() {
                    "when false" => skipped(&step.path),
                    "else" if entered == 0 => times.saturating_sub(then),
                    _ => entered,
                };
            }
        }
    }
}

/// The lists of steps of a step that hold something: block, name and steps.
fn blocks(step: &Step) -> Vec<(&str, Option<&str>, &[Step])> {
    let mut found = Vec::new();
    for (name, block) in &step.blocks {
        match block {
            Block::Steps(steps) => found.push((name.as_str(), None, steps.as_slice())),
            Block::Named(lists) => {
                let lists = lists.iter();
                found.extend(
                    lists.map(|(list, steps)| (name.as_str(), Some(list.as_str()), &steps[..])),
                );
            }
        }
    }
    found.retain(|(_, _, steps)| !steps.is_empty());
    found
}

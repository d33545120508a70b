//! Workflows that call each other in a circle: no run can follow one, so the call that closes it
//! fails instead.

use std::collections::HashMap;

use casare_workflow::{Block, Step};

use crate::{ImportError, repair::replace, sources::Draft};

type Drafts = [(String, Result<Draft, ImportError>)];

/// Cuts every circle among `drafts`.
pub(crate) fn cut(drafts: &mut Drafts) {
    let calls = calls(drafts);
    let mut search = Search {
        calls: &calls,
        seen: vec![Seen::No; drafts.len()],
        closing: Vec::new(),
    };
    for draft in 0..drafts.len() {
        if search.seen[draft] == Seen::No {
            search.from(draft);
        }
    }
    for (from, to) in search.closing {
        let Some(called) = drafts[to].1.as_ref().ok().map(|draft| draft.path.clone()) else {
            continue;
        };
        let Ok(draft) = &mut drafts[from].1 else {
            continue;
        };
        let (path, report) = (&draft.path, &mut draft.report);
        each(&mut draft.workflow.steps, &mut |step| {
            if callee(step, path).as_deref() == Some(&*called) {
                let reason = format!(
                    "`{called}` calls this workflow, and a workflow can't call itself: use a loop"
                );
                replace(step, &reason, report);
            }
        });
    }
}

/// Which drafts each draft calls.
fn calls(drafts: &mut Drafts) -> Vec<Vec<usize>> {
    let places: HashMap<String, usize> = drafts
        .iter()
        .enumerate()
        .filter_map(|(place, (_, draft))| Some((draft.as_ref().ok()?.path.clone(), place)))
        .collect();
    let mut calls = Vec::with_capacity(drafts.len());
    for (_, draft) in drafts {
        let mut called = Vec::new();
        if let Ok(draft) = draft {
            each(&mut draft.workflow.steps, &mut |step| {
                let place = callee(step, &draft.path).and_then(|path| places.get(&path));
                called.extend(place);
            });
        }
        calls.push(called);
    }
    calls
}

#[derive(Clone, Copy, PartialEq)]
enum Seen {
    No,
    /// On the way that is being followed.
    OnTheWay,
    Done,
}

struct Search<'c> {
    calls: &'c [Vec<usize>],
    seen: Vec<Seen>,
    closing: Vec<(usize, usize)>,
}

impl Search<'_> {
    /// Depth first, without recursion: projects call deep.
    fn from(&mut self, start: usize) {
        let mut way = vec![(start, 0)];
        self.seen[start] = Seen::OnTheWay;
        while let Some((draft, next)) = way.last_mut() {
            let draft = *draft;
            let Some(&called) = self.calls[draft].get(*next) else {
                self.seen[draft] = Seen::Done;
                way.pop();
                continue;
            };
            *next += 1;
            match self.seen[called] {
                Seen::No => {
                    self.seen[called] = Seen::OnTheWay;
                    way.push((called, 0));
                }
                Seen::OnTheWay => self.closing.push((draft, called)),
                Seen::Done => {}
            }
        }
    }
}

/// The path of the workflow that `step` of the workflow at `path` calls.
fn callee(step: &Step, path: &str) -> Option<String> {
    if step.uses != "flow.call" {
        return None;
    }
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in step.with.get("workflow")?.as_str()?.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn each(steps: &mut [Step], visit: &mut dyn FnMut(&mut Step)) {
    for step in steps {
        visit(step);
        for block in step.blocks.values_mut() {
            match block {
                Block::Steps(steps) => each(steps, visit),
                Block::Named(lists) => {
                    for steps in lists.values_mut() {
                        each(steps, visit);
                    }
                }
            }
        }
    }
}

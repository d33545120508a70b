//! The breakpoints of a session.

use std::{path::PathBuf, sync::Arc};

use casare_engine::StepView;

use crate::{
    Program,
    breakpoint::{Armed, Breakpoint, Place, Target},
};

/// Breakpoints that are replaced together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Group {
    /// Those that an editor keeps for a file.
    File(PathBuf),
    /// Those that an editor keeps by step id or path.
    Named,
    /// Those that were typed one by one.
    Typed,
}

/// A breakpoint and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Its number.
    pub id: u32,
    /// What was asked for.
    pub asked: Breakpoint,
    /// The line that it stands on; the one that was asked for while it is not known better.
    pub line: Option<u32>,
    /// Why it can't stop anything.
    pub problem: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Breakpoints {
    program: Option<Arc<Program>>,
    set: Vec<Set>,
    newest: u32,
}

#[derive(Debug)]
struct Set {
    group: Group,
    status: Status,
    armed: Option<Armed>,
    target: Option<Target>,
}

/// What the breakpoints say to a step.
#[derive(Debug, Default)]
pub(super) struct Hit {
    pub(super) stops: bool,
    pub(super) ids: Vec<u32>,
    pub(super) said: Vec<String>,
    pub(super) broken: Option<String>,
}

impl Breakpoints {
    pub(super) fn ask(&mut self, view: &StepView) -> Hit {
        let mut hit = Hit::default();
        for set in &mut self.set {
            if let (Some(armed), Some(target)) = (&mut set.armed, &set.target)
                && target.is(view)
            {
                hit.add(set.status.id, armed.ask(view));
            }
        }
        hit
    }

    /// Finds the breakpoints in another program, or the same one for another run.
    pub(super) fn resolve(&mut self, program: Arc<Program>) -> Vec<Status> {
        for set in &mut self.set {
            set.resolve(&program);
        }
        self.program = Some(program);
        self.statuses()
    }

    pub(super) fn set(&mut self, group: Group, breakpoints: Vec<Breakpoint>) -> Vec<Status> {
        self.set.retain(|set| set.group != group);
        breakpoints
            .into_iter()
            .map(|breakpoint| self.add(group.clone(), breakpoint))
            .collect()
    }

    pub(super) fn add(&mut self, group: Group, breakpoint: Breakpoint) -> Status {
        self.newest += 1;
        let mut set = Set {
            group,
            status: Status {
                id: self.newest,
                line: match &breakpoint.place {
                    Place::Line(_, line) => Some(*line),
                    Place::Id(_) | Place::Path(_) => None,
                },
                asked: breakpoint,
                problem: Some("the workflow has not been read yet".to_owned()),
            },
            armed: None,
            target: None,
        };
        if let Some(program) = &self.program {
            set.resolve(program);
        }
        let status = set.status.clone();
        self.set.push(set);
        status
    }

    pub(super) fn remove(&mut self, id: u32) -> bool {
        let before = self.set.len();
        self.set.retain(|set| set.status.id != id);
        self.set.len() < before
    }

    pub(super) fn statuses(&self) -> Vec<Status> {
        self.set.iter().map(|set| set.status.clone()).collect()
    }
}

impl Set {
    fn resolve(&mut self, program: &Program) {
        (self.armed, self.target, self.status.problem) = (None, None, None);
        match program.resolve(&self.status.asked.place) {
            Ok((line, target)) => {
                self.status.line = Some(line);
                self.target = Some(target);
            }
            Err(problem) => self.status.problem = Some(problem),
        }
        match Armed::new(&self.status.asked) {
            Ok(armed) => self.armed = Some(armed),
            Err(problem) => {
                self.status.problem.get_or_insert(problem);
            }
        }
    }
}

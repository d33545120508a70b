//! What a client may ask more about while a thread stands still: frames and values by number.

use std::collections::HashMap;

use casare_engine::StepView;
use casare_workflow::Value;

use crate::inspect::Group;

/// Things by number, until their thread goes on.
#[derive(Debug, Default)]
pub(super) struct Held {
    newest: u64,
    things: HashMap<u64, (u32, Thing)>,
}

#[derive(Debug, Clone)]
pub(super) enum Thing {
    Frame(StepView),
    Group(StepView, Group),
    Value {
        view: StepView,
        value: Value,
        expression: Option<String>,
    },
}

impl Held {
    /// The number of a thing that `thread` shows.
    pub(super) fn keep(&mut self, thread: u32, thing: Thing) -> u64 {
        self.newest += 1;
        self.things.insert(self.newest, (thread, thing));
        self.newest
    }

    /// The thing with this number, and its thread.
    pub(super) fn get(&self, number: u64) -> Option<(u32, &Thing)> {
        let (thread, thing) = self.things.get(&number)?;
        Some((*thread, thing))
    }

    /// The step of a frame.
    pub(super) fn frame(&self, number: u64) -> Result<(u32, StepView), String> {
        match self.get(number) {
            Some((thread, Thing::Frame(view))) => Ok((thread, view.clone())),
            _ => Err("that step does not stand still any more".to_owned()),
        }
    }

    /// A thread goes on: what it showed is no longer so.
    pub(super) fn release(&mut self, thread: u32) {
        self.things.retain(|_, (of, _)| *of != thread);
    }

    pub(super) fn clear(&mut self) {
        self.things.clear();
    }
}

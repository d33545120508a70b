//! Events that are told only if they turn out to be among the last.

use std::sync::Arc;

use casare_engine::{
    EventKind, RunEvent, StepPath,
    event::{Outputs, StepInfo},
};
use casare_workflow::Effect;

use super::collect::{VALUE_LEFT_OUT, path_of, shown};

/// An event of a step that was left out.
///
/// Steps of hot loops end by the million: their ends are kept small.
pub(super) enum Recent {
    Finished {
        at: i64,
        path: StepPath,
        step: Arc<StepInfo>,
        effect: Effect,
        took: u64,
        /// A preview: the values may be large.
        outputs: Option<Box<str>>,
    },
    Other(Box<RunEvent>),
}

impl Recent {
    pub(super) fn of(event: &RunEvent) -> Self {
        match &event.kind {
            EventKind::StepFinished {
                path,
                step,
                effect,
                outputs,
                took,
                ..
            } => Self::Finished {
                at: event.at,
                path: path.clone(),
                step: step.clone(),
                effect: *effect,
                took: *took,
                outputs: (!outputs.is_empty()).then(|| shown(outputs, VALUE_LEFT_OUT).into()),
            },
            _ => Self::Other(Box::new(event.clone())),
        }
    }

    pub(super) fn path(&self) -> Option<&StepPath> {
        match self {
            Self::Finished { path, .. } => Some(path),
            Self::Other(event) => path_of(event),
        }
    }

    /// The event, and the preview of its outputs.
    pub(super) fn into_event(self) -> (RunEvent, Option<String>) {
        match self {
            Self::Finished {
                at,
                path,
                step,
                effect,
                took,
                outputs,
            } => {
                let kind = EventKind::StepFinished {
                    path,
                    step,
                    effect,
                    outputs: Outputs::default(),
                    variables: None,
                    signal: None,
                    again: false,
                    took,
                };
                (RunEvent { at, kind }, outputs.map(String::from))
            }
            Self::Other(event) => (*event, None),
        }
    }
}

//! Hands events to whoever listens, and to the journal.

use std::sync::Arc;

use casare_store::JournalWriter;
use jiff::Timestamp;

use crate::{EventKind, EventSink, RunEvent, mask::Mask};

/// The way out for a run's events.
#[derive(Clone)]
pub(crate) struct EventStream {
    sinks: Arc<[Arc<dyn EventSink>]>,
    journal: Option<JournalWriter>,
    mask: Arc<Mask>,
}

impl EventStream {
    pub(crate) fn new(
        sinks: Vec<Arc<dyn EventSink>>,
        journal: Option<JournalWriter>,
        mask: Arc<Mask>,
    ) -> Self {
        Self {
            sinks: sinks.into(),
            journal,
            mask,
        }
    }

    pub(crate) fn emit(&self, kind: EventKind) {
        let mut event = RunEvent {
            at: Timestamp::now().as_microsecond(),
            kind,
        };
        if !self.mask.is_empty() {
            event = mask_event(&self.mask, event);
        }
        if let Some(journal) = &self.journal
            && is_journaled(&event.kind)
        {
            journal.append(|bytes| {
                // Events are our own types with text keys: writing them to memory can't fail.
                let _ = serde_json::to_writer(&mut *bytes, &event);
                bytes.push(b'\n');
            });
        }
        for sink in self.sinks.iter() {
            sink.event(&event);
        }
    }

    pub(crate) fn journal(&self) -> Option<&JournalWriter> {
        self.journal.as_ref()
    }
}

/// The start of a step that may simply be executed again adds nothing to its end.
fn is_journaled(kind: &EventKind) -> bool {
    match kind {
        EventKind::StepStarted { effect, step, .. } => {
            *effect != casare_workflow::Effect::Pure || step.node.starts_with("flow.")
        }
        EventKind::Progress { .. } => false,
        _ => true,
    }
}

/// Secrets may stand in outputs, messages and anywhere else: the event goes through JSON once.
fn mask_event(mask: &Mask, event: RunEvent) -> RunEvent {
    let masked = serde_json::to_value(&event).ok().and_then(|mut json| {
        mask.json(&mut json);
        serde_json::from_value(json).ok()
    });
    masked.unwrap_or(event)
}

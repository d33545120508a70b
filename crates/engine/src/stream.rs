//! Hands events to whoever listens, and to the journal.

use std::{sync::Arc, time::Instant};

use casare_store::JournalWriter;
use jiff::Timestamp;

use crate::{EventKind, EventSink, RunEvent, mask::Mask};

/// The way out for a run's events.
#[derive(Clone)]
pub(crate) struct EventStream {
    sinks: Arc<[Arc<dyn EventSink>]>,
    journal: Option<JournalWriter>,
    mask: Arc<Mask>,
    clock: Clock,
}

/// The time of day, counted on from when the run began: one reading serves the event and the time
/// the step took, and a corrected system clock never makes a step end before it began.
#[derive(Debug, Clone, Copy)]
struct Clock {
    began: Instant,
    began_at: i64,
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
            clock: Clock {
                began: Instant::now(),
                began_at: Timestamp::now().as_microsecond(),
            },
        }
    }

    /// Microseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.clock.began_at + self.clock.began.elapsed().as_micros() as i64
    }

    pub(crate) fn emit(&self, kind: EventKind) {
        self.emit_at(self.now(), kind);
    }

    pub(crate) fn emit_at(&self, at: i64, kind: EventKind) {
        let mut event = RunEvent { at, kind };
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

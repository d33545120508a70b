//! Hands events to whoever listens, and to the journal.

use std::{sync::Arc, time::Instant};

use casare_store::JournalWriter;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value as Json;

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
pub(crate) fn is_journaled(kind: &EventKind) -> bool {
    match kind {
        EventKind::StepStarted { effect, step, .. } => {
            *effect != casare_workflow::Effect::Pure || step.node.starts_with("flow.")
        }
        EventKind::Progress { .. } => false,
        _ => true,
    }
}

/// Secrets may stand in outputs, messages and anywhere else: the event goes through JSON once.
#[cold]
fn mask_event(mask: &Mask, event: RunEvent) -> RunEvent {
    let Ok(json) = serde_json::to_value(&event) else {
        return event;
    };
    let mut masked = json.clone();
    mask.json(&mut masked);
    let read = |json: &Json| RunEvent::deserialize(json).ok();
    read(&masked)
        .or_else(|| {
            // A secret that is a word of the event's own form, such as `finished`.
            for (part, key) in FORM {
                if let (Some(masked), Some(Json::String(word))) = (
                    masked.pointer_mut(part).and_then(Json::as_object_mut),
                    json.pointer(part).and_then(|part| part.get(key)),
                ) {
                    masked.insert((*key).to_owned(), Json::String(word.clone()));
                }
            }
            read(&masked)
        })
        .unwrap_or(event)
}

/// Where an event has words of its own form: in which object, under which key.
const FORM: &[(&str, &str)] = &[
    ("", "event"),
    ("", "path"),
    ("", "effect"),
    ("", "signal"),
    ("", "reason"),
    ("", "level"),
    ("", "state"),
    ("/error", "kind"),
    ("/error", "path"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LogLevel, StepPath};

    #[test]
    fn a_secret_that_is_a_word_of_events_does_not_lay_the_others_bare() {
        let mask = Mask::default();
        mask.add(["info", "hunter2"].into_iter());
        let kind = EventKind::Log {
            path: StepPath::new(None, 0),
            level: LogLevel::Info,
            message: "info: hunter2".into(),
        };

        let masked = mask_event(&mask, RunEvent { at: 0, kind });

        let EventKind::Log { level, message, .. } = masked.kind else {
            panic!("another event");
        };
        assert_eq!((level, message.as_str()), (LogLevel::Info, "•••••: •••••"));
    }
}

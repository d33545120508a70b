//! Events as lines of JSON on stdout.

use std::{
    io::{self, BufWriter, Stdout, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use casare_engine::{EventSink, RunEvent};
use parking_lot::Mutex;

/// How long a line may wait in the buffer: a write for each would cost more than the step itself.
const DELAY: Duration = Duration::from_millis(50);

/// Writes each event as it comes, in portions.
#[derive(Debug)]
pub(crate) struct EventLines {
    out: Mutex<BufWriter<Stdout>>,
    stopped: AtomicBool,
}

impl Default for EventLines {
    fn default() -> Self {
        Self {
            out: Mutex::new(BufWriter::with_capacity(64 * 1024, io::stdout())),
            stopped: AtomicBool::new(false),
        }
    }
}

impl EventLines {
    /// Sees to it that no line waits for long.
    pub(crate) fn start(self: &Arc<Self>) {
        let lines = Arc::downgrade(self);
        thread::spawn(move || {
            while let Some(lines) = lines
                .upgrade()
                .filter(|lines| !lines.stopped.load(Ordering::Relaxed))
            {
                // A reader that has gone does not end the run.
                let _ = lines.out.lock().flush();
                drop(lines);
                thread::park_timeout(DELAY);
            }
        });
    }

    /// Writes what is left.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        let _ = self.out.lock().flush();
    }
}

impl EventSink for EventLines {
    fn event(&self, event: &RunEvent) {
        let mut out = self.out.lock();
        if serde_json::to_writer(&mut *out, event).is_ok() {
            let _ = out.write_all(b"\n");
        }
    }
}

//! What the debugger says, as events.

use serde_json::{Value as Json, json};
use tokio::io::AsyncWrite;

use super::{Server, breakpoints::file_name};
use crate::{Notice, Reason, debugger::OutputKind};

impl<W: AsyncWrite + Send + Unpin> Server<W> {
    /// The event that tells a notice, if one does.
    pub(super) fn event_of(&mut self, notice: Notice) -> Option<(&'static str, Json)> {
        match notice {
            Notice::Stopped(thread) => {
                let stop = self.debugger.stop(thread)?;
                let (reason, description) = match stop.reason {
                    Reason::Entry => ("entry", "at the first step"),
                    Reason::Step => ("step", "after a step"),
                    Reason::Pause => ("pause", "paused"),
                    Reason::Failure => ("exception", "a step failed"),
                    Reason::Breakpoint => ("breakpoint", "at a breakpoint"),
                };
                let mut body = json!({
                    "reason": reason,
                    "description": description,
                    "threadId": thread,
                    "allThreadsStopped": false,
                    "hitBreakpointIds": stop.breakpoints,
                });
                if let Some(text) = stop.text {
                    body["text"] = text.into();
                }
                Some(("stopped", body))
            }
            // The client knows: it asked for it, or the branch ends.
            Notice::Continued(thread) => {
                self.held.release(thread);
                None
            }
            Notice::ThreadStarted(thread) => {
                Some(("thread", json!({ "reason": "started", "threadId": thread })))
            }
            Notice::ThreadEnded(thread) => {
                self.held.release(thread);
                Some(("thread", json!({ "reason": "exited", "threadId": thread })))
            }
            Notice::Output { kind, text, place } => {
                let category = match kind {
                    OutputKind::Message => "console",
                    OutputKind::Log => "stdout",
                    OutputKind::Problem => "stderr",
                };
                let mut body = json!({ "category": category, "output": format!("{text}\n") });
                if let Some(place) = place {
                    body["line"] = self.line_to(place.line).into();
                    body["source"] = json!({ "name": file_name(&place.path), "path": place.path });
                }
                Some(("output", body))
            }
        }
    }
}

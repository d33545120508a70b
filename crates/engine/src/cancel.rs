//! Cancellation with a reason, from the run down to each attempt.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

/// Why something was told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelReason {
    /// A person, or the process was told to end.
    User,
    /// The run took longer than `limits.run_time`.
    RunTime,
    /// The step took longer than its `timeout`.
    StepTimeout,
    /// A sibling failed, or won the race.
    Sibling,
}

/// A token that is cancelled with its parent, or by itself with a reason. Cheap to clone and to ask.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<Node>);

#[derive(Debug, Default)]
struct Node {
    /// What futures wait on.
    token: CancellationToken,
    /// Set before the token is: asking takes no lock.
    reason: OnceLock<CancelReason>,
    parent: Option<Cancel>,
}

impl Cancel {
    /// One that ends with this one or before it.
    pub fn child(&self) -> Self {
        Self(Arc::new(Node {
            token: self.0.token.child_token(),
            reason: OnceLock::new(),
            parent: Some(self.clone()),
        }))
    }

    /// Tells everything below to stop.
    pub fn cancel(&self, reason: CancelReason) {
        // The first reason counts.
        let _ = self.0.reason.set(reason);
        self.0.token.cancel();
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.reason().is_some()
    }

    /// Why it was cancelled, by itself or with what is above it.
    pub fn reason(&self) -> Option<CancelReason> {
        let mut node = Some(self);
        while let Some(Self(cancel)) = node {
            if let Some(reason) = cancel.reason.get() {
                return Some(*reason);
            }
            node = cancel.parent.as_ref();
        }
        None
    }

    /// Waits until it is cancelled.
    pub fn cancelled(&self) -> WaitForCancellationFuture<'_> {
        self.0.token.cancelled()
    }

    /// The bare token, for libraries.
    pub fn token(&self) -> &CancellationToken {
        &self.0.token
    }
}

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

/// A token that is cancelled with its parent, or by itself with a reason.
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    token: CancellationToken,
    own: Arc<OnceLock<CancelReason>>,
    parent: Option<Arc<Cancel>>,
}

impl Cancel {
    /// One that ends with this one or before it.
    pub fn child(&self) -> Self {
        Self {
            token: self.token.child_token(),
            own: Arc::default(),
            parent: Some(Arc::new(self.clone())),
        }
    }

    /// Tells everything below to stop.
    pub fn cancel(&self, reason: CancelReason) {
        let _ = self.own.set(reason);
        self.token.cancel();
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.token.is_cancelled()
    }

    /// The reason if it was cancelled by itself rather than with its parent.
    pub fn own_reason(&self) -> Option<CancelReason> {
        self.own.get().copied()
    }

    /// Why it was cancelled.
    pub fn reason(&self) -> Option<CancelReason> {
        if !self.is_cancelled() {
            return None;
        }
        self.own_reason()
            .or_else(|| self.parent.as_ref().and_then(|parent| parent.reason()))
            .or(Some(CancelReason::User))
    }

    /// Waits until it is cancelled.
    pub fn cancelled(&self) -> WaitForCancellationFuture<'_> {
        self.token.cancelled()
    }

    /// The bare token, for libraries.
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }
}

//! The time that nodes see, and waiting.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::StepPath;

/// The time that a run's nodes see and by which it waits. A recording answers the time that was; a
/// test answers a fixed one and does not wait.
///
/// Events and timeouts keep to the machine's own clock.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The time of day, asked by the step at `step`.
    fn now(&self, step: &StepPath) -> Timestamp;

    /// Waits: `flow.wait`, and between attempts. Dropped when the run is cancelled.
    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

//! How long to wait before trying again, and whether to.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use casare_workflow::Retry;

use crate::ErrorReport;

/// The waits between the attempts.
pub(super) fn delays(retry: &Retry) -> ExponentialBackoff {
    let builder = ExponentialBuilder::default()
        .with_min_delay(retry.delay.get())
        .with_factor(retry.backoff as f32)
        .with_max_delay(retry.max_delay.get().max(Duration::from_millis(1)))
        .with_max_times(retry.attempts.saturating_sub(1) as usize);
    if retry.jitter {
        builder.with_jitter()
    } else {
        builder
    }
    .build()
}

/// Whether a failure of this kind is tried again.
pub(crate) fn again(on: &[String], error: &ErrorReport) -> bool {
    if on.is_empty() {
        return error.retryable;
    }
    on.iter()
        .any(|kind| kind == "any" || kind == error.kind.name())
}

//! Room for deep workflows: more stack where a thread's own runs out.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// What one level of a workflow may need, debug builds included.
const LEVEL: usize = 128 * 1024;
/// What is added when less is left.
const MORE: usize = 2 * 1024 * 1024;

/// Calls `work` with enough stack for one more level.
pub(crate) fn with_room<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(LEVEL, MORE, work)
}

/// A future that is polled with enough stack for one more level.
pub(crate) struct Roomy<F>(pub(crate) Pin<Box<F>>);

impl<F: Future> Future for Roomy<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        with_room(|| self.0.as_mut().poll(cx))
    }
}

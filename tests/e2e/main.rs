//! The real binary against real files, servers and signals.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs is there or the test fails"
)]

mod examples;
mod kill;
#[cfg(target_os = "linux")]
mod orphans;
#[cfg(target_os = "linux")]
mod robots;

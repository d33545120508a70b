//! When a failed attempt is followed by another, and how much later.

use std::{collections::BTreeSet, fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

/// What kind of thing went wrong. The first eight are those of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    NotFound,
    Timeout,
    Invalid,
    Denied,
    Unavailable,
    Conflict,
    /// The data is at fault: trying again would not help.
    Business,
    Bug,
    /// The process that ran it ended without a word.
    Crashed,
    /// The robot was not heard of until the lease ran out.
    Lost,
}

impl ErrorKind {
    const ALL: [(Self, &'static str); 10] = [
        (Self::NotFound, "not_found"),
        (Self::Timeout, "timeout"),
        (Self::Invalid, "invalid"),
        (Self::Denied, "denied"),
        (Self::Unavailable, "unavailable"),
        (Self::Conflict, "conflict"),
        (Self::Business, "business"),
        (Self::Bug, "bug"),
        (Self::Crashed, "crashed"),
        (Self::Lost, "lost"),
    ];

    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("bug", |(_, name)| name)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ErrorKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .iter()
            .find(|(_, name)| *name == text)
            .map(|(kind, _)| *kind)
            .ok_or(())
    }
}

/// How the delay grows from one attempt to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Backoff {
    /// The same each time.
    Fixed,
    /// Once, twice, three times as long, …
    Linear,
    /// Twice as long each time.
    Exponential,
}

/// Which failures are tried again, how often and how soon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetryPolicy {
    /// Attempts in all, the first included. Lost ones count: a job that takes its robots down does
    /// not do so forever.
    pub max_attempts: u32,
    pub backoff: Backoff,
    /// Before the second attempt.
    pub delay_ms: u64,
    /// No delay is longer.
    pub max_delay_ms: u64,
    /// Spreads each delay evenly between nothing and its full length, so that what failed together
    /// does not come back together.
    pub jitter: bool,
    pub on: BTreeSet<ErrorKind>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            backoff: Backoff::Exponential,
            delay_ms: 5_000,
            max_delay_ms: 600_000,
            jitter: true,
            on: [
                ErrorKind::Timeout,
                ErrorKind::Unavailable,
                ErrorKind::Conflict,
                ErrorKind::Crashed,
                ErrorKind::Lost,
            ]
            .into(),
        }
    }
}

impl RetryPolicy {
    /// One attempt.
    pub fn never() -> Self {
        Self {
            max_attempts: 1,
            ..Self::default()
        }
    }

    /// How long to wait after the failure of `attempt`, counted from one; `None` when that was the
    /// last one. `chance` between 0 and 1 is where in the spread of the jitter to fall.
    pub fn delay(&self, attempt: u32, kind: ErrorKind, chance: f64) -> Option<Duration> {
        if attempt >= self.max_attempts || !self.on.contains(&kind) {
            return None;
        }
        let grown = match self.backoff {
            Backoff::Fixed => self.delay_ms,
            Backoff::Linear => self.delay_ms.saturating_mul(u64::from(attempt)),
            Backoff::Exponential => self.delay_ms.saturating_mul(
                1_u64
                    .checked_shl(attempt.saturating_sub(1))
                    .unwrap_or(u64::MAX),
            ),
        };
        let full = Duration::from_millis(grown.min(self.max_delay_ms));
        Some(if self.jitter {
            full.mul_f64(chance.clamp(0.0, 1.0))
        } else {
            full
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steady(backoff: Backoff) -> RetryPolicy {
        RetryPolicy {
            max_attempts: 6,
            backoff,
            delay_ms: 1_000,
            max_delay_ms: 5_000,
            jitter: false,
            ..RetryPolicy::default()
        }
    }

    fn seconds(policy: &RetryPolicy) -> Vec<Option<u64>> {
        (1..=6)
            .map(|attempt| policy.delay(attempt, ErrorKind::Timeout, 1.0))
            .map(|delay| delay.map(|delay| delay.as_secs()))
            .collect()
    }

    #[test]
    fn delays_grow_as_asked_for_up_to_the_longest_and_end_with_the_last_attempt() {
        let some = |list: [u64; 5]| -> Vec<Option<u64>> {
            list.into_iter().map(Some).chain([None]).collect()
        };

        assert_eq!(seconds(&steady(Backoff::Fixed)), some([1, 1, 1, 1, 1]));
        assert_eq!(seconds(&steady(Backoff::Linear)), some([1, 2, 3, 4, 5]));
        assert_eq!(
            seconds(&steady(Backoff::Exponential)),
            some([1, 2, 4, 5, 5])
        );
    }

    #[test]
    fn what_the_data_is_at_fault_for_is_not_tried_again() {
        let policy = RetryPolicy::default();

        assert_eq!(policy.delay(1, ErrorKind::Business, 0.5), None);
        assert_eq!(
            policy.delay(1, ErrorKind::Timeout, 0.5),
            Some(Duration::from_millis(2_500))
        );
    }

    #[test]
    fn a_very_late_attempt_does_not_overflow() {
        let policy = RetryPolicy {
            max_attempts: u32::MAX,
            ..RetryPolicy::default()
        };

        assert_eq!(
            policy.delay(100, ErrorKind::Lost, 1.0),
            Some(Duration::from_mins(10))
        );
    }
}

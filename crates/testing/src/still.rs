//! A clock that stands still, and credentials that a test makes up.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use casare_engine::{Clock, Credential, Credentials, NodeError, StepPath};
use jiff::Timestamp;
use parking_lot::Mutex;
use secrecy::SecretString;

use crate::file::FrozenClock;

/// Shows a fixed time. Who waits does not wait: the clock is put forward.
pub(crate) struct StillClock {
    now: Mutex<Timestamp>,
    tick: Duration,
}

impl StillClock {
    pub(crate) fn new(clock: FrozenClock) -> Self {
        Self {
            now: Mutex::new(clock.at),
            tick: clock.tick,
        }
    }

    fn forward(&self, time: Duration) -> Timestamp {
        let mut now = self.now.lock();
        let before = *now;
        *now = before.checked_add(time).unwrap_or(before);
        before
    }
}

#[async_trait]
impl Clock for StillClock {
    fn now(&self, _: &StepPath) -> Timestamp {
        self.forward(self.tick)
    }

    async fn sleep(&self, time: Duration) {
        self.forward(time);
        tokio::task::yield_now().await;
    }
}

/// The credentials of a test and no others: a test never uses real ones.
pub(crate) struct MadeUp(pub(crate) BTreeMap<String, BTreeMap<String, String>>);

#[async_trait]
impl Credentials for MadeUp {
    async fn credential(&self, name: &str) -> Result<Option<Credential>, NodeError> {
        let Some(fields) = self.0.get(name) else {
            return Err(
                NodeError::denied(format!("the test has no credential `{name}`")).with_help(
                    format!("add it under `credentials`: `{name}: {{ username: …, password: … }}`"),
                ),
            );
        };
        let fields = fields.iter();
        let secrets = fields.map(|(field, value)| {
            let value = SecretString::from(value.clone());
            (field.clone(), value)
        });
        Ok(Some(Credential::new(name, secrets.collect())))
    }
}

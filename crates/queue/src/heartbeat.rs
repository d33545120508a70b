//! Saying that an attempt has begun and goes on.

use std::{collections::HashMap, time::Duration};

use casare_store::{JobId, Link, Moment, RobotId, fetch_all, fetch_optional, row};
use serde_json::{Value, json};
use sqlx::types::Json;

use crate::{
    Lease, Queue, QueueError, Stop,
    statements::{HELD, RENEW, START, STOPPING},
};

row! {
    struct IdRow {
        id: JobId,
    }
    struct HeldRow {
        id: JobId,
        timer_at: Moment,
    }
    struct RenewedRow {
        id: JobId,
        lease_epoch: i64,
        timer_at: Moment,
        stop: Option<String>,
    }
    struct StoppingRow {
        id: JobId,
        lease_epoch: i64,
        stop: String,
        robot_id: RobotId,
    }
}

/// What a robot is told when it renews a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// It has the job until then; it may be asked to stop.
    Held { until: Moment, stop: Option<Stop> },
    /// It has the job no more: it stops at once, and what it reports changes nothing.
    Lost,
}

/// A job that is to be stopped, and the robot that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopping {
    pub lease: Lease,
    pub robot: RobotId,
    pub stop: Stop,
}

impl Queue {
    /// Says that these attempts have begun. Answers those that may not: their leases are lost.
    pub async fn start(&self, leases: &[Lease]) -> Result<Vec<Lease>, QueueError> {
        let mut work = self.inner.store.begin().await?;
        let rows = fetch_all!(work.link(), IdRow, START, Json(list(leases)), self.now())?;
        work.commit().await?;
        let begun: std::collections::HashSet<JobId> = rows.into_iter().map(|row| row.id).collect();
        Ok(leases
            .iter()
            .filter(|lease| !begun.contains(&lease.job))
            .copied()
            .collect())
    }

    /// Prolongs leases by the time that one lasts, counted from now.
    pub async fn renew(&self, leases: &[Lease]) -> Result<Vec<(Lease, Renewal)>, QueueError> {
        if leases.is_empty() {
            return Ok(Vec::new());
        }
        let until = self.now() + self.inner.settings.lease;
        let mut work = self.inner.store.begin().await?;
        let rows = fetch_all!(work.link(), RenewedRow, RENEW, Json(list(leases)), until)?;
        work.commit().await?;
        let held: HashMap<Lease, RenewedRow> = rows
            .into_iter()
            .map(|row| {
                let lease = Lease {
                    job: row.id,
                    epoch: row.lease_epoch,
                };
                (lease, row)
            })
            .collect();
        let answer = |lease: &Lease| match held.get(lease) {
            Some(row) => Renewal::Held {
                until: row.timer_at,
                stop: row.stop.as_deref().map(stop_of),
            },
            None => Renewal::Lost,
        };
        Ok(leases.iter().map(|lease| (*lease, answer(lease))).collect())
    }

    /// How long a robot has its job by this lease for certain; `None` when it has it no more. What is heard of a run
    /// renews its lease when a third of it is over. Until the transaction of `link` ends nobody else gets the job.
    pub async fn hold(
        &self,
        mut link: Link<'_>,
        lease: Lease,
    ) -> Result<Option<Duration>, QueueError> {
        let found = fetch_optional!(link.again(), HeldRow, HELD, lease.job, lease.epoch)?;
        let Some(found) = found else {
            return Ok(None);
        };
        let now = self.now();
        let left = found.timer_at.since(now);
        let whole = self.inner.settings.lease;
        if left >= whole * 2 / 3 {
            return Ok(Some(left));
        }
        let renewed = fetch_all!(link, RenewedRow, RENEW, Json(list(&[lease])), now + whole)?;
        Ok(renewed.first().map(|row| row.timer_at.since(now)))
    }

    /// The jobs that robots have and are to stop. Whoever speaks with robots looks here when the
    /// queue wakes, so that they hear of it before they renew.
    pub async fn stopping(&self) -> Result<Vec<Stopping>, QueueError> {
        let mut reader = self.inner.store.reader().await?;
        let rows = fetch_all!(reader.link(), StoppingRow, STOPPING)?;
        let stopping = |row: StoppingRow| Stopping {
            lease: Lease {
                job: row.id,
                epoch: row.lease_epoch,
            },
            robot: row.robot_id,
            stop: stop_of(&row.stop),
        };
        Ok(rows.into_iter().map(stopping).collect())
    }
}

fn stop_of(text: &str) -> Stop {
    if text == "kill" {
        Stop::Kill
    } else {
        Stop::Cancel
    }
}

fn list(leases: &[Lease]) -> Vec<Value> {
    leases
        .iter()
        .map(|lease| json!([lease.job, lease.epoch]))
        .collect()
}

//! Saying that an attempt has begun and goes on.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use casare_store::{JobId, Link, Moment, RobotId, fetch_all, row};
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
        lease_epoch: i64,
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

impl RenewedRow {
    fn lease(&self) -> Lease {
        Lease {
            job: self.id,
            epoch: self.lease_epoch,
        }
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
        let lost = self.start_in(work.link(), leases).await?;
        work.commit().await?;
        Ok(lost)
    }

    /// The same as a part of a unit of work.
    pub async fn start_in(
        &self,
        link: Link<'_>,
        leases: &[Lease],
    ) -> Result<Vec<Lease>, QueueError> {
        let rows = fetch_all!(link, IdRow, START, Json(list(leases)), self.now())?;
        let begun: HashSet<JobId> = rows.into_iter().map(|row| row.id).collect();
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
        let mut work = self.inner.store.begin().await?;
        let renewed = self.renew_in(work.link(), leases).await?;
        work.commit().await?;
        Ok(renewed)
    }

    /// The same as a part of a unit of work.
    pub async fn renew_in(
        &self,
        link: Link<'_>,
        leases: &[Lease],
    ) -> Result<Vec<(Lease, Renewal)>, QueueError> {
        let until = self.now() + self.inner.settings.lease;
        let rows = fetch_all!(link, RenewedRow, RENEW, Json(list(leases)), until)?;
        let held: HashMap<Lease, RenewedRow> =
            rows.into_iter().map(|row| (row.lease(), row)).collect();
        let answer = |lease: &Lease| match held.get(lease) {
            Some(row) => Renewal::Held {
                until: row.timer_at,
                stop: row.stop.as_deref().map(stop_of),
            },
            None => Renewal::Lost,
        };
        Ok(leases.iter().map(|lease| (*lease, answer(lease))).collect())
    }

    /// How long robots have their jobs by these leases for certain; those that are lost are left out. What is heard of
    /// a run renews its lease when a third of it is over. Until the transaction of `link` ends nobody else gets the
    /// jobs.
    pub async fn hold(
        &self,
        mut link: Link<'_>,
        leases: &[Lease],
    ) -> Result<HashMap<Lease, Duration>, QueueError> {
        let found = fetch_all!(link.again(), HeldRow, HELD, Json(list(leases)))?;
        let now = self.now();
        let whole = self.inner.settings.lease;
        let mut left: HashMap<Lease, Duration> = found
            .into_iter()
            .map(|row| {
                let lease = Lease {
                    job: row.id,
                    epoch: row.lease_epoch,
                };
                (lease, row.timer_at.since(now))
            })
            .collect();
        let old: Vec<Lease> = left
            .iter()
            .filter(|(_, left)| **left < whole * 2 / 3)
            .map(|(lease, _)| *lease)
            .collect();
        if !old.is_empty() {
            let rows = fetch_all!(link, RenewedRow, RENEW, Json(list(&old)), now + whole)?;
            left.extend(
                rows.into_iter()
                    .map(|row| (row.lease(), row.timer_at.since(now))),
            );
        }
        Ok(left)
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

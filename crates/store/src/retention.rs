//! Keeping what must be kept, and no more: old rows go, and time gets its partitions ahead.

use std::time::Duration;

use sqlx::{AssertSqlSafe, PgPool};

use crate::{
    DatabaseError, Moment, Sql, Store, TenantId, execute, micros, outbox, statements, tenant,
};

/// How long things are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// Ended jobs and their attempts.
    pub jobs: Duration,
    /// Events and logs of runs.
    pub events: Duration,
    /// Firings of schedules.
    pub firings: Duration,
    /// What was told, for those who were away.
    pub told: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            jobs: Duration::from_hours(24 * 90),
            events: Duration::from_hours(24 * 30),
            firings: Duration::from_hours(24 * 90),
            told: Duration::from_hours(1),
        }
    }
}

statements! {
    FORGET_JOBS:
        "DELETE FROM job_history WHERE rowid IN (
             SELECT rowid FROM job_history WHERE finished_at < $1 LIMIT $2)",
        "DELETE FROM job_history WHERE ctid = ANY (ARRAY (
             SELECT ctid FROM job_history WHERE finished_at < $1 LIMIT $2))
             AND finished_at < $1";
    FORGET_ATTEMPTS:
        "DELETE FROM job_attempts WHERE rowid IN (
             SELECT rowid FROM job_attempts WHERE ended_at < $1 LIMIT $2)",
        "DELETE FROM job_attempts WHERE ctid = ANY (ARRAY (
             SELECT ctid FROM job_attempts WHERE ended_at < $1 LIMIT $2))";
    FORGET_EVENTS:
        "DELETE FROM run_events WHERE rowid IN (
             SELECT rowid FROM run_events WHERE at < $1 LIMIT $2)",
        "DELETE FROM run_events WHERE ctid = ANY (ARRAY (
             SELECT ctid FROM run_events WHERE at < $1 LIMIT $2))";
    FORGET_FIRINGS:
        "DELETE FROM schedule_firings WHERE rowid IN (
             SELECT rowid FROM schedule_firings WHERE fire_at < $1 LIMIT $2)",
        "DELETE FROM schedule_firings WHERE ctid = ANY (ARRAY (
             SELECT ctid FROM schedule_firings WHERE fire_at < $1 LIMIT $2))";
    /// The newest runs of a workflow are kept, whatever their age; all others of it go.
    KEEP_NEWEST: "DELETE FROM job_history WHERE tenant_id = $1 AND finished_at < (
            SELECT finished_at FROM job_history WHERE tenant_id = $1 AND workflow_id = $2
            ORDER BY finished_at DESC LIMIT 1 OFFSET $3) AND workflow_id = $2";
}

/// Every SQL text of the store, for a test to prepare.
pub fn all_statements() -> Vec<Sql> {
    [
        tenant::statements(),
        ALL.to_vec(),
        outbox::ALL.to_vec(),
        crate::database::statements(),
    ]
    .concat()
}

/// Rows of one transaction.
const CHUNK: i64 = 5_000;
/// A partition holds a week.
const WEEK: i64 = 7 * 24 * 3_600 * 1_000_000;
/// How many weeks are made ahead.
const AHEAD: i64 = 4;

impl Store {
    /// Removes what is older than it may be, in small steps, and answers how many rows went.
    /// Doing it again, or in several processes at once, does no harm.
    pub async fn retain(&self, retention: &Retention) -> Result<u64, DatabaseError> {
        let now = self.clock().now();
        let mut gone = 0;
        if let Self::Postgres(store) = self {
            drop_weeks(store.server(), now - retention.jobs).await?;
        }
        let rules = [
            (FORGET_JOBS, retention.jobs),
            (FORGET_ATTEMPTS, retention.jobs),
            (FORGET_EVENTS, retention.events),
            (FORGET_FIRINGS, retention.firings),
        ];
        for (sql, age) in rules {
            loop {
                let mut work = self.begin().await?;
                let removed = execute!(work.link(), sql, now - age, CHUNK)?;
                work.commit().await?;
                gone += removed;
                if removed < CHUNK.cast_unsigned() {
                    break;
                }
            }
        }
        while self.forget_told(now - retention.told).await? > 0 {}
        Ok(gone)
    }

    /// Keeps the `newest` runs of a workflow and removes the others.
    pub async fn keep_newest_jobs(
        &self,
        tenant: TenantId,
        workflow: crate::WorkflowId,
        newest: u32,
    ) -> Result<u64, DatabaseError> {
        let offset = i64::from(newest.max(1)) - 1;
        let mut work = self.begin().await?;
        let gone = execute!(work.link(), KEEP_NEWEST, tenant, workflow, offset)?;
        work.commit().await?;
        Ok(gone)
    }

    /// Makes the partitions of the weeks to come. What comes without one is kept all the same, in
    /// the partition for everything else.
    pub async fn make_partitions(&self) -> Result<(), DatabaseError> {
        let Self::Postgres(store) = self else {
            return Ok(());
        };
        let this = self.clock().now().micros().div_euclid(WEEK);
        for week in this..=this + AHEAD {
            make_week(store.server(), week).await?;
        }
        Ok(())
    }
}

/// The partition of a week since 1970: its name says which day it begins.
fn name_of(week: i64) -> String {
    let day = Moment::from_micros(week * WEEK)
        .timestamp()
        .strftime("%Y%m%d")
        .to_string();
    format!("job_history_{day}")
}

async fn make_week(pool: &PgPool, week: i64) -> Result<(), DatabaseError> {
    let (name, from) = (name_of(week), week * WEEK);
    let made: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL")
        .bind(&name)
        .fetch_one(pool)
        .await
        .map_err(|error| DatabaseError::from_sqlx("PARTITION", error))?;
    if made {
        return Ok(());
    }
    // Fails when another process was quicker, or when the rest holds rows of that week already:
    // both are as good.
    let text = format!(
        "CREATE TABLE IF NOT EXISTS {name} PARTITION OF job_history FOR VALUES FROM ({from}) TO ({})",
        from + WEEK
    );
    if let Err(error) = sqlx::raw_sql(AssertSqlSafe(text)).execute(pool).await {
        tracing::debug!(%error, name, "a partition was not made");
    }
    Ok(())
}

/// Drops the partitions of weeks that ended before `limit`: no row is touched.
async fn drop_weeks(pool: &PgPool, limit: Moment) -> Result<(), DatabaseError> {
    let failed = |error| DatabaseError::from_sqlx("PARTITION", error);
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'job_history'::regclass AND c.relname ~ '^job_history_[0-9]{8}$'",
    )
    .fetch_all(pool)
    .await
    .map_err(failed)?;
    let last =
        (limit.micros() - micros(Duration::from_micros(WEEK.cast_unsigned()))).div_euclid(WEEK);
    let newest = name_of(last);
    for name in names.into_iter().filter(|name| *name <= newest) {
        let text = AssertSqlSafe(format!("DROP TABLE IF EXISTS {name}"));
        sqlx::raw_sql(text).execute(pool).await.map_err(failed)?;
    }
    Ok(())
}

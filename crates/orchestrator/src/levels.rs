//! Service levels: what is promised of a workflow, and whether it is kept.
//!
//! One server at a time looks at the jobs as they are: runs under way, jobs that wait, and those that ended within the
//! window. What is not as promised is an alert until it is.

use std::time::Duration;

use casare_store::{
    DatabaseError, JobId, Moment, Store, TenantId, TenantStore, Work, WorkflowId, execute,
    fetch_all, fetch_one, fetch_optional, row, statements,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::types::Json;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use crate::{
    Orchestrator, OrchestratorError,
    alerts::{self, Concern},
    problem::chain,
    triggers::{Leadership, lead_forever},
};

const OFTEN: Duration = Duration::from_secs(15);
/// Runs of one look that go on for too long.
const MOST: i64 = 100;
/// Runs that percentiles are taken of.
const SAMPLES: i64 = 1_000;

/// What is promised of a workflow. What is left out is not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ServiceLevel {
    /// No run goes on for longer than so many seconds.
    #[schema(minimum = 1)]
    pub(crate) longest_run_s: Option<u32>,
    /// No job waits for longer than so many seconds after it is due.
    #[schema(minimum = 1)]
    pub(crate) longest_wait_s: Option<u32>,
    /// So many of a hundred runs succeed.
    #[schema(minimum = 0, maximum = 100)]
    pub(crate) success_percent: Option<f64>,
    /// There are never so many failures in a row.
    #[schema(minimum = 1, maximum = 1000)]
    pub(crate) failures_in_a_row: Option<u32>,
    /// Runs that ended within so many hours count.
    #[schema(minimum = 1, maximum = 720)]
    pub(crate) window_h: u32,
    /// The share of successes counts from so many runs on.
    #[schema(minimum = 1)]
    pub(crate) least_runs: u32,
}

impl Default for ServiceLevel {
    fn default() -> Self {
        Self {
            longest_run_s: None,
            longest_wait_s: None,
            success_percent: None,
            failures_in_a_row: None,
            window_h: 24,
            least_runs: 5,
        }
    }
}

impl ServiceLevel {
    /// What is wrong with it.
    pub(crate) fn mistake(&self) -> Option<&'static str> {
        let percent = self.success_percent.unwrap_or(0.0);
        if !(0.0..=100.0).contains(&percent) {
            return Some("`success_percent` is 0 to 100");
        }
        if !(1..=720).contains(&self.window_h) {
            return Some("`window_h` is 1 to 720");
        }
        if self
            .failures_in_a_row
            .is_some_and(|count| !(1..=1_000).contains(&count))
        {
            return Some("`failures_in_a_row` is 1 to 1000");
        }
        if self.longest_run_s == Some(0) || self.longest_wait_s == Some(0) || self.least_runs == 0 {
            return Some("times and numbers begin with 1");
        }
        None
    }

    fn window(&self) -> Duration {
        Duration::from_hours(u64::from(self.window_h))
    }
}

row! {
    pub(crate) struct Level {
        pub(crate) spec: Json<ServiceLevel>,
        pub(crate) enabled: bool,
        pub(crate) revision: i64,
    }
    struct LevelOf {
        tenant_id: TenantId,
        workflow_id: WorkflowId,
        name: String,
        spec: Json<ServiceLevel>,
    }
    struct LongRun {
        id: JobId,
        started_at: Moment,
    }
    struct Waiting {
        jobs: i64,
        since: Option<Moment>,
    }
    struct Ended {
        state: String,
        jobs: i64,
    }
    struct EndState {
        state: String,
    }
    struct Sample {
        due_at: Moment,
        started_at: Option<Moment>,
        finished_at: Moment,
    }
}

statements! {
    LEVEL: "SELECT spec, enabled, revision FROM service_levels
        WHERE tenant_id = $1 AND workflow_id = $2";
    SET_LEVEL: "INSERT INTO service_levels (tenant_id, workflow_id, spec, enabled, updated_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant_id, workflow_id) DO UPDATE SET spec = excluded.spec,
            enabled = excluded.enabled, updated_at = excluded.updated_at,
            revision = service_levels.revision + 1";
    DROP_LEVEL: "DELETE FROM service_levels WHERE tenant_id = $1 AND workflow_id = $2";
    ALL_LEVELS: "SELECT service_levels.tenant_id, service_levels.workflow_id, workflows.name,
            service_levels.spec
        FROM service_levels JOIN workflows ON workflows.id = service_levels.workflow_id
        WHERE service_levels.enabled";
    LONG_RUNS: "SELECT id, started_at FROM jobs
        WHERE lane_id IN (SELECT id FROM lanes WHERE tenant_id = $1 AND workflow_id = $2)
            AND state IN ('leased', 'running') AND started_at < $3 LIMIT $4";
    LONG_WAITS: "SELECT count(*) AS jobs, min(due_at) AS since FROM jobs
        WHERE lane_id IN (SELECT id FROM lanes WHERE tenant_id = $1 AND workflow_id = $2)
            AND state = 'queued' AND due_at < $3";
    ENDED: "SELECT state, count(*) AS jobs FROM job_history
        WHERE tenant_id = $1 AND workflow_id = $2 AND finished_at >= $3 GROUP BY state";
    LAST_ENDS: "SELECT state FROM job_history
        WHERE tenant_id = $1 AND workflow_id = $2 AND finished_at >= $3 AND state <> 'cancelled'
        ORDER BY finished_at DESC LIMIT $4";
    SAMPLES_OF: "SELECT due_at, started_at, finished_at FROM job_history
        WHERE tenant_id = $1 AND workflow_id = $2 AND finished_at >= $3
        ORDER BY finished_at DESC LIMIT $4";
}

pub(crate) async fn level(
    tenant: &TenantStore,
    workflow: WorkflowId,
) -> Result<Option<Level>, DatabaseError> {
    let mut reader = tenant.reader().await?;
    fetch_optional!(reader.link(), Level, LEVEL, tenant.id(), workflow)
}

pub(crate) async fn set(
    tenant: &TenantStore,
    work: &mut Work,
    workflow: WorkflowId,
    level: &ServiceLevel,
    enabled: bool,
    now: Moment,
) -> Result<(), DatabaseError> {
    execute!(
        work.link(),
        SET_LEVEL,
        tenant.id(),
        workflow,
        Json(level),
        enabled,
        now
    )?;
    Ok(())
}

pub(crate) async fn delete(
    tenant: &TenantStore,
    work: &mut Work,
    workflow: WorkflowId,
) -> Result<bool, DatabaseError> {
    Ok(execute!(work.link(), DROP_LEVEL, tenant.id(), workflow)? == 1)
}

struct Levels;

impl Leadership for Levels {
    const NAME: &'static str = "service levels";

    async fn lead(server: Orchestrator, over: CancellationToken) {
        loop {
            if let Err(error) = server.look_at_levels().await {
                tracing::warn!(error = %chain(&error), "service levels wait for the database");
            }
            tokio::select! {
                () = over.cancelled() => return,
                () = tokio::time::sleep(OFTEN) => {}
            }
        }
    }
}

/// Looks whether promises are kept, whenever no other server does.
pub(crate) async fn keep_promises(server: Orchestrator) {
    lead_forever::<Levels>(server).await;
}

impl Orchestrator {
    /// Looks once at all that is promised; opens and closes alerts.
    pub async fn look_at_levels(&self) -> Result<(), OrchestratorError> {
        let mut reader = self.store.reader().await?;
        let levels = fetch_all!(reader.link(), LevelOf, ALL_LEVELS)?;
        drop(reader);
        for level in levels {
            let now = self.queue.now();
            let concerns = concerns(&self.store, &level, now).await?;
            let workflow = (level.workflow_id, level.name.as_str());
            alerts::settle(&self.store, level.tenant_id, workflow, &concerns, now).await?;
        }
        Ok(())
    }
}

fn seconds(number: u32) -> Duration {
    Duration::from_secs(u64::from(number))
}

async fn concerns(
    store: &Store,
    level: &LevelOf,
    now: Moment,
) -> Result<Vec<Concern>, DatabaseError> {
    let (tenant, workflow, name) = (level.tenant_id, level.workflow_id, &level.name);
    let spec = &level.spec.0;
    let window = now - spec.window();
    let mut concerns = Vec::new();
    let mut reader = store.tenant(tenant).reader().await?;
    if let Some(longest) = spec.longest_run_s {
        let limit = now - seconds(longest);
        let long = fetch_all!(
            reader.link(),
            LongRun,
            LONG_RUNS,
            tenant,
            workflow,
            limit,
            MOST
        )?;
        concerns.extend(long.into_iter().map(|run| Concern {
            key: format!("run:{}", run.id),
            kind: "long_run",
            job: Some(run.id),
            message: format!("a run of `{name}` goes on for more than {longest} s"),
            details: json!({ "started": run.started_at, "longest_run_s": longest }),
        }));
    }
    if let Some(longest) = spec.longest_wait_s {
        let limit = now - seconds(longest);
        let waiting = fetch_one!(reader.link(), Waiting, LONG_WAITS, tenant, workflow, limit)?;
        if waiting.jobs > 0 {
            concerns.push(Concern {
                key: format!("wait:{workflow}"),
                kind: "long_wait",
                job: None,
                message: format!("jobs of `{name}` wait for more than {longest} s"),
                details: json!({
                    "jobs": waiting.jobs, "since": waiting.since, "longest_wait_s": longest,
                }),
            });
        }
    }
    if let Some(percent) = spec.success_percent {
        let (runs, succeeded) = counted(&fetch_all!(
            reader.link(),
            Ended,
            ENDED,
            tenant,
            workflow,
            window
        )?);
        #[expect(clippy::cast_precision_loss, reason = "a share of counted runs")]
        let share = 100.0 * succeeded as f64 / runs.max(1) as f64;
        if runs >= i64::from(spec.least_runs) && share < percent {
            concerns.push(Concern {
                key: format!("success:{workflow}"),
                kind: "few_successes",
                job: None,
                message: format!(
                    "{share:.1} % of the runs of `{name}` have succeeded in the last {} h, {percent} % were promised",
                    spec.window_h
                ),
                details: json!({ "runs": runs, "succeeded": succeeded, "success_percent": percent }),
            });
        }
    }
    if let Some(most) = spec.failures_in_a_row {
        let last = fetch_all!(
            reader.link(),
            EndState,
            LAST_ENDS,
            tenant,
            workflow,
            window,
            i64::from(most)
        )?;
        let failed = last.iter().all(|end| end.state != "succeeded");
        if failed && last.len() == most as usize {
            concerns.push(Concern {
                key: format!("failures:{workflow}"),
                kind: "failures_in_a_row",
                job: None,
                message: format!("`{name}` has failed {most} times in a row"),
                details: json!({ "failures_in_a_row": most }),
            });
        }
    }
    Ok(concerns)
}

/// Runs that count, and those of them that succeeded. What was cancelled does not count.
fn counted(ended: &[Ended]) -> (i64, i64) {
    let sum = |wanted: &dyn Fn(&str) -> bool| -> i64 {
        ended
            .iter()
            .filter(|end| wanted(&end.state))
            .map(|end| end.jobs)
            .sum()
    };
    (
        sum(&|state| state != "cancelled"),
        sum(&|state| state == "succeeded"),
    )
}

/// How a workflow did lately.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ServiceReport)]
pub(crate) struct Report {
    pub(crate) window_h: u32,
    /// Runs that ended; what was cancelled is left out.
    pub(crate) runs: i64,
    pub(crate) succeeded: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) success_percent: Option<f64>,
    /// From the beginning of the last attempt to its end, of the latest 1,000 runs.
    pub(crate) duration: Percentiles,
    /// From when a job was due to the beginning of its last attempt.
    pub(crate) wait: Percentiles,
}

/// Seconds; nothing where there were no runs.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Percentiles {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) p50_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) p95_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) p99_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) longest_s: Option<f64>,
}

impl Percentiles {
    /// The nearest rank of each.
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |percent: usize| {
            let rank = (times.len() * percent).div_ceil(100).max(1);
            times.get(rank - 1).map(Duration::as_secs_f64)
        };
        Self {
            p50_s: at(50),
            p95_s: at(95),
            p99_s: at(99),
            longest_s: at(100),
        }
    }
}

/// How a workflow did within so many hours.
pub(crate) async fn report(
    tenant: &TenantStore,
    workflow: WorkflowId,
    window_h: u32,
    now: Moment,
) -> Result<Report, DatabaseError> {
    let since = now - Duration::from_hours(u64::from(window_h));
    let mut reader = tenant.reader().await?;
    let ended = fetch_all!(reader.link(), Ended, ENDED, tenant.id(), workflow, since)?;
    let samples = fetch_all!(
        reader.link(),
        Sample,
        SAMPLES_OF,
        tenant.id(),
        workflow,
        since,
        SAMPLES
    )?;
    let (runs, succeeded) = counted(&ended);
    let started = |sample: &Sample| sample.started_at;
    let duration = samples
        .iter()
        .filter_map(|sample| Some(sample.finished_at.since(started(sample)?)));
    let wait = samples
        .iter()
        .filter_map(|sample| Some(started(sample)?.since(sample.due_at)));
    #[expect(clippy::cast_precision_loss, reason = "a share of counted runs")]
    let share = (runs > 0).then(|| 100.0 * succeeded as f64 / runs as f64);
    Ok(Report {
        window_h,
        runs,
        succeeded,
        success_percent: share,
        duration: Percentiles::of(duration.collect()),
        wait: Percentiles::of(wait.collect()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_times() {
        let times: Vec<Duration> = (1..=20).rev().map(Duration::from_secs).collect();
        let of = Percentiles::of(times);
        assert_eq!(
            [of.p50_s, of.p95_s, of.p99_s, of.longest_s],
            [Some(10.0), Some(19.0), Some(20.0), Some(20.0)]
        );
        assert_eq!(Percentiles::of(Vec::new()).p50_s, None);
    }
}

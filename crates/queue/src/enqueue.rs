//! Submitting jobs.

use std::{collections::HashMap, sync::Arc};

use casare_store::{
    DatabaseError, JobId, Link, Moment, Store, TenantId, WorkflowId, execute, fetch_optional,
    micros, row,
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::types::Json;
use uuid::Uuid;

use crate::{
    Demands, Enqueued, JobOptions, JobState, NewJob, Queue, QueueError,
    queue::{News, tell},
    ready::Position,
    rules::{digest, make_lane},
    statements::{CLAIM_KEY, ENQUEUE, FIND_KEY},
};

pub(crate) type EnqueueResult = Result<Enqueued, QueueError>;

/// An idempotency key, and what it was used for.
type Key = (String, [u8; 32]);

/// The place of its answer, the job, its key.
type Accepted = (usize, Row, Option<Key>);

/// A job as the table holds it.
struct Row {
    id: JobId,
    tenant: TenantId,
    workflow: WorkflowId,
    lane: i64,
    due: Moment,
    timer: Option<Moment>,
    version: Option<i64>,
    spill_lane: Option<i64>,
    spill_wait: Option<i64>,
    rank: i16,
    state: JobState,
    inputs: Value,
    options: Option<JobOptions>,
}

row! {
    struct KeyRow {
        job_id: JobId,
        digest: Vec<u8>,
    }
}

impl Queue {
    /// Submits jobs of a tenant in one transaction. Each has its own answer: one that is refused
    /// does not keep the others from being accepted.
    pub async fn enqueue(&self, tenant: TenantId, jobs: Vec<NewJob>) -> Vec<EnqueueResult> {
        self.enqueue_all(jobs.into_iter().map(|job| (tenant, job)).collect())
            .await
    }

    pub(crate) async fn enqueue_all(&self, jobs: Vec<(TenantId, NewJob)>) -> Vec<EnqueueResult> {
        let mut answers = Vec::with_capacity(jobs.len());
        let mut accepted = Vec::new();
        if let Err(error) = self.find_lanes(&jobs).await {
            return vec![Err(error); jobs.len()];
        }
        let now = self.now();
        for (tenant, job) in jobs {
            match self.accept(tenant, job, now) {
                Ok((row, key)) => {
                    answers.push(Ok(Enqueued {
                        job: row.id,
                        existing: false,
                    }));
                    accepted.push((answers.len() - 1, row, key));
                }
                Err(error) => answers.push(Err(error)),
            }
        }
        if accepted.is_empty() {
            return answers;
        }
        // All of them: what was written before the failure is undone with the rest.
        let places: Vec<usize> = accepted.iter().map(|(place, _, _)| *place).collect();
        if let Err(error) = self.write(&mut accepted, &mut answers, now).await {
            for place in places {
                answers[place] = Err(error.clone());
            }
            return answers;
        }
        for (_, row, _) in &accepted {
            self.set_timer(row.timer);
        }
        let queued = accepted
            .iter()
            .filter(|(_, row, _)| row.state == JobState::Queued);
        self.offer(queued.map(|(_, row, _)| {
            let position = Position {
                rank: row.rank,
                due: row.due,
                id: row.id.0,
            };
            (row.lane, position)
        }));
        if accepted
            .iter()
            .any(|(_, row, _)| row.state != JobState::Queued)
        {
            // They wait for a timer that other processes do not know of.
            self.inner.store.queue().wake();
        }
        self.told();
        answers
    }

    /// Sees to it that this process knows all lanes that these jobs will wait in.
    async fn find_lanes(&self, jobs: &[(TenantId, NewJob)]) -> Result<(), QueueError> {
        let rules = Arc::clone(&self.inner.rules.read());
        let mut wanted: HashMap<[u8; 32], (TenantId, WorkflowId, Demands)> = HashMap::new();
        for (tenant, job) in jobs {
            for demands in lanes_of(job) {
                let digest = digest(*tenant, job.workflow, &demands);
                if rules.find(&digest).is_none() {
                    wanted.insert(digest, (*tenant, job.workflow, demands));
                }
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let mut work = self.inner.store.begin().await?;
        let mut made = Vec::new();
        // In one order, so that two processes that make the same lanes do not wait for each other.
        let mut sorted: Vec<_> = wanted.into_iter().collect();
        sorted.sort_unstable_by_key(|(digest, _)| *digest);
        for (_, (tenant, workflow, demands)) in sorted {
            made.push(make_lane(work.link(), tenant, workflow, &demands).await?);
        }
        self.learn_lanes(work.link(), &made).await?;
        work.commit().await?;
        Ok(())
    }

    /// Adds lanes to what this process knows.
    pub(crate) async fn learn_lanes(
        &self,
        link: Link<'_>,
        lanes: &[i64],
    ) -> Result<(), QueueError> {
        let mut rules = (**self.inner.rules.read()).clone();
        rules.load_lanes(link, lanes).await?;
        let mut shared = self.inner.rules.write();
        // Somebody may have learned others meanwhile.
        for (id, lane) in &shared.lanes {
            if !rules.lanes.contains_key(id) {
                rules.know(Arc::clone(lane));
            }
        }
        *shared = Arc::new(rules);
        Ok(())
    }

    /// Checks a job and makes a row of it.
    fn accept(
        &self,
        tenant: TenantId,
        job: NewJob,
        now: Moment,
    ) -> Result<(Row, Option<Key>), QueueError> {
        if !job.inputs.is_object() {
            return Err(QueueError::Invalid {
                what: "the inputs",
                why: "they must be names with values".to_owned(),
            });
        }
        let size = job.inputs.to_string().len();
        if size > self.inner.settings.max_value {
            return Err(QueueError::Invalid {
                what: "the inputs",
                why: format!(
                    "they take {size} bytes, and {} are allowed; pass large ones as files",
                    self.inner.settings.max_value
                ),
            });
        }
        if !(1..=100).contains(&job.options.retry.max_attempts) {
            return Err(QueueError::Invalid {
                what: "the retry policy",
                why: "max_attempts must be between 1 and 100".to_owned(),
            });
        }
        let rules = Arc::clone(&self.inner.rules.read());
        let lane = |demands: &Demands| rules.find(&digest(tenant, job.workflow, demands));
        let mut lanes = lanes_of(&job).into_iter();
        let first = lanes.next().and_then(|demands| lane(&demands));
        let spill_lane = lanes.next().and_then(|demands| lane(&demands));
        let spill_wait = job.prefer.map(|prefer| micros(prefer.wait));
        let due = job.due.unwrap_or(now);
        let (state, timer) = match (due > now, spill_wait) {
            (true, _) => (JobState::Scheduled, Some(due)),
            (false, Some(wait)) => (
                JobState::Queued,
                Some(Moment::from_micros(now.micros().saturating_add(wait))),
            ),
            (false, None) => (JobState::Queued, None),
        };
        let key = match &job.key {
            Some(key) if key.is_empty() || key.len() > 255 => {
                return Err(QueueError::Invalid {
                    what: "the idempotency key",
                    why: "it must have 1 to 255 bytes".to_owned(),
                });
            }
            Some(key) => Some((key.clone(), body_digest(&job))),
            None => None,
        };
        let row = Row {
            id: JobId::new(now),
            tenant,
            workflow: job.workflow,
            // Found or made just before.
            lane: first.ok_or(QueueError::Closed)?,
            due,
            timer,
            version: job.version,
            spill_lane,
            spill_wait,
            rank: job.priority.rank(),
            state,
            inputs: job.inputs,
            options: (job.options != JobOptions::default()).then_some(job.options),
        };
        Ok((row, key))
    }

    /// Writes what was accepted; what turns out to be there already is taken out.
    async fn write(
        &self,
        accepted: &mut Vec<Accepted>,
        answers: &mut [EnqueueResult],
        now: Moment,
    ) -> Result<(), QueueError> {
        let keyed = accepted.iter().any(|(_, _, key)| key.is_some());
        if let (Store::Postgres(store), false) = (&self.inner.store, keyed) {
            let mut connection = store
                .server()
                .acquire()
                .await
                .map_err(|error| DatabaseError::from_sqlx("ENQUEUE", error))?;
            return insert(Link::Postgres(&mut connection), accepted, now).await;
        }
        let mut work = self.inner.store.begin().await?;
        if keyed {
            let mut kept = Vec::with_capacity(accepted.len());
            for (place, row, key) in accepted.drain(..) {
                let Some((text, digest)) = key else {
                    kept.push((place, row, None));
                    continue;
                };
                match claim(work.link(), &row, &text, &digest, now).await? {
                    None => kept.push((place, row, Some((text, digest)))),
                    Some(answer) => answers[place] = answer,
                }
            }
            *accepted = kept;
        }
        insert(work.link(), accepted, now).await?;
        work.commit().await?;
        Ok(())
    }
}

/// Takes the key for this job; the answer if it is taken.
async fn claim(
    mut link: Link<'_>,
    row: &Row,
    key: &str,
    digest: &[u8; 32],
    now: Moment,
) -> Result<Option<EnqueueResult>, QueueError> {
    let taken = execute!(
        link.again(),
        CLAIM_KEY,
        row.tenant,
        key,
        row.id,
        digest.as_slice(),
        now
    )?;
    if taken == 1 {
        return Ok(None);
    }
    let found = fetch_optional!(link, KeyRow, FIND_KEY, row.tenant, key)?;
    Ok(Some(match found {
        Some(found) if found.digest == digest => Ok(Enqueued {
            job: found.job_id,
            existing: true,
        }),
        Some(found) => Err(QueueError::KeyReused {
            key: key.to_owned(),
            job: found.job_id,
        }),
        // It was forgotten for its age between two statements.
        None => Err(QueueError::Closed),
    }))
}

async fn insert(mut link: Link<'_>, accepted: &[Accepted], now: Moment) -> Result<(), QueueError> {
    if accepted.is_empty() {
        return Ok(());
    }
    let rows = || accepted.iter().map(|(_, row, _)| row);
    if let Link::Postgres(connection) = link {
        let uuids = |of: fn(&Row) -> Uuid| rows().map(of).collect::<Vec<_>>();
        sqlx::query(ENQUEUE.postgres)
            .bind(uuids(|row| row.id.0))
            .bind(uuids(|row| row.tenant.0))
            .bind(uuids(|row| row.workflow.0))
            .bind(rows().map(|row| row.lane).collect::<Vec<_>>())
            .bind(rows().map(|row| row.due.micros()).collect::<Vec<_>>())
            .bind(
                rows()
                    .map(|row| row.timer.map(Moment::micros))
                    .collect::<Vec<_>>(),
            )
            .bind(rows().map(|row| row.version).collect::<Vec<_>>())
            .bind(rows().map(|row| row.spill_lane).collect::<Vec<_>>())
            .bind(rows().map(|row| row.spill_wait).collect::<Vec<_>>())
            .bind(rows().map(|row| row.rank).collect::<Vec<_>>())
            .bind(rows().map(|row| row.state.name()).collect::<Vec<_>>())
            .bind(rows().map(|row| Json(&row.inputs)).collect::<Vec<_>>())
            .bind(
                rows()
                    .map(|row| row.options.as_ref().map(Json))
                    .collect::<Vec<_>>(),
            )
            .bind(now)
            .execute(connection)
            .await
            .map_err(|error| DatabaseError::from_sqlx(ENQUEUE.name, error))?;
        return Ok(());
    }
    let list: Vec<_> = rows()
        .map(|row| {
            serde_json::json!([
                row.id,
                row.tenant,
                row.workflow,
                row.lane,
                row.due.micros(),
                row.timer.map(Moment::micros),
                row.version,
                row.spill_lane,
                row.spill_wait,
                row.rank,
                row.state.name(),
                row.inputs,
                row.options,
            ])
        })
        .collect();
    execute!(link.again(), ENQUEUE, Json(list))?;
    let news: Vec<News> = rows()
        .map(|row| News {
            job: row.id,
            tenant: row.tenant,
            workflow: row.workflow,
            state: row.state,
        })
        .collect();
    tell(link, &news, now).await
}

/// Where the job waits, and where it waits after that.
fn lanes_of(job: &NewJob) -> Vec<Demands> {
    let Some(prefer) = job.prefer.filter(|_| job.demands.robot.is_none()) else {
        return vec![job.demands.clone()];
    };
    let mut first = job.demands.clone();
    first.robot = Some(prefer.robot);
    vec![first, job.demands.clone()]
}

/// What tells whether a key is used for the same order. The order of names does not matter.
fn body_digest(job: &NewJob) -> [u8; 32] {
    let mut body = serde_json::to_value(job).unwrap_or_default();
    sort(&mut body);
    Sha256::digest(body.to_string().as_bytes()).into()
}

fn sort(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.sort_keys();
            map.values_mut().for_each(sort);
        }
        Value::Array(items) => items.iter_mut().for_each(sort),
        _ => {}
    }
}

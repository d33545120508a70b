//! How attempts end, and what follows.

use std::collections::HashMap;

use casare_store::{
    DatabaseError, JobId, Link, Moment, RobotId, Store, TenantId, WorkflowId, execute, fetch_all,
    fetch_optional, row,
};
use serde_json::{Value, json};
use sqlx::types::Json;

use crate::{
    Carry, Ended, ErrorKind, JobError, JobOptions, JobState, Lease, Outcome, Queue, QueueError,
    Recovery,
    queue::{Hot, News, tell},
    ready::Position,
    statements::{ADD_ATTEMPT, BURY, CLOSE, ENDED_AS, FINISH, LOCK_JOBS, MOVE, REMOVE_FINISHED},
};

pub(crate) type EndResult = Result<Ended, QueueError>;

row! {
    /// A live job, locked for a transaction.
    pub(crate) struct LockedJob {
        pub(crate) id: JobId,
        pub(crate) tenant_id: TenantId,
        pub(crate) workflow_id: WorkflowId,
        pub(crate) lane_id: i64,
        pub(crate) rank: i16,
        pub(crate) due_at: Moment,
        pub(crate) lease_epoch: i64,
        pub(crate) leased_at: Option<Moment>,
        pub(crate) started_at: Option<Moment>,
        pub(crate) attempt: i32,
        pub(crate) robot_id: Option<RobotId>,
        pub(crate) state: String,
        pub(crate) stop: Option<String>,
        pub(crate) options: Option<Json<JobOptions>>,
        pub(crate) carry: Option<Json<Carry>>,
    }
    struct GoneRow {
        id: JobId,
        tenant_id: TenantId,
        workflow_id: WorkflowId,
        lease_epoch: i64,
    }
    struct MovedRow {
        id: JobId,
        lane_id: i64,
        rank: i16,
        due_at: Moment,
        state: String,
        timer_at: Option<Moment>,
    }
    struct IdRow {
        id: JobId,
    }
    struct EndedRow {
        state: String,
        lease_epoch: i64,
    }
}

impl GoneRow {
    fn lease(&self) -> Lease {
        Lease {
            job: self.id,
            epoch: self.lease_epoch,
        }
    }
}

impl LockedJob {
    pub(crate) fn state(&self) -> JobState {
        self.state.parse().unwrap_or(JobState::Queued)
    }

    fn options(&self) -> JobOptions {
        self.options
            .as_ref()
            .map(|options| options.0.clone())
            .unwrap_or_default()
    }
}

/// What follows for a job.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Next {
    /// It waits again.
    Wait {
        state: JobState,
        due: Moment,
        timer: Option<Moment>,
        carry: Option<Carry>,
        /// The attempt is not one of those that the retry policy allows.
        free: bool,
        error: Option<JobError>,
        outcome: &'static str,
    },
    End {
        state: JobState,
        error: Option<JobError>,
    },
}

/// Decides what follows an outcome. `chance` spreads delays.
pub(crate) fn decide(job: &LockedJob, outcome: Outcome, now: Moment, chance: f64) -> Next {
    let wait = |state, due, timer, carry, free, error, outcome| Next::Wait {
        state,
        due,
        timer,
        carry,
        free,
        error,
        outcome,
    };
    let carried = || job.carry.as_ref().map(|carry| carry.0.clone());
    let going_on = |waits_for| {
        Some(Carry {
            resume: true,
            waits_for,
            answer: None,
        })
    };
    let stopping = job.stop.is_some();
    match outcome {
        // Handled by the statement for those that succeed; here for one that comes another way.
        Outcome::Succeeded { .. } => Next::End {
            state: JobState::Succeeded,
            error: None,
        },
        Outcome::Cancelled => Next::End {
            state: JobState::Cancelled,
            error: None,
        },
        Outcome::Failed(error) if stopping => Next::End {
            state: JobState::Cancelled,
            error: Some(error),
        },
        Outcome::Failed(error) if error.kind == ErrorKind::Crashed => {
            broken_off(job, error, now, chance)
        }
        Outcome::Failed(error) => try_again(job, error, now, chance),
        Outcome::Suspended { .. } | Outcome::NeedsDecision { .. } | Outcome::Released
            if stopping =>
        {
            Next::End {
                state: JobState::Cancelled,
                error: None,
            }
        }
        Outcome::Suspended { until, waits_for } => {
            let carry = going_on(Some(waits_for));
            wait(
                JobState::Suspended,
                job.due_at,
                until,
                carry,
                true,
                None,
                "suspended",
            )
        }
        Outcome::NeedsDecision { question } => {
            let carry = going_on(Some(question));
            wait(
                JobState::NeedsDecision,
                job.due_at,
                None,
                carry,
                true,
                None,
                "needs_decision",
            )
        }
        Outcome::Released => wait(
            JobState::Queued,
            job.due_at,
            None,
            carried(),
            true,
            None,
            "released",
        ),
    }
}

/// What follows a lease that ran out.
pub(crate) fn decide_lost(job: &LockedJob, now: Moment, chance: f64) -> Next {
    let error = JobError {
        kind: ErrorKind::Lost,
        message: "the robot was not heard of until the lease ran out".to_owned(),
    };
    if job.stop.is_some() {
        return Next::End {
            state: JobState::Cancelled,
            error: Some(error),
        };
    }
    broken_off(job, error, now, chance)
}

/// What follows a failure that trying again may help.
fn try_again(job: &LockedJob, error: JobError, now: Moment, chance: f64) -> Next {
    let options = job.options();
    let attempt = u32::try_from(job.attempt).unwrap_or(1);
    let Some(delay) = options.retry.delay(attempt, error.kind, chance) else {
        return give_up(&options, error);
    };
    let due = now + delay;
    let (state, timer) = if due > now {
        (JobState::Scheduled, Some(due))
    } else {
        (JobState::Queued, None)
    };
    Next::Wait {
        state,
        due,
        timer,
        // Finished steps are not done again.
        carry: (options.recovery == Recovery::Resume).then(|| Carry {
            resume: true,
            ..Carry::default()
        }),
        free: false,
        error: Some(error),
        outcome: "failed",
    }
}

/// What follows an attempt that ended without its run having ended.
fn broken_off(job: &LockedJob, error: JobError, now: Moment, chance: f64) -> Next {
    let options = job.options();
    let attempt = u32::try_from(job.attempt).unwrap_or(1);
    let last = attempt >= options.retry.max_attempts;
    match options.recovery {
        Recovery::Retry => try_again(job, error, now, chance),
        _ if last => give_up(&options, error),
        Recovery::Resume => Next::Wait {
            state: JobState::Queued,
            due: job.due_at,
            timer: None,
            carry: Some(Carry {
                resume: true,
                ..Carry::default()
            }),
            free: false,
            error: Some(error),
            outcome: "lost",
        },
        Recovery::Ask => Next::Wait {
            state: JobState::NeedsDecision,
            due: job.due_at,
            timer: None,
            carry: Some(Carry {
                resume: true,
                waits_for: Some(json!({ "lost": error.message })),
                answer: None,
            }),
            free: false,
            error: Some(error),
            outcome: "lost",
        },
    }
}

fn give_up(options: &JobOptions, error: JobError) -> Next {
    let state = if options.dead_letter && error.kind != ErrorKind::Business {
        JobState::Dead
    } else {
        JobState::Failed
    };
    Next::End {
        state,
        error: Some(error),
    }
}

impl Queue {
    /// Ends attempts, all in one transaction, and answers what became of each job.
    pub async fn end(&self, ends: Vec<(Lease, Outcome)>) -> Vec<EndResult> {
        let mut answers: Vec<EndResult> = ends
            .iter()
            .map(|(lease, _)| Err(QueueError::LeaseLost { job: lease.job }))
            .collect();
        let now = self.now();
        let mut succeeded = Vec::new();
        let mut others = Vec::new();
        for (place, (lease, outcome)) in ends.into_iter().enumerate() {
            match outcome {
                Outcome::Succeeded { outputs } => match self.check_size(outputs) {
                    Ok(outputs) => succeeded.push((place, lease, outputs)),
                    Err(error) => answers[place] = Err(error),
                },
                outcome => others.push((place, lease, outcome)),
            }
        }
        // As the statement wants them.
        succeeded.sort_unstable_by_key(|(_, lease, _)| (lease.job, lease.epoch));
        if !succeeded.is_empty() {
            let done = self.finish(&succeeded, now).await;
            self.answer_finished(&mut answers, &succeeded, done).await;
        }
        if !others.is_empty() {
            let places: Vec<(usize, Lease)> = others
                .iter()
                .map(|(place, lease, _)| (*place, *lease))
                .collect();
            match self.settle(others, now).await {
                Ok(settled) => {
                    for (place, ended) in settled {
                        answers[place] = Ok(ended);
                    }
                    self.answer_repeated(&mut answers, &places).await;
                }
                Err(error) => {
                    for (place, _) in places {
                        answers[place] = Err(error.clone());
                    }
                }
            }
        }
        answers
    }

    fn check_size(&self, outputs: Option<Value>) -> Result<Option<Value>, QueueError> {
        let most = self.inner.settings.max_value;
        let size = outputs
            .as_ref()
            .map_or(0, |outputs| outputs.to_string().len());
        if size > most {
            return Err(QueueError::Invalid {
                what: "the outputs",
                why: format!(
                    "they take {size} bytes, and {most} are allowed; keep large ones as artifacts"
                ),
            });
        }
        Ok(outputs)
    }

    /// The hot path: what succeeded goes to the history.
    async fn finish(
        &self,
        succeeded: &[(usize, Lease, Option<Value>)],
        now: Moment,
    ) -> Result<Vec<Lease>, QueueError> {
        let mut hot = self.inner.finishing.lock().await;
        let result = self.finish_with(&mut hot, succeeded, now).await;
        match &result {
            Ok(_) => self.told(),
            Err(_) => hot.drop_connection(),
        }
        result
    }

    async fn finish_with(
        &self,
        hot: &mut Hot,
        succeeded: &[(usize, Lease, Option<Value>)],
        now: Moment,
    ) -> Result<Vec<Lease>, QueueError> {
        if let Store::Postgres(store) = &self.inner.store {
            let ids: Vec<_> = succeeded.iter().map(|(_, lease, _)| lease.job.0).collect();
            let epochs: Vec<i64> = succeeded.iter().map(|(_, lease, _)| lease.epoch).collect();
            let outputs: Vec<_> = succeeded
                .iter()
                .map(|(_, _, out)| out.as_ref().map(Json))
                .collect();
            let rows: Vec<GoneRow> = sqlx::query_as(FINISH.postgres)
                .bind(ids)
                .bind(epochs)
                .bind(outputs)
                .bind(now)
                .fetch_all(hot.get(store.server()).await?)
                .await
                .map_err(|error| DatabaseError::from_sqlx(FINISH.name, error))?;
            self.inner
                .ended
                .fetch_add(rows.len() as u64, std::sync::atomic::Ordering::Relaxed);
            return Ok(rows.iter().map(GoneRow::lease).collect());
        }
        let list: Vec<Value> = succeeded
            .iter()
            .map(|(_, lease, outputs)| json!([lease.job, lease.epoch, outputs]))
            .collect();
        let mut work = self.inner.store.begin().await?;
        let rows = fetch_all!(work.link(), GoneRow, FINISH, Json(list), now)?;
        let ids: Vec<String> = rows
            .iter()
            .map(|row| row.id.0.simple().to_string())
            .collect();
        execute!(work.link(), REMOVE_FINISHED, Json(ids))?;
        let news: Vec<News> = rows
            .iter()
            .map(|row| News {
                job: row.id,
                tenant: row.tenant_id,
                workflow: row.workflow_id,
                state: JobState::Succeeded,
            })
            .collect();
        tell(work.link(), &news, now).await?;
        work.commit().await?;
        Ok(rows.iter().map(GoneRow::lease).collect())
    }

    async fn answer_finished(
        &self,
        answers: &mut [EndResult],
        succeeded: &[(usize, Lease, Option<Value>)],
        done: Result<Vec<Lease>, QueueError>,
    ) {
        match done {
            Ok(done) => {
                let done: std::collections::HashSet<Lease> = done.into_iter().collect();
                for (place, lease, _) in succeeded {
                    if done.contains(lease) {
                        answers[*place] = Ok(Ended {
                            job: lease.job,
                            state: JobState::Succeeded,
                            due: None,
                        });
                    }
                }
                let places: Vec<(usize, Lease)> = succeeded
                    .iter()
                    .map(|(place, lease, _)| (*place, *lease))
                    .collect();
                self.answer_repeated(answers, &places).await;
            }
            Err(error) => {
                for (place, _, _) in succeeded {
                    answers[*place] = Err(error.clone());
                }
            }
        }
    }

    /// A report whose answer did not arrive is made again: the same lease has ended the job.
    async fn answer_repeated(&self, answers: &mut [EndResult], places: &[(usize, Lease)]) {
        for (place, lease) in places {
            if !matches!(answers[*place], Err(QueueError::LeaseLost { .. })) {
                continue;
            }
            match self.ended_by(*lease).await {
                Ok(Some(state)) => {
                    answers[*place] = Ok(Ended {
                        job: lease.job,
                        state,
                        due: None,
                    });
                }
                Ok(None) => {}
                Err(error) => answers[*place] = Err(error),
            }
        }
    }

    async fn ended_by(&self, lease: Lease) -> Result<Option<JobState>, QueueError> {
        let mut reader = self.inner.store.reader().await?;
        let since = lease.job.earliest();
        let found = fetch_optional!(reader.link(), EndedRow, ENDED_AS, lease.job, since)?;
        Ok(found
            .filter(|row| row.lease_epoch == lease.epoch)
            .and_then(|row| row.state.parse().ok()))
    }

    /// All other outcomes: look, decide, write.
    async fn settle(
        &self,
        ends: Vec<(usize, Lease, Outcome)>,
        now: Moment,
    ) -> Result<Vec<(usize, Ended)>, QueueError> {
        let mut work = self.inner.store.begin().await?;
        let ids: Vec<JobId> = ends.iter().map(|(_, lease, _)| lease.job).collect();
        let rows = fetch_all!(work.link(), LockedJob, LOCK_JOBS, Json(ids))?;
        let mut jobs: HashMap<JobId, LockedJob> =
            rows.into_iter().map(|row| (row.id, row)).collect();
        let mut steps = Vec::new();
        let mut places = HashMap::new();
        for (place, lease, outcome) in ends {
            let held = |job: &LockedJob| job.lease_epoch == lease.epoch && job.state().is_held();
            if !jobs.get(&lease.job).is_some_and(held) {
                continue;
            }
            if let Some(job) = jobs.remove(&lease.job) {
                let next = decide(&job, outcome, now, rand::random());
                places.insert(job.id, place);
                steps.push((job, next));
            }
        }
        let ended = self.apply(work.link(), steps, now).await?;
        work.commit().await?;
        self.announce(&ended);
        Ok(ended
            .into_iter()
            .filter_map(|step| {
                places
                    .get(&step.ended.job)
                    .map(|place| (*place, step.ended))
            })
            .collect())
    }

    /// Writes what follows for jobs that this transaction has locked.
    pub(crate) async fn apply(
        &self,
        mut link: Link<'_>,
        steps: Vec<(LockedJob, Next)>,
        now: Moment,
    ) -> Result<Vec<Applied>, QueueError> {
        let mut moves = Vec::new();
        let mut closes = Vec::new();
        for (job, next) in &steps {
            let head = [json!(job.id), json!(job.lease_epoch), json!(job.state)];
            match next {
                Next::Wait {
                    state,
                    due,
                    timer,
                    carry,
                    free,
                    ..
                } => {
                    let uncounted = i32::from(*free && job.state().is_held());
                    let rest = [
                        json!(state.name()),
                        json!(due.micros()),
                        json!(timer.map(Moment::micros)),
                        json!(carry),
                        json!(uncounted),
                    ];
                    moves.push(Value::Array(head.into_iter().chain(rest).collect()));
                }
                Next::End { state, error } => {
                    let rest = [
                        json!(state.name()),
                        json!(error.as_ref().map(|error| error.kind.name())),
                        json!(error.as_ref().map(|error| &error.message)),
                    ];
                    closes.push(Value::Array(head.into_iter().chain(rest).collect()));
                }
            }
        }
        let mut done: HashMap<JobId, Option<MovedRow>> = HashMap::new();
        if !moves.is_empty() {
            for row in fetch_all!(link.again(), MovedRow, MOVE, Json(moves))? {
                done.insert(row.id, Some(row));
            }
        }
        if !closes.is_empty() {
            let rows = fetch_all!(link.again(), IdRow, CLOSE, Json(closes), now)?;
            if matches!(link, Link::Sqlite(_)) {
                let ids: Vec<String> = rows
                    .iter()
                    .map(|row| row.id.0.simple().to_string())
                    .collect();
                execute!(link.again(), REMOVE_FINISHED, Json(ids))?;
            }
            done.extend(rows.into_iter().map(|row| (row.id, None)));
        }
        let mut applied = Vec::new();
        let mut news = Vec::new();
        for (job, next) in steps {
            let Some(moved) = done.remove(&job.id) else {
                continue;
            };
            let (state, due) = match &next {
                Next::Wait {
                    state,
                    due,
                    error,
                    outcome,
                    ..
                } => {
                    if job.state().is_held() {
                        add_attempt(link.again(), &job, outcome, error.as_ref(), now).await?;
                    }
                    (*state, (*state == JobState::Scheduled).then_some(*due))
                }
                Next::End { state, error } => {
                    if *state == JobState::Dead {
                        let kind = error.as_ref().map_or(ErrorKind::Bug, |error| error.kind);
                        execute!(
                            link.again(),
                            BURY,
                            job.id,
                            job.tenant_id,
                            job.workflow_id,
                            kind.name(),
                            now
                        )?;
                    }
                    (*state, None)
                }
            };
            news.push(News {
                job: job.id,
                tenant: job.tenant_id,
                workflow: job.workflow_id,
                state,
            });
            applied.push(Applied {
                ended: Ended {
                    job: job.id,
                    state,
                    due,
                },
                waits: moved.map(|row| Waits {
                    lane: row.lane_id,
                    position: Position {
                        rank: row.rank,
                        due: row.due_at,
                        id: row.id.0,
                    },
                    queued: row.state == "queued",
                    timer: row.timer_at,
                }),
            });
        }
        tell(link, &news, now).await?;
        Ok(applied)
    }

    /// After the commit: who waits for jobs may find some.
    pub(crate) fn announce(&self, applied: &[Applied]) {
        let waits = || applied.iter().filter_map(|step| step.waits.as_ref());
        for wait in waits() {
            self.set_timer(wait.timer);
        }
        self.offer(
            waits()
                .filter(|wait| wait.queued)
                .map(|wait| (wait.lane, wait.position)),
        );
        // Somebody may have waited for what these held.
        self.inner.store.queue().wake();
        self.told();
    }
}

/// What was written for a job.
pub(crate) struct Applied {
    pub(crate) ended: Ended,
    pub(crate) waits: Option<Waits>,
}

pub(crate) struct Waits {
    lane: i64,
    position: Position,
    queued: bool,
    timer: Option<Moment>,
}

async fn add_attempt(
    link: Link<'_>,
    job: &LockedJob,
    outcome: &str,
    error: Option<&JobError>,
    now: Moment,
) -> Result<(), QueueError> {
    execute!(
        link,
        ADD_ATTEMPT,
        job.id,
        job.lease_epoch,
        job.tenant_id,
        job.attempt,
        job.robot_id,
        job.leased_at,
        job.started_at,
        now,
        outcome,
        error.map(|error| error.kind.name()),
        error.map(|error| error.message.as_str())
    )?;
    Ok(())
}

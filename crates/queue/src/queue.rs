//! The queue as a whole: its settings, what it remembers, and who does what in the background.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use casare_store::{
    Clock, JobId, Link, Moment, Store, TenantId, WorkflowId, execute, fetch_one, row,
};
use parking_lot::{Mutex, RwLock};
use serde_json::{Value, json};
use sqlx::{PgConnection, Postgres, pool::PoolConnection, types::Json};

use crate::{
    JobState, Lease, NewJob, Outcome, QueueError,
    batch::Batcher,
    ends::EndResult,
    enqueue::EnqueueResult,
    lease::{LeaseRequest, Leased},
    ready::{Position, Ready},
    rules::Rules,
    statements::{TELL, VERSION_AND_TIMER},
    transactions::Schemas,
};

/// How the queue keeps time.
#[derive(Debug, Clone)]
pub struct QueueSettings {
    /// How long a robot has a job without being heard of. It should renew three times as often.
    pub lease: Duration,
    /// How long a killed job may take to say that it has ended.
    pub kill_grace: Duration,
    /// How long whoever waits for jobs goes without looking when nothing wakes it.
    pub poll: Duration,
    /// The most jobs of one statement.
    pub batch: usize,
    /// The largest inputs and outputs of a job, in bytes of JSON. What is larger is an artifact.
    pub max_value: usize,
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(30),
            kill_grace: Duration::from_secs(30),
            poll: Duration::from_secs(1),
            batch: 1_000,
            max_value: 1 << 20,
        }
    }
}

/// The durable queue of jobs. Clones share it; any number of processes may use one database.
#[derive(Debug, Clone)]
pub struct Queue {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) settings: QueueSettings,
    pub(crate) rules: RwLock<Arc<Rules>>,
    pub(crate) ready: Mutex<Ready>,
    /// One lease at a time: those who come meanwhile are served together.
    pub(crate) leasing: tokio::sync::Mutex<Hot>,
    pub(crate) finishing: tokio::sync::Mutex<Hot>,
    pub(crate) schemas: Schemas,
    /// Jobs that ended here since the table was cleaned up.
    pub(crate) ended: AtomicU64,
    submissions: Batcher<(TenantId, NewJob), EnqueueResult>,
    reports: Batcher<(Lease, Outcome), EndResult>,
    requests: Batcher<LeaseRequest, Leased>,
}

/// A connection that stays with its user: taking one from the pool costs a round trip.
#[derive(Debug, Default)]
pub(crate) struct Hot {
    connection: Option<PoolConnection<Postgres>>,
}

impl Hot {
    pub(crate) async fn get(
        &mut self,
        pool: &sqlx::PgPool,
    ) -> Result<&mut PgConnection, QueueError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => pool
                .acquire()
                .await
                .map_err(|error| casare_store::DatabaseError::from_sqlx("CONNECT", error))?,
        };
        Ok(&mut **self.connection.insert(connection))
    }

    /// After an error nobody knows how it stands.
    pub(crate) fn drop_connection(&mut self) {
        if let Some(connection) = self.connection.take() {
            // Closed, not given back: the server rolls back whatever was open.
            drop(connection.detach());
        }
    }
}

row! {
    pub(crate) struct VersionAndTimer {
        pub(crate) version: i64,
        pub(crate) next_timer: Option<Moment>,
    }
}

impl Queue {
    /// The queue that `store` holds.
    pub async fn open(store: Store, settings: QueueSettings) -> Result<Self, QueueError> {
        let mut reader = store.reader().await?;
        let now = fetch_one!(reader.link(), VersionAndTimer, VERSION_AND_TIMER)?;
        let rules = Rules::load(reader.link(), now.version).await?;
        drop(reader);
        let clock = store.clock().clone();
        let (submissions, submitted) = Batcher::new(settings.batch);
        let (reports, reported) = Batcher::new(settings.batch);
        let (requests, requested) = Batcher::new(settings.batch);
        let queue = Self {
            inner: Arc::new(Inner {
                store,
                clock,
                settings,
                rules: RwLock::new(Arc::new(rules)),
                ready: Mutex::new(Ready::default()),
                leasing: tokio::sync::Mutex::default(),
                finishing: tokio::sync::Mutex::default(),
                schemas: Schemas::default(),
                ended: AtomicU64::new(0),
                submissions,
                reports,
                requests,
            }),
        };
        let inner = Arc::downgrade(&queue.inner);
        submitted.serve(inner.clone(), async |queue: Queue, jobs| {
            queue.enqueue_all(jobs).await
        });
        reported.serve(inner.clone(), async |queue: Queue, ends| {
            queue.end(ends).await
        });
        requested.serve(inner, async |queue: Queue, requests| {
            queue.lease_all(requests).await
        });
        Ok(queue)
    }

    /// Gives back the connections that it keeps, after what is under way. Close the store then.
    pub async fn close(&self) {
        self.inner.leasing.lock().await.drop_connection();
        self.inner.finishing.lock().await.drop_connection();
    }

    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    pub fn settings(&self) -> &QueueSettings {
        &self.inner.settings
    }

    pub fn now(&self) -> Moment {
        self.inner.clock.now()
    }

    /// Submits a job. Those submitted at the same time are written together, each is durable when
    /// its answer comes.
    pub async fn submit(&self, tenant: TenantId, job: NewJob) -> EnqueueResult {
        let answer = self.inner.submissions.ask((tenant, job)).await;
        answer.unwrap_or(Err(QueueError::Closed))
    }

    /// Reports how an attempt ended. Written together with those reported at the same time.
    ///
    /// # Errors
    ///
    /// `LeaseLost` when another attempt has the job, or it has ended otherwise. Repeating a report
    /// whose answer was lost is no error.
    pub async fn report(&self, lease: Lease, outcome: Outcome) -> EndResult {
        let answer = self.inner.reports.ask((lease, outcome)).await;
        answer.unwrap_or(Err(QueueError::Closed))
    }

    /// Leases jobs as [`Queue::lease`] does, together with the robots that ask at the same time.
    pub async fn request(&self, request: LeaseRequest) -> Leased {
        let answer = self.inner.requests.ask(request).await;
        answer.unwrap_or(Err(QueueError::Closed))
    }

    /// Leases at least one job for `request`, or none when `patience` is over. Idle waiting costs
    /// no statements but one a poll for all who wait.
    pub async fn wait_for(&self, request: LeaseRequest, patience: Duration) -> Leased {
        let deadline = tokio::time::Instant::now() + patience;
        let mut wakes = self.inner.store.queue().subscribe();
        loop {
            wakes.mark_unchanged();
            let jobs = self.request(request.clone()).await?;
            if !jobs.is_empty() {
                return Ok(jobs);
            }
            let look = tokio::time::Instant::now() + self.until_next_look();
            let woken = tokio::time::timeout_at(look.min(deadline), wakes.changed()).await;
            if woken.is_err() && tokio::time::Instant::now() >= deadline {
                return Ok(Vec::new());
            }
        }
    }

    /// Until the next timer, or the next poll if that comes first.
    fn until_next_look(&self) -> Duration {
        let poll = self.inner.settings.poll;
        let Some(next) = self.inner.ready.lock().next_timer() else {
            return poll;
        };
        next.since(self.now()).clamp(Duration::from_millis(1), poll)
    }

    /// Jobs wait here now: tells this process at once, others soon.
    pub(crate) fn offer(&self, jobs: impl Iterator<Item = (i64, Position)>) {
        let mut any = false;
        {
            let mut ready = self.inner.ready.lock();
            for (lane, position) in jobs {
                ready.offer(lane, position);
                any = true;
            }
        }
        if any {
            self.inner.store.queue().wake();
        }
    }

    /// Something is to be done at `at`.
    pub(crate) fn set_timer(&self, at: Option<Moment>) {
        if let Some(at) = at {
            self.inner.ready.lock().timer(at);
        }
    }

    /// Whoever reads the outbox finds something.
    pub(crate) fn told(&self) {
        self.inner.store.outbox().wake();
    }
}

/// What is told of a job.
pub(crate) struct News {
    pub(crate) job: JobId,
    pub(crate) tenant: TenantId,
    pub(crate) workflow: WorkflowId,
    pub(crate) state: JobState,
}

/// Writes one event per tenant, as the statements of PostgreSQL's hot path do it themselves.
pub(crate) async fn tell(mut link: Link<'_>, news: &[News], now: Moment) -> Result<(), QueueError> {
    let mut tenants: Vec<TenantId> = news.iter().map(|one| one.tenant).collect();
    tenants.sort_unstable();
    tenants.dedup();
    for tenant in tenants {
        let ours = news.iter().filter(|one| one.tenant == tenant);
        let payload: Vec<Value> = ours
            .map(|one| json!([one.job, one.state.name(), one.workflow]))
            .collect();
        execute!(link.again(), TELL, tenant, Json(payload), now)?;
    }
    Ok(())
}

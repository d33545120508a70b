//! What happens because time passes: jobs become due, leases run out, nobody came.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use casare_store::{
    JobId, Moment, Store, TenantId, WorkflowId, execute, fetch_all, fetch_one, row,
};

use crate::{
    JobState, Queue, QueueError,
    ends::{LockedJob, decide_lost},
    queue::{News, VersionAndTimer, tell},
    ready::Position,
    statements::{
        FORGET_KEYS, LOCK_LOST, PROMOTE, PURGE_LETTERS, SPILL, VERSION_AND_TIMER, WAKE_SUSPENDED,
    },
};

row! {
    pub(crate) struct PromotedRow {
        pub(crate) id: JobId,
        pub(crate) tenant_id: TenantId,
        pub(crate) workflow_id: WorkflowId,
        pub(crate) lane_id: i64,
        pub(crate) rank: i16,
        pub(crate) due_at: Moment,
        pub(crate) state: String,
        pub(crate) timer_at: Option<Moment>,
    }
}

/// What a tick did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Jobs that became due, or may go to another robot than the preferred one.
    pub ready: usize,
    /// Leases that had run out.
    pub lost: usize,
}

/// At most so many at a time, so that no transaction is long.
const CHUNK: i64 = 5_000;
const LOST_CHUNK: i64 = 500;

impl Queue {
    /// Does what is due by now. Leasing does it by itself; call it where nobody leases.
    pub async fn tick(&self) -> Result<Ticked, QueueError> {
        self.tick_at(self.now()).await
    }

    pub(crate) async fn tick_at(&self, now: Moment) -> Result<Ticked, QueueError> {
        let mut ticked = Ticked::default();
        for sql in [PROMOTE, SPILL, WAKE_SUSPENDED] {
            loop {
                let mut work = self.inner.store.begin().await?;
                let rows = fetch_all!(work.link(), PromotedRow, sql, now, CHUNK)?;
                if rows.is_empty() {
                    break;
                }
                tell(work.link(), &news(&rows), now).await?;
                work.commit().await?;
                ticked.ready += rows.len();
                self.offer_promoted(&rows);
                if rows.len() < CHUNK as usize {
                    break;
                }
            }
        }
        loop {
            let lost = self.reap(now).await?;
            ticked.lost += lost;
            if lost < LOST_CHUNK as usize {
                break;
            }
        }
        self.look_for_timer().await?;
        Ok(ticked)
    }

    /// Returns jobs whose lease has run out, as each of them wants it.
    async fn reap(&self, now: Moment) -> Result<usize, QueueError> {
        let mut work = self.inner.store.begin().await?;
        let rows = fetch_all!(work.link(), LockedJob, LOCK_LOST, now, LOST_CHUNK)?;
        if rows.is_empty() {
            return Ok(0);
        }
        let count = rows.len();
        let steps = rows
            .into_iter()
            .map(|job| {
                let next = decide_lost(&job, now, rand::random());
                (job, next)
            })
            .collect();
        let applied = self.apply(work.link(), steps, now).await?;
        work.commit().await?;
        self.announce(&applied);
        Ok(count)
    }

    async fn look_for_timer(&self) -> Result<(), QueueError> {
        self.inner.ready.lock().forget_timer();
        let mut reader = self.inner.store.reader().await?;
        let state = fetch_one!(reader.link(), VersionAndTimer, VERSION_AND_TIMER)?;
        self.set_timer(state.next_timer);
        Ok(())
    }

    pub(crate) fn offer_promoted(&self, rows: &[PromotedRow]) {
        for row in rows {
            self.set_timer(row.timer_at);
        }
        let queued = rows
            .iter()
            .filter(|row| row.state == JobState::Queued.name());
        self.offer(queued.map(|row| {
            let position = Position {
                rank: row.rank,
                due: row.due_at,
                id: row.id.0,
            };
            (row.lane_id, position)
        }));
        self.told();
    }

    /// Keeps time for as long as the queue is used: does what is due when it is due, and looks
    /// every few seconds for what other processes have left.
    pub fn keep_time(&self) -> tokio::task::JoinHandle<()> {
        let weak = std::sync::Arc::downgrade(&self.inner);
        tokio::spawn(async move {
            let mut clean_after = Instant::now();
            while let Some(inner) = weak.upgrade() {
                let queue = Queue { inner };
                if let Err(error) = queue.tick().await {
                    tracing::warn!(%error, "the queue's timers wait for the database");
                }
                if Instant::now() >= clean_after {
                    let took = queue.clean_up().await;
                    clean_after = Instant::now() + (took * 10).max(CLEAN_EVERY);
                }
                let next = queue.inner.ready.lock().next_timer();
                let pause = next
                    .map_or(LOOK, |next| next.since(queue.now()))
                    .clamp(Duration::from_millis(5), LOOK);
                let mut wakes = queue.inner.store.queue().subscribe();
                wakes.mark_unchanged();
                drop(queue);
                // A wake may bring an earlier timer; not more often than a few times a second.
                let _ = tokio::time::timeout(pause, async {
                    let _ = wakes.changed().await;
                    tokio::time::sleep(pause.min(Duration::from_millis(100))).await;
                })
                .await;
            }
        })
    }

    /// PostgreSQL keeps what a drained lane was until it cleans up, and each look for work walks over
    /// it. Its own cleaning comes once a minute at best; this comes when there is enough to clean,
    /// and takes a tenth of the time at most. Answers how long it took.
    async fn clean_up(&self) -> Duration {
        let began = Instant::now();
        let Store::Postgres(store) = &self.inner.store else {
            return Duration::ZERO;
        };
        if self.inner.ended.load(Ordering::Relaxed) < ENOUGH_TO_CLEAN {
            return Duration::ZERO;
        }
        self.inner.ended.store(0, Ordering::Relaxed);
        let done = sqlx::raw_sql(CLEAN).execute(store.server()).await;
        if let Err(error) = done {
            tracing::debug!(%error, "the table of jobs is not cleaned up now");
        }
        began.elapsed()
    }

    /// Forgets idempotency keys and settled dead letters of before `limit`.
    pub async fn forget_before(&self, limit: Moment) -> Result<u64, QueueError> {
        let mut work = self.inner.store.begin().await?;
        let keys = execute!(work.link(), FORGET_KEYS, limit)?;
        let letters = execute!(work.link(), PURGE_LETTERS, limit)?;
        work.commit().await?;
        Ok(keys + letters)
    }
}

/// Another server may be at it already.
const CLEAN: &str = "VACUUM (SKIP_LOCKED, TRUNCATE off) jobs";
const ENOUGH_TO_CLEAN: u64 = 20_000;
const CLEAN_EVERY: Duration = Duration::from_secs(3);

/// How long to go without looking.
const LOOK: Duration = Duration::from_secs(5);

pub(crate) fn news(rows: &[PromotedRow]) -> Vec<News> {
    rows.iter()
        .map(|row| News {
            job: row.id,
            tenant: row.tenant_id,
            workflow: row.workflow_id,
            state: row.state.parse().unwrap_or(JobState::Queued),
        })
        .collect()
}

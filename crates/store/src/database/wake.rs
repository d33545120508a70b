//! Waking those who wait, in this process and in others. A wake says that it is worth looking, and
//! nothing else; whoever waits also looks now and then without one.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use sqlx::{PgPool, postgres::PgListener};
use tokio::{
    sync::{Notify, watch},
    task::AbortHandle,
};

const QUEUE: &str = "casare_queue";
const OUTBOX: &str = "casare_outbox";

/// Something to wait for.
#[derive(Debug)]
pub struct Wake {
    count: watch::Sender<u64>,
    /// How many of them came from other processes.
    foreign: AtomicU64,
    /// Tells the task that tells the other processes.
    others: Option<Arc<Notify>>,
}

impl Wake {
    fn new(others: Option<Arc<Notify>>) -> Self {
        Self {
            count: watch::Sender::new(0),
            foreign: AtomicU64::new(0),
            others,
        }
    }

    /// Wakes everyone who waits. Many of these at a time make one message to other processes.
    pub fn wake(&self) {
        self.count.send_modify(|count| *count += 1);
        if let Some(others) = &self.others {
            others.notify_one();
        }
    }

    /// Sees every wake from now on.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.count.subscribe()
    }

    /// Grows with each wake from another process.
    pub fn foreign(&self) -> u64 {
        self.foreign.load(Ordering::Acquire)
    }

    fn wake_here(&self) {
        self.foreign.fetch_add(1, Ordering::AcqRel);
        self.count.send_modify(|count| *count += 1);
    }
}

/// The wakes of a store, and the tasks that carry them between processes.
#[derive(Debug)]
pub(super) struct Signals {
    pub(super) queue: Arc<Wake>,
    pub(super) outbox: Arc<Wake>,
    tasks: Vec<AbortHandle>,
}

impl Signals {
    /// Within this process.
    pub(super) fn local() -> Self {
        Self {
            queue: Arc::new(Wake::new(None)),
            outbox: Arc::new(Wake::new(None)),
            tasks: Vec::new(),
        }
    }

    /// Among all processes that use this database.
    pub(super) fn shared(pool: PgPool) -> Self {
        let (queue_dirty, outbox_dirty) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let queue = Arc::new(Wake::new(Some(Arc::clone(&queue_dirty))));
        let outbox = Arc::new(Wake::new(Some(Arc::clone(&outbox_dirty))));
        // What it hears of itself it knows already.
        let own = uuid::Uuid::new_v4().to_string();
        let tasks = [
            tokio::spawn(tell(pool.clone(), QUEUE, own.clone(), queue_dirty)),
            tokio::spawn(tell(pool.clone(), OUTBOX, own.clone(), outbox_dirty)),
            tokio::spawn(listen(pool, own, Arc::clone(&queue), Arc::clone(&outbox))),
        ];
        Self {
            queue,
            outbox,
            tasks: tasks
                .iter()
                .map(tokio::task::JoinHandle::abort_handle)
                .collect(),
        }
    }

    pub(super) fn stop(&self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Notifies when there was a wake, once for all of them that came meanwhile: NOTIFY takes a lock
/// that commits wait for.
async fn tell(pool: PgPool, channel: &'static str, own: String, dirty: Arc<Notify>) {
    loop {
        dirty.notified().await;
        // A wake that is lost in a crash was for nobody: its commit need not wait for the disk.
        let told = sqlx::query(
            "SELECT pg_notify($1, $2) FROM set_config('synchronous_commit', 'off', true)",
        )
        .bind(channel)
        .bind(&own)
        .execute(&pool)
        .await;
        if let Err(error) = told {
            // They look without being woken, too.
            tracing::debug!(%error, channel, "other processes could not be woken");
        }
    }
}

async fn listen(pool: PgPool, own: String, queue: Arc<Wake>, outbox: Arc<Wake>) {
    loop {
        match hear(&pool, &own, &queue, &outbox).await {
            Ok(()) => {}
            Err(sqlx::Error::PoolClosed) => return,
            Err(error) => {
                tracing::warn!(%error, "not hearing of other processes for a moment");
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
        }
    }
}

async fn hear(pool: &PgPool, own: &str, queue: &Wake, outbox: &Wake) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen_all([QUEUE, OUTBOX]).await?;
    // Whatever came before it listened.
    queue.wake_here();
    outbox.wake_here();
    while let Some(heard) = listener.try_recv().await? {
        if heard.payload() == own {
            continue;
        }
        match heard.channel() {
            QUEUE => queue.wake_here(),
            _ => outbox.wake_here(),
        }
    }
    Ok(())
}

//! What happens, live, to all who listen.
//!
//! What units of work tell stands in the outbox, in order; each server reads it and passes it on to
//! those who listen to it. The last few thousand are kept in memory, so that whoever was away for a
//! moment goes on where they were. Whoever is slower than that is told that they missed some.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use casare_store::{Moment, Store, TenantId, Told};
use parking_lot::RwLock;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Kept for those who were away.
const KEPT: usize = 8_192;
/// Read from the outbox at a time.
const CHUNK: u32 = 1_000;
/// A look at the outbox that nobody was woken for.
const POLL: Duration = Duration::from_secs(2);
/// Waits a moment for more to come before it reads: one look serves many events.
const GATHER: Duration = Duration::from_millis(5);

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LiveEvent {
    /// Grows, with gaps, and is the same on all servers: go on after it.
    pub seq: i64,
    #[serde(skip)]
    pub tenant: Option<TenantId>,
    /// `jobs`, `runs/ID`, `robots`, …
    pub topic: String,
    pub at: Moment,
    pub data: Value,
}

/// What happens in this server and in others that share its database. Clones share it.
#[derive(Debug, Clone)]
pub struct Events {
    kept: Arc<RwLock<VecDeque<Arc<LiveEvent>>>>,
    newest: watch::Sender<i64>,
    /// Nothing up to this number is kept.
    dropped: Arc<AtomicI64>,
    listeners: Arc<AtomicUsize>,
}

/// Counted as long as it is there.
#[derive(Debug)]
pub(crate) struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What somebody reads next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    Events(Vec<Arc<LiveEvent>>),
    /// Some are not kept any more: read the state again, and go on from here.
    Missed {
        now: i64,
    },
}

impl Default for Events {
    fn default() -> Self {
        Self::new()
    }
}

impl Events {
    pub fn new() -> Self {
        Self {
            kept: Arc::default(),
            newest: watch::Sender::new(0),
            dropped: Arc::default(),
            listeners: Arc::default(),
        }
    }

    /// How many listen to this server.
    pub fn listeners(&self) -> usize {
        self.listeners.load(Ordering::Relaxed)
    }

    pub(crate) fn count_listener(&self) -> Counted {
        self.listeners.fetch_add(1, Ordering::Relaxed);
        Counted(Arc::clone(&self.listeners))
    }

    /// The number of the newest event.
    pub fn newest(&self) -> i64 {
        *self.newest.borrow()
    }

    /// Sees every change of the newest number.
    pub fn subscribe(&self) -> watch::Receiver<i64> {
        self.newest.subscribe()
    }

    /// What came after `after`, at most `limit`, of whatever tenant and topic.
    pub fn after(&self, after: i64, limit: usize) -> Next {
        let kept = self.kept.read();
        if after > 0 && after < self.dropped.load(Ordering::Acquire) {
            return Next::Missed { now: self.newest() };
        }
        let from = kept.partition_point(|event| event.seq <= after);
        Next::Events(kept.range(from..).take(limit).cloned().collect())
    }

    /// Passes on what the outbox gets until the server shuts down.
    pub(crate) async fn follow(self, store: Store, closing: CancellationToken) {
        let mut wakes = store.outbox().subscribe();
        let mut read = None;
        loop {
            let looked = self.look(&store, read).await;
            match looked {
                Ok(newest) => read = Some(newest),
                Err(error) => tracing::warn!(%error, "events wait for the database"),
            }
            tokio::select! {
                () = closing.cancelled() => return,
                _ = wakes.changed() => tokio::time::sleep(GATHER).await,
                () = tokio::time::sleep(POLL) => {}
            }
            wakes.mark_unchanged();
        }
    }

    /// Reads what is new. The first look only finds out where the end is, and keeps what is near it.
    async fn look(
        &self,
        store: &Store,
        read: Option<i64>,
    ) -> Result<i64, casare_store::DatabaseError> {
        let mut newest = match read {
            Some(newest) => newest,
            None => store
                .newest_told()
                .await?
                .saturating_sub(KEPT as i64)
                .max(0),
        };
        loop {
            let told = store.told(newest, CHUNK).await?;
            let Some(last) = told.last() else {
                return Ok(newest);
            };
            newest = last.seq;
            let events: Vec<Arc<LiveEvent>> = told
                .into_iter()
                .map(|told| Arc::new(event_of(told)))
                .collect();
            {
                let mut kept = self.kept.write();
                let excess = (kept.len() + events.len()).saturating_sub(KEPT);
                let drained = excess.min(kept.len());
                if let Some(last) = kept.drain(..drained).next_back() {
                    self.dropped.store(last.seq, Ordering::Release);
                }
                kept.extend(events);
            }
            self.newest.send_replace(newest);
        }
    }
}

/// The queue tells of many jobs at a time, in short.
fn event_of(told: Told) -> LiveEvent {
    let data = match (told.topic.as_str(), told.payload.0) {
        ("jobs", Value::Array(jobs)) => {
            let jobs: Vec<Value> = jobs
                .into_iter()
                .map(|job| json!({ "job": job[0], "state": job[1], "workflow": job[2] }))
                .collect();
            json!({ "jobs": jobs })
        }
        (_, payload) => payload,
    };
    LiveEvent {
        seq: told.seq,
        tenant: told.tenant_id,
        topic: told.topic,
        at: told.at,
        data,
    }
}

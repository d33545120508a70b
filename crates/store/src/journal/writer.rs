//! Writing a run's records: many appends, one commit.
//!
//! Appending copies bytes into a buffer. A thread of its own commits the buffer as one segment: it
//! keeps its pace when the interpreter gives the async runtime no moment to breathe.

use std::{
    fmt, mem,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use futures::executor::block_on;
use parking_lot::{Condvar, Mutex};
use sqlx::Connection;
use tokio::sync::watch;
use uuid::Uuid;

use super::{connections::JournalFile, packed::Packed, statements};
use crate::StoreError;

/// How long records may wait for company while nobody waits for them.
const PACE: Duration = Duration::from_millis(3);

/// A segment is ended by the append that fills it to this. Reading a run takes this much memory.
const SEGMENT: usize = 256 * 1024;

/// Buffers that grew larger are given back to the system.
const KEPT_BUFFER: usize = 1024 * 1024;

/// Which end a commit survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The end of this process, `kill -9` included: the bytes are with the operating system.
    Process,
    /// Power failure too: the bytes are on the disk.
    Power,
}

/// Writes the records of one run, in the order of the appends. Clones write to the same buffer.
///
/// When the last clone is dropped without [`JournalWriter::close`], what is pending is still
/// committed, if the process lives long enough.
#[derive(Clone)]
pub struct JournalWriter {
    shared: Arc<Shared>,
    _alive: Arc<Alive>,
}

impl JournalWriter {
    pub(super) fn start(file: Arc<JournalFile>, run: Uuid) -> Self {
        let shared = Arc::new(Shared {
            run,
            queue: Mutex::default(),
            work: Condvar::new(),
            progress: watch::Sender::new(Progress::default()),
        });
        let path = file.path.clone();
        let worker = Worker {
            shared: Arc::clone(&shared),
            file,
        };
        let started = thread::Builder::new()
            .name("journal".to_owned())
            .stack_size(512 * 1024)
            .spawn(move || worker.work());
        if let Err(error) = started {
            shared.fail(StoreError::from_io(
                &path,
                "starting a thread for it",
                error,
            ));
        }
        Self {
            _alive: Arc::new(Alive(Arc::clone(&shared))),
            shared,
        }
    }

    /// Appends what `write` adds to the buffer; it must not touch what is already there.
    ///
    /// The bytes stay together: [`super::Journal::segments`] never splits them. After a failed
    /// commit, and after the writer was closed, they are dropped and the next flush says so.
    pub fn append(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut queue = self.shared.queue.lock();
        if queue.refuses {
            queue.dropped = true;
            return;
        }
        let start = queue.bytes.len();
        // What a panic leaves half-written must not be taken for a record.
        let mut entry = Entry {
            bytes: &mut queue.bytes,
            start,
            complete: false,
        };
        write(entry.bytes);
        entry.complete = true;
        drop(entry);

        let end = queue.bytes.len();
        queue.appended += (end - start) as u64;
        if end - queue.cuts.last().copied().unwrap_or(0) >= SEGMENT {
            queue.cuts.push(end);
        }
        if queue.idle && end > 0 {
            queue.idle = false;
            self.shared.work.notify_one();
        }
    }

    /// Waits until all that was appended before is committed with this durability.
    ///
    /// Dropping the future changes nothing: the commit goes on.
    ///
    /// # Errors
    ///
    /// The error of the first commit that failed; nothing is acknowledged after it. `Closed` when
    /// records were appended after the writer was closed.
    pub async fn flush(&self, durability: Durability) -> Result<(), StoreError> {
        let run = self.shared.run;
        let mut progress = self.shared.progress.subscribe();
        let target = {
            let mut queue = self.shared.queue.lock();
            let target = queue.appended;
            if progress.borrow().answer(run, target, durability).is_none() {
                queue.wanted = queue.wanted.max(target);
                if durability == Durability::Power {
                    queue.wanted_on_disk = queue.wanted_on_disk.max(target);
                }
                queue.idle = false;
                self.shared.work.notify_one();
            }
            if queue.dropped && self.failed().is_none() {
                return Err(StoreError::Closed { run });
            }
            target
        };
        let reached = progress
            .wait_for(|progress| progress.answer(run, target, durability).is_some())
            .await;
        reached
            .ok()
            .and_then(|progress| progress.answer(run, target, durability))
            .unwrap_or(Err(StoreError::Closed { run }))
    }

    /// Bytes that were appended but are not committed yet. Flush before going on when there are
    /// more than a few MiB: they are memory.
    pub fn backlog(&self) -> usize {
        let appended = self.shared.queue.lock().appended;
        (appended - self.shared.progress.borrow().committed) as usize
    }

    /// Why commits fail, if one did.
    pub fn failed(&self) -> Option<StoreError> {
        self.shared.progress.borrow().failed.clone()
    }

    /// Flushes with [`Durability::Process`], and ends the writer for all its clones.
    pub async fn close(self) -> Result<(), StoreError> {
        let flushed = self.flush(Durability::Process).await;
        let mut progress = self.shared.progress.subscribe();
        self.shared.stop();
        // The sender lives as long as `self`, so this can only mean that it ended.
        let _ = progress.wait_for(|progress| progress.ended).await;
        flushed
    }
}

impl fmt::Debug for JournalWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournalWriter")
            .field("run", &self.shared.run)
            .field("backlog", &self.backlog())
            .finish_non_exhaustive()
    }
}

/// Ends the worker when the last writer goes.
struct Alive(Arc<Shared>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// A record while it is appended.
struct Entry<'a> {
    bytes: &'a mut Vec<u8>,
    start: usize,
    complete: bool,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        if !self.complete {
            self.bytes.truncate(self.start);
        }
    }
}

/// What writers and worker share.
struct Shared {
    run: Uuid,
    queue: Mutex<Queue>,
    /// Wakes the worker.
    work: Condvar,
    /// Wakes those who flush.
    progress: watch::Sender<Progress>,
}

/// What is to be written. Amounts count all bytes since the writer started.
#[derive(Default)]
struct Queue {
    bytes: Vec<u8>,
    /// Where segments end within `bytes`, apart from its end.
    cuts: Vec<usize>,
    appended: u64,
    /// Someone waits for this much to be committed,
    wanted: u64,
    /// and for this much to be on the disk.
    wanted_on_disk: u64,
    /// The worker waits for the first record.
    idle: bool,
    /// No writer is left, or it was closed.
    stopping: bool,
    /// Records are dropped, since a commit failed or the writer is closed,
    refuses: bool,
    /// and one was.
    dropped: bool,
}

/// How far the worker got.
#[derive(Debug, Default)]
struct Progress {
    committed: u64,
    on_disk: u64,
    failed: Option<StoreError>,
    ended: bool,
}

impl Progress {
    /// What to tell someone who waits for `target`; `None`: wait on.
    fn answer(
        &self,
        run: Uuid,
        target: u64,
        durability: Durability,
    ) -> Option<Result<(), StoreError>> {
        let reached = match durability {
            Durability::Process => self.committed,
            Durability::Power => self.on_disk,
        };
        match &self.failed {
            Some(error) => Some(Err(error.clone())),
            None if reached >= target => Some(Ok(())),
            None => self.ended.then_some(Err(StoreError::Closed { run })),
        }
    }
}

impl Shared {
    fn stop(&self) {
        let mut queue = self.queue.lock();
        queue.stopping = true;
        queue.refuses = true;
        self.work.notify_one();
    }

    /// Reports `error` to all who wait or will wait, and takes no more records.
    fn fail(&self, error: StoreError) {
        let mut queue = self.queue.lock();
        queue.refuses = true;
        queue.bytes = Vec::new();
        queue.cuts = Vec::new();
        drop(queue);
        self.progress.send_modify(|progress| {
            progress.failed = Some(error);
            progress.ended = true;
        });
    }
}

/// What one commit writes.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    cuts: Vec<usize>,
    /// All that was appended, when this is written.
    appended: u64,
}

/// The thread that commits.
struct Worker {
    shared: Arc<Shared>,
    file: Arc<JournalFile>,
}

impl Worker {
    fn work(self) {
        // Or those who flush would wait for ever for a worker that panicked.
        let _ended = Ended(&self.shared);
        let mut batch = Batch::default();
        while let Some(durability) = self.next(&mut batch) {
            if let Err(error) = block_on(self.commit(&batch, durability)) {
                tracing::error!(run = %self.shared.run, %error, "the journal cannot be written");
                self.shared.fail(error);
                return;
            }
            self.shared.progress.send_modify(|progress| {
                progress.committed = batch.appended;
                if durability == Durability::Power {
                    progress.on_disk = batch.appended;
                }
            });
        }
    }

    /// Waits until there is something to commit and takes it; `None` when the work is done.
    fn next(&self, batch: &mut Batch) -> Option<Durability> {
        let mut queue = self.shared.queue.lock();
        let mut deadline = None;
        loop {
            let (committed, on_disk) = {
                let progress = self.shared.progress.borrow();
                (progress.committed, progress.on_disk)
            };
            let power = queue.wanted_on_disk > on_disk;
            let due = queue.wanted > committed || queue.stopping;
            if power || (due && !queue.bytes.is_empty()) {
                return Some(take(&mut queue, batch, power));
            }
            if queue.stopping {
                return None;
            }
            if queue.bytes.is_empty() {
                queue.idle = true;
                self.shared.work.wait(&mut queue);
                queue.idle = false;
            } else {
                let deadline = *deadline.get_or_insert_with(|| Instant::now() + PACE);
                if self
                    .shared
                    .work
                    .wait_until(&mut queue, deadline)
                    .timed_out()
                {
                    return Some(take(&mut queue, batch, false));
                }
            }
        }
    }

    async fn commit(&self, batch: &Batch, durability: Durability) -> Result<(), StoreError> {
        let failed = |error| self.file.failed("writing records", error);
        let run = &self.shared.run.as_bytes()[..];
        let segments = segments(batch);
        let mut writing = self.file.write(durability).await?;
        let connection = &mut writing.connection;
        let changed = match segments.len() {
            0 => sqlx::query(statements::TOUCH_RUN)
                .bind(run)
                .execute(connection)
                .await
                .map_err(failed)?
                .rows_affected(),
            1 => insert(connection, run, segments).await.map_err(failed)?,
            _ => {
                let mut transaction = connection
                    .begin_with(statements::BEGIN)
                    .await
                    .map_err(failed)?;
                let changed = insert(&mut transaction, run, segments)
                    .await
                    .map_err(failed)?;
                transaction.commit().await.map_err(failed)?;
                changed
            }
        };
        if changed == 0 {
            let run = self.shared.run.to_string();
            return Err(StoreError::NoSuchRun { run });
        }
        Ok(())
    }
}

struct Ended<'a>(&'a Shared);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.queue.lock();
        let orderly = queue.stopping || queue.refuses;
        queue.refuses = true;
        drop(queue);
        self.0.progress.send_modify(|progress| {
            progress.ended = true;
            if !orderly && progress.failed.is_none() {
                progress.failed = Some(StoreError::Closed { run: self.0.run });
            }
        });
    }
}

/// Moves what is pending from `queue` to `batch`, and leaves the room that `batch` had.
fn take(queue: &mut Queue, batch: &mut Batch, power: bool) -> Durability {
    batch.bytes.clear();
    batch.bytes.shrink_to(KEPT_BUFFER);
    batch.cuts.clear();
    mem::swap(&mut queue.bytes, &mut batch.bytes);
    mem::swap(&mut queue.cuts, &mut batch.cuts);
    batch.appended = queue.appended;
    if power {
        Durability::Power
    } else {
        Durability::Process
    }
}

fn segments(batch: &Batch) -> Vec<Packed> {
    let mut segments = Vec::with_capacity(batch.cuts.len() + 1);
    let mut start = 0;
    for end in batch.cuts.iter().copied().chain([batch.bytes.len()]) {
        if end > start {
            segments.push(Packed::new(&batch.bytes[start..end]));
            start = end;
        }
    }
    segments
}

async fn insert(
    connection: &mut sqlx::SqliteConnection,
    run: &[u8],
    segments: Vec<Packed>,
) -> Result<u64, sqlx::Error> {
    let mut changed = 0;
    for segment in segments {
        changed += sqlx::query(statements::INSERT_SEGMENT)
            .bind(run)
            .bind(segment.length)
            .bind(segment.bytes)
            .execute(&mut *connection)
            .await?
            .rows_affected();
    }
    Ok(changed)
}

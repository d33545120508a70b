//! What robots tell is written down together: one unit of work for all that came while the one before was under way.

use std::{borrow::Cow, collections::HashMap, time::Duration};

use casare_queue::{Lease, Renewal};
use casare_store::{RobotId, RunEventRow, TenantId};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::connection::LATE;
use crate::{Orchestrator, OrchestratorError};

/// Entries of one unit of work.
const MOST: usize = 256;
/// Events of one unit of work: those of one entry may be more.
const MOST_EVENTS: usize = 2_000;

/// Something to write down.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    /// A run has begun.
    Started(Lease),
    /// This happened in a run.
    Events(Happened),
    /// A robot is there, and has these.
    Beat { robot: RobotId, held: Vec<Lease> },
}

/// What happened in a run.
#[derive(Debug, Clone)]
pub(super) struct Happened {
    pub(super) tenant: TenantId,
    pub(super) lease: Lease,
    pub(super) rows: Vec<RunEventRow>,
    /// For those who listen.
    pub(super) told: Value,
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Written {
    Started {
        begun: bool,
    },
    /// How long the robot has the job for certain; nothing when it has it no more.
    Events {
        left: Option<Duration>,
    },
    Beat(Vec<(Lease, Renewal)>),
}

type Answer = Result<Written, OrchestratorError>;
type Asked = (Entry, oneshot::Sender<Answer>);

/// Where connections hand over what is to be written down.
#[derive(Debug)]
pub(super) struct Ledger {
    entries: mpsc::Sender<Asked>,
    /// Until somebody writes.
    unserved: Mutex<Option<mpsc::Receiver<Asked>>>,
}

impl Default for Ledger {
    fn default() -> Self {
        let (entries, receiver) = mpsc::channel(MOST);
        Self {
            entries,
            unserved: Mutex::new(Some(receiver)),
        }
    }
}

impl Ledger {
    /// Writes an entry down; it is on the disk when this answers.
    pub(super) async fn write(&self, entry: Entry) -> Answer {
        let (sender, answer) = oneshot::channel();
        let closed = || OrchestratorError::Closing;
        self.entries
            .send((entry, sender))
            .await
            .map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

/// Writes down what is handed over, until the server shuts down and all is written.
pub(super) async fn write_forever(server: Orchestrator) {
    let Some(mut receiver) = server.hub.ledger.unserved.lock().take() else {
        return;
    };
    let mut asked: Vec<Asked> = Vec::with_capacity(MOST);
    loop {
        tokio::select! {
            biased;
            count = receiver.recv_many(&mut asked, MOST) => if count == 0 { return },
            () = server.closing.cancelled(), if !receiver.is_closed() => receiver.close(),
        }
        while !asked.is_empty() {
            let rest = asked.split_off(fitting(&asked));
            let (entries, senders): (Vec<Entry>, Vec<oneshot::Sender<Answer>>) =
                std::mem::replace(&mut asked, rest).into_iter().unzip();
            let answers = write_all(&server, entries).await;
            for (sender, answer) in senders.into_iter().zip(answers) {
                // Whoever asked may have gone; what was written stays.
                let _ = sender.send(answer);
            }
        }
    }
}

/// How many of the first entries go together.
fn fitting(asked: &[Asked]) -> usize {
    let mut events = 0;
    let beyond = asked.iter().position(|(entry, _)| {
        if let Entry::Events(happened) = entry {
            events += happened.rows.len();
        }
        events > MOST_EVENTS
    });
    beyond.unwrap_or(asked.len()).max(1)
}

/// All together; if that fails, each alone, so that one which can't be written holds up none of the others.
async fn write_all(server: &Orchestrator, entries: Vec<Entry>) -> Vec<Answer> {
    match write_together(server, &entries).await {
        Ok(written) => written.into_iter().map(Ok).collect(),
        Err(error) if entries.len() == 1 => vec![Err(error)],
        Err(_) => {
            let mut answers = Vec::with_capacity(entries.len());
            for entry in entries {
                let alone = write_together(server, &[entry]).await;
                answers.push(alone.and_then(|written| {
                    let one = written.into_iter().next();
                    one.ok_or(OrchestratorError::Closing)
                }));
            }
            answers
        }
    }
}

async fn write_together(
    server: &Orchestrator,
    entries: &[Entry],
) -> Result<Vec<Written>, OrchestratorError> {
    let (store, queue) = (&server.store, &server.queue);
    let started: Vec<Lease> = entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::Started(lease) => Some(*lease),
            _ => None,
        })
        .collect();
    let happened: Vec<&Happened> = entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::Events(happened) => Some(happened),
            _ => None,
        })
        .collect();
    let (mut robots, mut beaten) = (Vec::new(), Vec::new());
    for entry in entries {
        if let Entry::Beat { robot, held } = entry {
            robots.push(*robot);
            beaten.extend_from_slice(held);
        }
    }
    let mut work = store.begin().await?;
    let lost = if started.is_empty() {
        Vec::new()
    } else {
        queue.start_in(work.link(), &started).await?
    };
    let mut left = HashMap::new();
    if !happened.is_empty() {
        let leases: Vec<Lease> = happened.iter().map(|one| one.lease).collect();
        left = queue.hold(work.link(), &leases).await?;
        let rows: Vec<_> = happened
            .iter()
            .map(|one| (one, marked(one, left.contains_key(&one.lease))))
            .collect();
        let events = rows
            .iter()
            .map(|(one, rows)| (one.tenant, one.lease.run(), rows.as_ref()));
        store.add_events(&mut work, events).await?;
        let told = happened
            .iter()
            .filter(|one| !one.rows.is_empty())
            .map(|one| {
                (
                    one.tenant,
                    format!("runs/{}", one.lease.run()),
                    one.told.clone(),
                )
            });
        work.tell_all(told, queue.now()).await?;
    }
    let mut renewed = Vec::new().into_iter();
    if !robots.is_empty() {
        store.robots_seen(&mut work, &robots).await?;
        if !beaten.is_empty() {
            renewed = queue.renew_in(work.link(), &beaten).await?.into_iter();
        }
    }
    work.commit().await?;
    Ok(entries
        .iter()
        .map(|entry| match entry {
            Entry::Started(lease) => Written::Started {
                begun: !lost.contains(lease),
            },
            Entry::Events(happened) => Written::Events {
                left: left.get(&happened.lease).copied(),
            },
            Entry::Beat { held, .. } => Written::Beat(renewed.by_ref().take(held.len()).collect()),
        })
        .collect())
}

/// The events, each marked when the robot has lost the job: another attempt may have gone on from what was known
/// before, and these are no part of its story.
fn marked(happened: &Happened, holds: bool) -> Cow<'_, [RunEventRow]> {
    if holds {
        return happened.rows.as_slice().into();
    }
    let mut rows = happened.rows.clone();
    for row in &mut rows {
        if let Some(event) = row.event.0.as_object_mut() {
            event.insert(LATE.to_owned(), true.into());
        }
    }
    rows.into()
}

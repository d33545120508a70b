//! What is said to one robot, and what it says.

use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use casare_access::RobotIdentity;
use casare_queue::{JobError, Lease, Outcome, QueueError, Renewal, Stop};
use casare_store::{JobId, Moment, RunEventRow, RunId, TenantId};
use casare_tunnel::{self as tunnel, FromRobot, FromServer, Given, Hello, PROTOCOL, Welcome};
use futures::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use sqlx::types::Json;
use tokio::sync::{Notify, mpsc, watch};

use super::{
    Line, leasing,
    ledger::{Entry, Happened, Written},
};
use crate::{Orchestrator, OrchestratorError, problem::chain};

/// Messages that may wait for a robot.
const BACKLOG: usize = 256;
/// How long a robot may take to say hello, and to take a message.
const PATIENCE: Duration = Duration::from_secs(20);
/// A lease is renewed so many times before it would run out.
const BEATS: u32 = 3;
/// Marks events that came after the robot had lost the job.
pub(super) const LATE: &str = "late";
/// Events of a batch go to listeners whole up to so many bytes.
const MOST_TOLD: usize = 32 << 10;

/// The jobs that a robot has by this connection.
#[derive(Debug, Default)]
pub(super) struct Mine(Mutex<HashMap<tunnel::Lease, Held>>);

#[derive(Debug, Clone)]
struct Held {
    environment: Option<String>,
    next: u64,
}

impl Mine {
    pub(super) fn add(&self, lease: tunnel::Lease, environment: Option<String>, next: u64) {
        self.0.lock().insert(lease, Held { environment, next });
    }

    fn get(&self, lease: tunnel::Lease) -> Option<Held> {
        self.0.lock().get(&lease).cloned()
    }
}

pub(super) fn stop_of(lease: Lease, stop: Stop) -> FromServer {
    FromServer::Stop {
        // The robot knows its jobs by their leases; whose they are makes no difference to it.
        lease: tunnel::Lease {
            tenant: uuid::Uuid::nil(),
            job: lease.job.0,
            epoch: lease.epoch,
        },
        stop: match stop {
            Stop::Cancel => tunnel::Stop::Cancel,
            Stop::Kill => tunnel::Stop::Kill,
        },
    }
}

fn lease_of(lease: tunnel::Lease) -> Lease {
    Lease {
        job: JobId(lease.job),
        epoch: lease.epoch,
    }
}

fn run_of(lease: tunnel::Lease) -> RunId {
    lease_of(lease).run()
}

/// A robot that is connected.
struct Talk {
    server: Orchestrator,
    robot: RobotIdentity,
    line: Line,
    wanted: watch::Sender<u32>,
    mine: Arc<Mine>,
}

/// Speaks with a robot until one of the two goes.
pub(super) async fn talk(server: Orchestrator, robot: RobotIdentity, socket: WebSocket) {
    let (mut sink, mut stream) = socket.split();
    let hello = tokio::time::timeout(PATIENCE, hear(&mut stream)).await;
    let Ok(Some(FromRobot::Hello(hello))) = hello else {
        return refuse(&mut sink, "a robot says hello first").await;
    };
    if hello.protocol != PROTOCOL {
        let why = format!(
            "this server speaks version {PROTOCOL} of the protocol, the robot {}: update the older one",
            hello.protocol
        );
        return refuse(&mut sink, &why).await;
    }
    let (out, waiting) = mpsc::channel(BACKLOG);
    let writing = tokio::spawn(write(sink, waiting));
    let talk = Talk {
        line: Line {
            out,
            changed: Arc::new(Notify::new()),
        },
        wanted: watch::Sender::new(0),
        mine: Arc::default(),
        server,
        robot,
    };
    if let Err(error) = talk.go_on(hello, &mut stream).await {
        tracing::warn!(robot = %robot.id, error = %chain(&error), "a robot is let go; it comes again");
    }
    talk.server.hub.leave(robot.id, &talk.line);
    writing.abort();
}

async fn refuse(sink: &mut SplitSink<WebSocket, Message>, why: &str) {
    let close = CloseFrame {
        code: 1008,
        reason: Utf8Bytes::from(why.to_owned()),
    };
    // It may have gone already.
    let _ = sink.send(Message::Close(Some(close))).await;
}

async fn write(mut sink: SplitSink<WebSocket, Message>, mut waiting: mpsc::Receiver<FromServer>) {
    while let Some(message) = waiting.recv().await {
        let text = serde_json::to_string(&message).unwrap_or_default();
        let sent = sink.send(Message::Text(Utf8Bytes::from(text)));
        if !matches!(tokio::time::timeout(PATIENCE, sent).await, Ok(Ok(()))) {
            return;
        }
    }
}

/// The next message; `None` when the robot has gone or says what is none.
async fn hear(stream: &mut SplitStream<WebSocket>) -> Option<FromRobot> {
    loop {
        match stream.next().await?.ok()? {
            Message::Text(text) => return serde_json::from_str(&text).ok(),
            Message::Close(_) => return None,
            _ => {}
        }
    }
}

impl Talk {
    async fn say(&self, message: FromServer) {
        // A robot that has gone hears it when it comes again.
        let _ = self.line.out.send(message).await;
    }

    async fn go_on(
        &self,
        hello: Hello,
        stream: &mut SplitStream<WebSocket>,
    ) -> Result<(), OrchestratorError> {
        let server = &self.server;
        server
            .store
            .robot_connected(self.robot.id, &hello.capabilities, &hello.version)
            .await?;
        self.tell_robots(&json!({ "robot": self.robot.id, "connected": true }))
            .await?;
        self.welcome(hello.leases).await?;
        server.hub.enter(self.robot.id, self.line.clone());
        let leasing = leasing::lease_forever(
            server.clone(),
            self.robot.id,
            self.line.clone(),
            self.wanted.subscribe(),
            Arc::clone(&self.mine),
        );
        server.tasks.spawn(leasing);
        // It has gone, whatever its connection says: its leases have run out.
        let silent = server.queue.settings().lease;
        loop {
            let heard = tokio::select! {
                () = server.closing.cancelled() => return Ok(()),
                () = self.line.out.closed() => return Ok(()),
                heard = tokio::time::timeout(silent, hear(stream)) => heard,
            };
            match heard {
                Ok(Some(message)) => self.heard(message).await?,
                Ok(None) | Err(_) => return Ok(()),
            }
        }
    }

    async fn tell_robots(&self, what: &Value) -> Result<(), OrchestratorError> {
        let mut work = self.server.store.begin().await?;
        work.tell(
            self.robot.tenant,
            "robots",
            what.clone(),
            self.server.queue.now(),
        )
        .await?;
        work.commit().await?;
        Ok(())
    }

    async fn welcome(&self, leases: Vec<tunnel::Lease>) -> Result<(), OrchestratorError> {
        let store = &self.server.store;
        let record = store.robot(self.robot.id).await?;
        let Some(record) = record else { return Ok(()) };
        let mut next = Vec::new();
        for lease in leases {
            if !self.had(lease).await? {
                continue;
            }
            let tenant = store.tenant(TenantId(lease.tenant));
            let wanted = tenant.next_event(run_of(lease)).await?;
            let wanted = u64::try_from(wanted).unwrap_or_default();
            self.mine.add(lease, None, wanted);
            next.push((lease, wanted));
        }
        self.say(FromServer::Welcome(Welcome {
            robot: record.id.0,
            name: record.name,
            status: record.status,
            slots: u32::try_from(record.slots).unwrap_or(1),
            beat_ms: u64::try_from((self.server.queue.settings().lease / BEATS).as_millis())
                .unwrap_or(10_000),
            next,
        }))
        .await;
        Ok(())
    }

    /// Whether this robot was given this lease.
    async fn had(&self, lease: tunnel::Lease) -> Result<bool, OrchestratorError> {
        let tenant = TenantId(lease.tenant);
        if self.robot.tenant.is_some_and(|own| own != tenant) {
            return Ok(false);
        }
        match self.server.queue.job(tenant, JobId(lease.job)).await {
            Ok(story) => Ok(story.attempts.iter().any(|attempt| {
                attempt.epoch == lease.epoch && attempt.robot == Some(self.robot.id)
            })),
            Err(QueueError::NoSuchJob { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn heard(&self, message: FromRobot) -> Result<(), OrchestratorError> {
        match message {
            FromRobot::Want { count } => {
                self.wanted.send_replace(count);
            }
            FromRobot::Started { lease } => {
                let entry = Entry::Started(lease_of(lease));
                if let Written::Started { begun: false } = self.write(entry).await? {
                    self.say(FromServer::Lost { lease }).await;
                }
            }
            FromRobot::Events(events) => self.keep(events).await?,
            FromRobot::Ended { lease, outcome } => self.ended(lease, outcome).await?,
            FromRobot::Beat { held, load } => {
                self.server.loads.heard(self.robot.id, load);
                self.beat(&held).await?;
            }
            FromRobot::Credential { ask, lease, name } => {
                let given = self.credential(lease, &name).await?;
                self.say(FromServer::Credential { ask, given }).await;
            }
            FromRobot::Hello(_) | FromRobot::Unknown => {}
        }
        Ok(())
    }

    async fn write(&self, entry: Entry) -> Result<Written, OrchestratorError> {
        self.server.hub.ledger.write(entry).await
    }

    async fn keep(&self, batch: tunnel::Events) -> Result<(), OrchestratorError> {
        let lease = batch.lease;
        let Some(held) = self.mine.get(lease) else {
            self.say(FromServer::Lost { lease }).await;
            return Ok(());
        };
        let count = batch.events.len() as u64;
        if batch.first > held.next {
            tracing::error!(robot = %self.robot.id, "a robot has left out events");
            return Ok(());
        }
        let next = held.next.max(batch.first + count);
        let rows: Vec<RunEventRow> = (batch.first..)
            .zip(batch.events)
            .filter(|(seq, _)| *seq >= held.next)
            .map(|(seq, event)| RunEventRow {
                seq: seq.cast_signed(),
                at: event["at"]
                    .as_i64()
                    .map_or_else(|| self.server.queue.now(), Moment::from_micros),
                event: Json(event),
            })
            .collect();
        let mut left_ms = None;
        if !rows.is_empty() || batch.ask.is_some() {
            let entry = Entry::Events(Happened {
                tenant: TenantId(lease.tenant),
                lease: lease_of(lease),
                told: told(lease, next, &rows),
                rows,
            });
            if let Written::Events { left } = self.write(entry).await? {
                left_ms = left.map(|left| u64::try_from(left.as_millis()).unwrap_or(u64::MAX));
            }
            if left_ms.is_none() {
                self.say(FromServer::Lost { lease }).await;
            }
        }
        self.mine.add(lease, held.environment, next);
        let ask = batch.ask;
        self.say(FromServer::Kept {
            lease,
            next,
            ask,
            left_ms,
        })
        .await;
        Ok(())
    }

    async fn ended(
        &self,
        lease: tunnel::Lease,
        outcome: tunnel::Outcome,
    ) -> Result<(), OrchestratorError> {
        match self
            .server
            .queue
            .report(lease_of(lease), outcome_of(outcome))
            .await
        {
            // Somebody else goes on with it; this robot has no more to say about it.
            Ok(_) | Err(QueueError::LeaseLost { .. }) => {}
            Err(error @ QueueError::Invalid { .. }) => {
                let outcome = Outcome::Failed(JobError {
                    kind: casare_queue::ErrorKind::Invalid,
                    message: error.to_string(),
                });
                // The second try says nothing that could be too long.
                let _ = self.server.queue.report(lease_of(lease), outcome).await;
            }
            Err(error) => return Err(error.into()),
        }
        self.mine.0.lock().remove(&lease);
        self.say(FromServer::Settled { lease }).await;
        Ok(())
    }

    async fn beat(&self, held: &[tunnel::Lease]) -> Result<(), OrchestratorError> {
        let entry = Entry::Beat {
            robot: self.robot.id,
            held: held.iter().copied().map(lease_of).collect(),
        };
        let Written::Beat(renewed) = self.write(entry).await? else {
            return Ok(());
        };
        for (lease, (known, renewal)) in held.iter().zip(renewed) {
            match renewal {
                Renewal::Lost => self.say(FromServer::Lost { lease: *lease }).await,
                Renewal::Held {
                    stop: Some(stop), ..
                } => self.say(stop_of(known, stop)).await,
                Renewal::Held { .. } => {}
            }
        }
        Ok(())
    }

    async fn credential(
        &self,
        lease: tunnel::Lease,
        name: &str,
    ) -> Result<Given, OrchestratorError> {
        let Some(held) = self.mine.get(lease) else {
            return Ok(Given::Refused {
                why: "the robot has this job no more".to_owned(),
            });
        };
        let tenant = TenantId(lease.tenant);
        let environment = held.environment.unwrap_or_default();
        let found = self
            .server
            .vault
            .resolve(tenant, &environment, name)
            .await?;
        let Some(fields) = found else {
            return Ok(Given::Nothing);
        };
        let store = self.server.store.tenant(tenant);
        let mut work = store.begin().await?;
        let details = json!({ "job": lease.job, "environment": environment });
        let actor = format!("robot:{}", self.robot.id);
        store
            .audit(&mut work, &actor, "credential.use", name, &details)
            .await?;
        work.commit().await?;
        let fields = fields
            .into_iter()
            .map(|(name, value)| {
                (
                    name,
                    secrecy::ExposeSecret::expose_secret(&value).to_owned(),
                )
            })
            .collect();
        Ok(Given::Fields { fields })
    }
}

/// What listeners hear of new events: the events themselves, unless they are long.
fn told(lease: tunnel::Lease, next: u64, rows: &[RunEventRow]) -> Value {
    let mut told = json!({ "job": lease.job, "next": next });
    let events: Vec<Value> = rows
        .iter()
        .map(|row| json!({ "seq": row.seq, "event": row.event.0 }))
        .collect();
    let events = Value::Array(events);
    if events.to_string().len() <= MOST_TOLD {
        told["events"] = events;
    }
    told
}

fn outcome_of(outcome: tunnel::Outcome) -> Outcome {
    match outcome {
        tunnel::Outcome::Succeeded { outputs } => Outcome::Succeeded {
            outputs: Some(outputs),
        },
        tunnel::Outcome::Failed { kind, message } => Outcome::Failed(JobError {
            kind: kind.parse().unwrap_or(casare_queue::ErrorKind::Bug),
            message,
        }),
        tunnel::Outcome::Cancelled => Outcome::Cancelled,
        tunnel::Outcome::Suspended { question } => Outcome::Suspended {
            until: None,
            waits_for: question,
        },
        tunnel::Outcome::NeedsDecision { question } => Outcome::NeedsDecision { question },
        tunnel::Outcome::Released { why } => {
            tracing::warn!(why, "a robot gives a job back");
            Outcome::Released
        }
    }
}

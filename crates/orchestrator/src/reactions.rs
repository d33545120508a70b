//! What follows from what happened: webhooks to send, and runs that start when others have ended.
//!
//! One server at a time reads on in the outbox. How far it is stands in the database, and moves on
//! in the unit of work that writes down what follows: each event is seen once, whoever dies.

use std::time::Duration;

use casare_queue::JobState;
use casare_store::{
    DatabaseError, JobId, Moment, Store, Told, WorkflowId, execute, fetch_optional, new_uuid, row,
    statements,
};
use serde_json::{Value, json};

use crate::{
    Orchestrator, OrchestratorError, hooks,
    problem::chain,
    triggers::{self, Arrival},
};

const POLL: Duration = Duration::from_secs(2);
const GATHER: Duration = Duration::from_millis(20);
const CHUNK: u32 = 500;
const NAME: &str = "reactions";

row! {
    struct Place {
        seq: i64,
    }
}

statements! {
    PLACE: "SELECT seq FROM outbox_readers WHERE name = $1";
    BEGIN_READING: "INSERT INTO outbox_readers (name, seq) VALUES ($1, $2)
        ON CONFLICT (name) DO NOTHING";
    /// Only from where this server was: another one may have been quicker.
    READ_ON: "UPDATE outbox_readers SET seq = $3 WHERE name = $1 AND seq = $2";
}

/// Reacts until the server shuts down.
pub(crate) async fn react_forever(server: Orchestrator) {
    let mut wakes = server.store.outbox().subscribe();
    loop {
        wakes.mark_unchanged();
        match server.react().await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(error = %chain(&error), "reactions wait for the database"),
        }
        tokio::select! {
            () = server.closing.cancelled() => return,
            _ = wakes.changed() => tokio::time::sleep(GATHER).await,
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

/// One thing that happened, as hooks and triggers name it.
struct Happening {
    event: String,
    payload: Value,
    /// For the ends of jobs.
    ended: Option<(JobId, WorkflowId, JobState)>,
}

async fn place(store: &Store) -> Result<i64, DatabaseError> {
    let mut reader = store.reader().await?;
    if let Some(place) = fetch_optional!(reader.link(), Place, PLACE, NAME)? {
        return Ok(place.seq);
    }
    drop(reader);
    let newest = store.newest_told().await?;
    let mut work = store.begin().await?;
    execute!(work.link(), BEGIN_READING, NAME, newest)?;
    work.commit().await?;
    Ok(newest)
}

impl Orchestrator {
    /// Sees to what follows from some events; answers whether there are more.
    async fn react(&self) -> Result<bool, OrchestratorError> {
        let from = place(&self.store).await?;
        let told = self.store.told(from, CHUNK).await?;
        let Some(last) = told.last().map(|told| told.seq) else {
            return Ok(false);
        };
        let more = told.len() == CHUNK as usize;
        let hooks = hooks::enabled(&self.store).await?;
        let triggers = triggers::finished_of(&self.store).await?;
        let now = self.queue.now();
        let mut deliveries = Vec::new();
        for one in &told {
            let Some(tenant) = one.tenant_id else {
                continue;
            };
            for happening in happenings(one) {
                for hook in hooks.iter().filter(|hook| hook.tenant_id == tenant) {
                    if hook.wants(&happening.event) {
                        deliveries.push((hook, happening.event.clone(), happening.payload.clone()));
                    }
                }
                let waiting = triggers.iter().filter(|trigger| trigger.tenant == tenant);
                for trigger in waiting {
                    self.follow_up(trigger, &happening).await?;
                }
            }
        }
        let mut work = self.store.begin().await?;
        if execute!(work.link(), READ_ON, NAME, from, last)? == 0 {
            return Ok(true);
        }
        for (hook, event, payload) in deliveries {
            hook.tell(&mut work, new_uuid(now), &event, &payload, now)
                .await?;
        }
        work.commit().await?;
        Ok(more)
    }

    /// Starts what waits for this end of a run. The key makes it one run, however often it is seen.
    async fn follow_up(
        &self,
        waiting: &triggers::Armed,
        happening: &Happening,
    ) -> Result<(), OrchestratorError> {
        let Some((job, workflow, state)) = happening.ended else {
            return Ok(());
        };
        if !waiting.waits_for(workflow, state.name()) {
            return Ok(());
        }
        let Ok(story) = self.queue.job(waiting.tenant, job).await else {
            return Ok(());
        };
        let arrival = Arrival {
            came: json!({
                "job": job, "workflow": workflow, "state": state,
                "inputs": story.inputs, "outputs": story.outputs, "body": story.outputs,
            }),
            key: Some(job.to_string()),
        };
        match self.arrive(waiting, &arrival).await {
            Err(problem) if problem.status >= 500 => Err(OrchestratorError::Trigger {
                why: problem.detail.clone(),
            }),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

/// What a line of the outbox says happened.
fn happenings(told: &Told) -> Vec<Happening> {
    let at = told.at;
    if told.topic != "jobs" {
        return vec![Happening {
            event: told.topic.clone(),
            payload: json!({ "event": told.topic, "at": at, "data": told.payload.0 }),
            ended: None,
        }];
    }
    let jobs = told.payload.0.as_array().map_or(&[][..], Vec::as_slice);
    jobs.iter()
        .filter_map(|job| job_happening(job, at))
        .collect()
}

fn job_happening(job: &Value, at: Moment) -> Option<Happening> {
    let id: JobId = job[0].as_str()?.parse().ok()?;
    let state: JobState = job[1].as_str()?.parse().ok()?;
    let workflow: WorkflowId = job[2].as_str()?.parse().ok()?;
    let event = format!("job.{}", state.name());
    Some(Happening {
        payload: json!({ "event": event, "at": at, "data": { "job": id, "workflow": workflow, "state": state } }),
        event,
        ended: state.is_end().then_some((id, workflow, state)),
    })
}

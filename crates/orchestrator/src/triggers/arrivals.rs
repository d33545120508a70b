//! What comes to a trigger becomes a run, or waits for more.

use std::time::Duration;

use axum::http::StatusCode;
use casare_store::{
    DatabaseError, JobId, Moment, TenantId, TriggerId, execute, fetch_all, fetch_optional,
    new_uuid, row, statements,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::types::Json;
use uuid::Uuid;

use super::{Armed, anywhere, deliveries::Note, note_delivery};
use crate::{Orchestrator, OrchestratorError, Problem, problem::chain};

/// How long to go without looking for what has waited long enough.
const POLL: Duration = Duration::from_secs(1);
/// Of what was gathered, so many are kept.
const KEPT: usize = 100;
/// A gathering goes on for so many times as long as it waits.
const LONGEST: u32 = 10;

row! {
    struct Gathering {
        id: Uuid,
        came: Json<Gathered>,
    }
    struct DueGathering {
        id: Uuid,
        tenant_id: TenantId,
        trigger_id: TriggerId,
        amount: i64,
        came: Json<Gathered>,
    }
}

statements! {
    GATHERING: "SELECT id, came FROM trigger_gatherings WHERE trigger_id = $1",
        "SELECT id, came FROM trigger_gatherings WHERE trigger_id = $1 FOR UPDATE";
    GATHER: "INSERT INTO trigger_gatherings (trigger_id, tenant_id, id, due_at, amount, came)
        VALUES ($1, $2, $3, $4, 1, $5)
        ON CONFLICT (trigger_id) DO UPDATE SET due_at = excluded.due_at, came = excluded.came,
            amount = trigger_gatherings.amount + 1";
    DUE_GATHERINGS: "SELECT id, tenant_id, trigger_id, amount, came FROM trigger_gatherings
        WHERE due_at <= $1 ORDER BY due_at LIMIT 100";
    /// Unless more came meanwhile.
    END_GATHERING: "DELETE FROM trigger_gatherings WHERE id = $1 AND amount = $2";
}

/// What came so far, the last one last.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Gathered {
    since: Moment,
    all: Vec<Value>,
    /// Of those that have one.
    keys: Vec<String>,
}

/// Something that came to a trigger.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) came: Value,
    /// What comes under the same key is the same.
    pub(crate) key: Option<String>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Became {
    Started(JobId),
    /// It had come before.
    Repeated(JobId),
    /// It waits for more.
    Gathered,
    /// It is none of those that the trigger is for.
    Filtered,
}

impl Became {
    pub(crate) fn job(self) -> Option<JobId> {
        match self {
            Self::Started(job) | Self::Repeated(job) => Some(job),
            Self::Gathered | Self::Filtered => None,
        }
    }

    fn outcome(self) -> &'static str {
        match self {
            Self::Started(_) => "started",
            Self::Repeated(_) => "repeated",
            Self::Gathered => "gathered",
            Self::Filtered => "filtered",
        }
    }
}

/// Starts what has waited long enough for more, until the server shuts down.
pub(crate) async fn gather_forever(server: Orchestrator) {
    loop {
        if let Err(error) = server.end_gatherings().await {
            tracing::warn!(error = %chain(&error), "gathered triggers wait for the database");
        }
        tokio::select! {
            () = server.closing.cancelled() => return,
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

impl Orchestrator {
    /// Sees to what came: the only way from a trigger to a run.
    ///
    /// What the trigger or its workflow can't take is noted as refused, to be tried again by a person.
    ///
    /// # Errors
    ///
    /// Why it was refused; or, with a status of 500 and above, that it could not be seen to now.
    pub(crate) async fn arrive(&self, armed: &Armed, arrival: &Arrival) -> Result<Became, Problem> {
        let became = self.try_arrival(armed, arrival).await;
        let note = match &became {
            Ok(became) => Note {
                outcome: became.outcome(),
                job: became.job(),
                ..Note::default()
            },
            Err(problem) if problem.status >= StatusCode::INTERNAL_SERVER_ERROR.as_u16() => {
                return became;
            }
            Err(problem) => Note {
                outcome: "refused",
                detail: Some(&problem.detail),
                came: Some(&arrival.came),
                ..Note::default()
            },
        };
        note_delivery(&self.store, armed.tenant, armed.id(), note).await?;
        became
    }

    async fn try_arrival(&self, armed: &Armed, arrival: &Arrival) -> Result<Became, Problem> {
        if !armed.design.fits(&arrival.came) {
            return Ok(Became::Filtered);
        }
        if let Some(gather_s) = armed.design.gather_s {
            self.gather(armed, arrival, gather_s).await?;
            return Ok(Became::Gathered);
        }
        self.start_for(armed, &arrival.came, arrival.key.as_deref())
            .await
    }

    /// Orders the run that what came makes.
    pub(crate) async fn start_for(
        &self,
        armed: &Armed,
        came: &Value,
        key: Option<&str>,
    ) -> Result<Became, Problem> {
        let workflow = self
            .store
            .tenant(armed.tenant)
            .workflow(armed.trigger.workflow_id)
            .await?;
        let workflow = workflow.ok_or_else(|| Problem::missing("workflow"))?;
        let order = armed.design.order_for(came);
        self.check_order(armed.tenant, &workflow, order.version, &order.inputs)
            .await?;
        let mut job = crate::api::new_job(workflow.id, order)?;
        job.key = key.map(|key| format!("trigger:{}:{key}", armed.id()));
        let made = self.queue.submit(armed.tenant, job).await?;
        Ok(if made.existing {
            Became::Repeated(made.job)
        } else {
            Became::Started(made.job)
        })
    }

    async fn gather(
        &self,
        armed: &Armed,
        arrival: &Arrival,
        gather_s: u32,
    ) -> Result<(), DatabaseError> {
        let now = self.queue.now();
        let mut work = self.store.begin().await?;
        let found = fetch_optional!(work.link(), Gathering, GATHERING, armed.id())?;
        let (id, mut gathered) = if let Some(found) = found {
            (found.id, found.came.0)
        } else {
            let gathered = Gathered {
                since: now,
                all: Vec::new(),
                keys: Vec::new(),
            };
            (new_uuid(now), gathered)
        };
        if let Some(key) = &arrival.key {
            if gathered.keys.contains(key) {
                return Ok(());
            }
            gathered.keys.push(key.clone());
        }
        gathered.all.push(arrival.came.clone());
        if gathered.all.len() > KEPT {
            gathered.all.remove(0);
        }
        if gathered.keys.len() > KEPT {
            gathered.keys.remove(0);
        }
        let pause = Duration::from_secs(u64::from(gather_s));
        let due = (now + pause).min(gathered.since + pause * LONGEST);
        execute!(
            work.link(),
            GATHER,
            armed.id(),
            armed.tenant,
            id,
            due,
            Json(&gathered)
        )?;
        work.commit().await
    }

    /// Whoever dies between the order and the end: the key makes it one run.
    async fn end_gatherings(&self) -> Result<(), OrchestratorError> {
        let now = self.queue.now();
        let mut reader = self.store.reader().await?;
        let due = fetch_all!(reader.link(), DueGathering, DUE_GATHERINGS, now)?;
        drop(reader);
        for gathering in due {
            let found = anywhere(&self.store, gathering.trigger_id).await?;
            let armed = found
                .filter(|(_, trigger)| trigger.enabled)
                .and_then(|(tenant, trigger)| Armed::of(tenant, trigger));
            if let Some(armed) = armed {
                self.end_gathering(&armed, &gathering).await?;
            }
            let mut work = self.store.begin().await?;
            execute!(work.link(), END_GATHERING, gathering.id, gathering.amount)?;
            work.commit().await?;
        }
        Ok(())
    }

    async fn end_gathering(
        &self,
        armed: &Armed,
        gathering: &DueGathering,
    ) -> Result<(), OrchestratorError> {
        let all = &gathering.came.0.all;
        let mut came = all.last().cloned().unwrap_or_default();
        if let Some(fields) = came.as_object_mut() {
            fields.insert("count".to_owned(), json!(gathering.amount));
            fields.insert("all".to_owned(), json!(all));
        }
        let key = format!("gathered:{}", gathering.id);
        let note = match self.start_for(armed, &came, Some(&key)).await {
            Ok(Became::Started(job)) => Note {
                outcome: "started",
                job: Some(job),
                ..Note::default()
            },
            Ok(_) => return Ok(()),
            Err(problem) if problem.status >= StatusCode::INTERNAL_SERVER_ERROR.as_u16() => {
                return Err(OrchestratorError::Trigger {
                    why: problem.detail.clone(),
                });
            }
            Err(problem) => {
                let note = Note {
                    outcome: "refused",
                    detail: Some(&problem.detail),
                    came: Some(&came),
                    ..Note::default()
                };
                note_delivery(&self.store, gathering.tenant_id, armed.id(), note).await?;
                return Ok(());
            }
        };
        note_delivery(&self.store, gathering.tenant_id, armed.id(), note).await?;
        Ok(())
    }
}

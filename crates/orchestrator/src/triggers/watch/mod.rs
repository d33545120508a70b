//! Looking for what comes by itself. One server at a time does, a task for each trigger.
//!
//! How far a trigger has come is its place, which is moved on after what came was seen to. Who dies in between sees it
//! again, under the same key, and it is the same run.

mod file;
mod mail;
mod notify;
mod queue;

use std::{collections::HashMap, path::Path, time::Duration};

use casare_store::{
    DatabaseError, Store, TenantId, TriggerId, execute, fetch_all, fetch_optional, row, statements,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sqlx::types::Json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Armed, Leadership, Source, deliveries::watched, lead_forever};
use crate::{Orchestrator, OrchestratorError, problem::chain};

pub(crate) use file::may_watch;
pub(crate) use queue::ALL as QUEUE_STATEMENTS;

/// How often it is looked which triggers there are.
const LOOK: Duration = Duration::from_secs(2);
/// How long a trigger rests that could not look, at first and at most.
const REST: (Duration, Duration) = (Duration::from_secs(2), Duration::from_mins(5));
/// Of what went wrong, so many bytes are kept.
const LONGEST_PROBLEM: usize = 1_000;

row! {
    struct PlaceRow {
        place: Json<Value>,
        revision: i64,
        problem: Option<String>,
    }
    /// How a trigger that watches stands.
    #[derive(Debug)]
    pub(crate) struct Standing {
        /// Why it can't look.
        pub(crate) problem: Option<String>,
    }

    #[derive(Debug)]
    struct Complaint {
        trigger_id: TriggerId,
        problem: String,
    }
}

statements! {
    PLACE: "SELECT place, revision, problem FROM trigger_places WHERE trigger_id = $1";
    STANDING: "SELECT problem FROM trigger_places WHERE trigger_id = $1";
    COMPLAINTS: "SELECT trigger_id, problem FROM trigger_places
        WHERE tenant_id = $1 AND problem IS NOT NULL";
    /// Unless somebody else was there meanwhile.
    MOVE_ON: "INSERT INTO trigger_places (trigger_id, tenant_id, place, revision, looked_at)
        VALUES ($1, $2, $3, 1, $4)
        ON CONFLICT (trigger_id) DO UPDATE SET place = excluded.place, problem = NULL,
            looked_at = excluded.looked_at, revision = trigger_places.revision + 1
        WHERE trigger_places.revision = $5";
    COMPLAIN: "INSERT INTO trigger_places (trigger_id, tenant_id, place, revision, looked_at, problem)
        VALUES ($1, $2, $3, 0, $4, $5)
        ON CONFLICT (trigger_id) DO UPDATE SET looked_at = excluded.looked_at,
            problem = excluded.problem";
}

/// Why a trigger can't look, for whoever made it.
#[derive(Debug)]
struct Trouble(String);

impl<E: Into<OrchestratorError>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self(chain(&error.into()))
    }
}

impl From<crate::Problem> for Trouble {
    fn from(problem: crate::Problem) -> Self {
        Self(problem.detail.clone())
    }
}

/// Where a trigger stands.
#[derive(Debug)]
struct Place<P> {
    /// Nothing before the first look.
    at: Option<P>,
    revision: i64,
    /// A complaint that is not true any more once a look went well.
    complained: bool,
}

impl<P: Serialize + DeserializeOwned> Place<P> {
    async fn of(server: &Orchestrator, armed: &Armed) -> Result<Self, DatabaseError> {
        let mut reader = server.store.reader().await?;
        let found = fetch_optional!(reader.link(), PlaceRow, PLACE, armed.id())?;
        Ok(match found {
            Some(found) => Self {
                at: serde_json::from_value(found.place.0).ok(),
                revision: found.revision,
                complained: found.problem.is_some(),
            },
            None => Self {
                at: None,
                revision: 0,
                complained: false,
            },
        })
    }

    /// Moves on. What another server did meanwhile is not undone: then the next look begins there.
    async fn move_on(
        &mut self,
        server: &Orchestrator,
        armed: &Armed,
        to: P,
    ) -> Result<(), DatabaseError> {
        let now = server.queue.now();
        let value = serde_json::to_value(&to).unwrap_or_default();
        let mut work = server.store.begin().await?;
        let moved = execute!(
            work.link(),
            MOVE_ON,
            armed.id(),
            armed.tenant,
            Json(value),
            now,
            self.revision
        )?;
        work.commit().await?;
        if moved == 1 {
            self.at = Some(to);
            self.revision += 1;
            self.complained = false;
        } else {
            *self = Self::of(server, armed).await?;
        }
        Ok(())
    }
}

/// How a trigger that watches stands; nothing before its first look.
pub(crate) async fn standing(
    store: &Store,
    trigger: TriggerId,
) -> Result<Option<Standing>, DatabaseError> {
    let mut reader = store.reader().await?;
    fetch_optional!(reader.link(), Standing, STANDING, trigger)
}

/// Why triggers of a tenant can't look, of those that can't.
pub(crate) async fn problems(
    store: &Store,
    tenant: TenantId,
) -> Result<HashMap<TriggerId, String>, DatabaseError> {
    let mut reader = store.reader().await?;
    let found = fetch_all!(reader.link(), Complaint, COMPLAINTS, tenant)?;
    Ok(found
        .into_iter()
        .map(|one| (one.trigger_id, one.problem))
        .collect())
}

impl Orchestrator {
    /// Whether a trigger watches, and nothing is wrong.
    pub async fn watches(&self, trigger: TriggerId) -> bool {
        let found = standing(&self.store, trigger).await;
        found.is_ok_and(|found| found.is_some_and(|found| found.problem.is_none()))
    }
}

struct Watching;

impl Leadership for Watching {
    const NAME: &'static str = "watching";

    async fn lead(server: Orchestrator, over: CancellationToken) {
        let mut tasks: HashMap<TriggerId, (i64, JoinHandle<()>)> = HashMap::new();
        loop {
            match watched(&server.store).await {
                Ok(triggers) => keep_up(&server, &mut tasks, triggers),
                Err(error) => {
                    tracing::warn!(error = %chain(&error), "watching waits for the database");
                }
            }
            tokio::select! {
                () = over.cancelled() => break,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        for (_, (_, task)) in tasks {
            task.abort();
            let _ = task.await;
        }
    }
}

/// Watches for all triggers whenever no other server does.
pub(crate) async fn watch_all(server: Orchestrator) {
    lead_forever::<Watching>(server).await;
}

fn keep_up(
    server: &Orchestrator,
    tasks: &mut HashMap<TriggerId, (i64, JoinHandle<()>)>,
    triggers: Vec<Armed>,
) {
    let wanted: HashMap<TriggerId, Armed> = triggers
        .into_iter()
        .map(|armed| (armed.id(), armed))
        .collect();
    tasks.retain(|id, (revision, task)| {
        let same = wanted
            .get(id)
            .is_some_and(|armed| armed.trigger.revision == *revision);
        if !same {
            task.abort();
        }
        same
    });
    for (id, armed) in wanted {
        tasks.entry(id).or_insert_with(|| {
            let revision = armed.trigger.revision;
            (revision, tokio::spawn(watch(server.clone(), armed)))
        });
    }
}

/// Watches for one trigger, and tells why when it can't.
async fn watch(server: Orchestrator, armed: Armed) {
    let mut rest = REST.0;
    loop {
        let began = tokio::time::Instant::now();
        let ended = match &armed.design.source {
            Source::File {
                folder,
                pattern,
                changed,
                every_s,
            } => file::watch(&server, &armed, folder, pattern, *changed, *every_s).await,
            Source::Mail {
                server: address,
                security,
                credential,
                folder,
            } => {
                let place = (address.as_str(), security.as_deref(), folder.as_str());
                mail::watch(&server, &armed, place, credential).await
            }
            Source::Queue {
                queue,
                items_per_run,
                most_runs,
            } => queue::watch(&server, &armed, queue, *items_per_run, *most_runs).await,
            Source::Notify {
                credential,
                channel,
            } => notify::watch(&server, &armed, credential, channel).await,
            Source::Webhook { .. } | Source::Form { .. } | Source::RunFinished { .. } => return,
        };
        let Err(Trouble(why)) = ended;
        if let Err(error) = complain(&server, &armed, &why).await {
            tracing::warn!(error = %chain(&error), trigger = %armed.id(), "a complaint is lost: {why}");
        }
        if began.elapsed() > REST.1 {
            rest = REST.0;
        }
        tokio::time::sleep(rest).await;
        rest = (rest * 2).min(REST.1);
    }
}

async fn complain(server: &Orchestrator, armed: &Armed, why: &str) -> Result<(), DatabaseError> {
    let end = why.floor_char_boundary(LONGEST_PROBLEM);
    let now = server.queue.now();
    let mut work = server.store.begin().await?;
    execute!(
        work.link(),
        COMPLAIN,
        armed.id(),
        armed.tenant,
        Json(Value::Null),
        now,
        &why[..end]
    )?;
    work.commit().await
}

/// The fields of a credential, as runs of the trigger see it.
async fn credential(
    server: &Orchestrator,
    armed: &Armed,
    name: &str,
) -> Result<std::collections::BTreeMap<String, secrecy::SecretString>, Trouble> {
    let environment = armed.design.order.environment.as_deref().unwrap_or("");
    let found = server
        .vault
        .resolve(armed.tenant, environment, name)
        .await?;
    found.ok_or_else(|| Trouble(format!("there is no credential `{name}`")))
}

/// What never ends but in trouble.
type Endless = Result<std::convert::Infallible, Trouble>;

/// Whether a folder is one of those, or in one of those, that the server may watch.
fn is_within(folder: &Path, roots: &[std::path::PathBuf]) -> bool {
    roots.iter().any(|root| folder.starts_with(root))
}

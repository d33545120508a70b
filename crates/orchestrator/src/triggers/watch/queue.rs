//! Items that wait in a queue.
//!
//! There are to be as many runs under way as the items want, those that this trigger has started and nobody else's. The
//! key of a run holds the revision of the place: whoever looks at the same time orders the same runs.

use std::time::Duration;

use casare_store::{JobId, fetch_optional, row, statements};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{Armed, Endless, Place, Trouble};
use crate::{Orchestrator, triggers::Arrival};

const OFTEN: Duration = Duration::from_secs(2);

row! {
    struct Waiting {
        name: String,
        waiting: i64,
    }
    struct UnderWay {
        id: JobId,
    }
}

statements! {
    WAITING: "SELECT name, (SELECT count(*) FROM (SELECT 1 FROM queue_items
            WHERE queue_id = queues.id AND state = 'new' LIMIT $3) AS these) AS waiting
        FROM queues WHERE tenant_id = $1 AND id = $2 AND paused_at IS NULL";
    UNDER_WAY: "SELECT id FROM jobs WHERE id = $1";
}

/// The runs that were started and have not ended as far as one knows.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Runs(Vec<JobId>);

pub(super) async fn watch(
    server: &Orchestrator,
    armed: &Armed,
    queue: &str,
    items_per_run: u32,
    most_runs: u32,
) -> Endless {
    let queue: Uuid = queue
        .parse()
        .map_err(|_| Trouble("the trigger was written by another version".to_owned()))?;
    let mut place = Place::<Runs>::of(server, armed).await?;
    loop {
        look(server, armed, &mut place, queue, items_per_run, most_runs).await?;
        tokio::time::sleep(OFTEN).await;
    }
}

async fn look(
    server: &Orchestrator,
    armed: &Armed,
    place: &mut Place<Runs>,
    queue: Uuid,
    items_per_run: u32,
    most_runs: u32,
) -> Result<(), Trouble> {
    let most = i64::from(items_per_run) * i64::from(most_runs);
    let mut reader = server.store.tenant(armed.tenant).reader().await?;
    let found = fetch_optional!(reader.link(), Waiting, WAITING, armed.tenant, queue, most)?;
    let before = place.at.clone().unwrap_or_default().0;
    let mut runs = Vec::new();
    for job in &before {
        if fetch_optional!(reader.link(), UnderWay, UNDER_WAY, *job)?.is_some() {
            runs.push(*job);
        }
    }
    drop(reader);
    let (name, waiting) = found.map_or((String::new(), 0), |found| (found.name, found.waiting));
    let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
    let wanted = waiting.div_ceil(items_per_run.max(1)).min(most_runs) as usize;
    for number in runs.len()..wanted {
        let arrival = Arrival {
            came: json!({ "queue": { "name": name, "id": queue, "waiting": waiting } }),
            key: Some(format!("{}:{number}", place.revision)),
        };
        match server.arrive(armed, &arrival).await {
            Ok(became) => runs.extend(became.job()),
            Err(problem) => return Err(problem.into()),
        }
    }
    if runs != before || place.complained || place.at.is_none() {
        place.move_on(server, armed, Runs(runs)).await?;
    }
    Ok(())
}

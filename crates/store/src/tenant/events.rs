//! What runs told, in their order.

use serde_json::{Value, json};
use sqlx::types::Json;

use super::{TenantStore, page};
use crate::{
    DatabaseError, Moment, RunId, Store, TenantId, Work, execute, fetch_all, fetch_optional, row,
    statements,
};

row! {
    #[derive(Debug, Clone, PartialEq)]
    pub struct RunEventRow {
        /// Counted by the robot, without gaps.
        pub seq: i64,
        pub at: Moment,
        pub event: Json<Value>,
    }
}

statements! {
    /// Those that are there already stay as they are.
    ADD_EVENTS:
        "INSERT INTO run_events (run_id, seq, tenant_id, at, event)
         SELECT unhex(value->>0, '-'), value->>1, unhex(value->>2, '-'), value->>3, value->4
         FROM json_each($1) WHERE true
         ON CONFLICT (run_id, seq) DO NOTHING",
        "INSERT INTO run_events (run_id, seq, tenant_id, at, event)
         SELECT (e->>0)::uuid, (e->>1)::bigint, (e->>2)::uuid, (e->>3)::bigint, e->4
         FROM jsonb_array_elements($1) AS e
         ON CONFLICT (run_id, seq) DO NOTHING";
    NEXT_EVENT: "SELECT seq, at, event FROM run_events
        WHERE tenant_id = $1 AND run_id = $2 ORDER BY seq DESC LIMIT 1";
    EVENTS: "SELECT seq, at, event FROM run_events
        WHERE tenant_id = $1 AND run_id = $2 AND seq > $3 ORDER BY seq LIMIT $4";
}

impl TenantStore {
    /// Adds events of a run as [`Store::add_events`] does.
    pub async fn add_events(
        &self,
        work: &mut Work,
        run: RunId,
        events: &[RunEventRow],
    ) -> Result<u64, DatabaseError> {
        add(work, [(self.id, run, events)].into_iter()).await
    }

    /// The number of the event that is still to come: 0 for a run that has told nothing yet.
    pub async fn next_event(&self, run: RunId) -> Result<i64, DatabaseError> {
        let mut reader = self.reader().await?;
        let last = fetch_optional!(reader.link(), RunEventRow, NEXT_EVENT, self.id, run)?;
        Ok(last.map_or(0, |row| row.seq + 1))
    }

    /// Events of a run after `after`, in order.
    pub async fn events(
        &self,
        run: RunId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<RunEventRow>, DatabaseError> {
        let mut reader = self.reader().await?;
        fetch_all!(
            reader.link(),
            RunEventRow,
            EVENTS,
            self.id,
            run,
            after,
            page(limit)
        )
    }
}

impl Store {
    /// Adds events of runs, of whatever tenants. Robots send them again until they hear that they arrived, so those that
    /// are there already are left out. Answers how many were new.
    pub async fn add_events<'a>(
        &self,
        work: &mut Work,
        events: impl Iterator<Item = (TenantId, RunId, &'a [RunEventRow])>,
    ) -> Result<u64, DatabaseError> {
        add(work, events).await
    }
}

async fn add<'a>(
    work: &mut Work,
    events: impl Iterator<Item = (TenantId, RunId, &'a [RunEventRow])>,
) -> Result<u64, DatabaseError> {
    let list: Vec<Value> = events
        .flat_map(|(tenant, run, events)| {
            events
                .iter()
                .map(move |event| json!([run, event.seq, tenant, event.at.micros(), event.event.0]))
        })
        .collect();
    execute!(work.link(), ADD_EVENTS, Json(list))
}

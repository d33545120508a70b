//! What was told by units of work that are committed, in order.

use serde_json::Value;
use sqlx::types::Json;

use crate::{
    DatabaseError, Moment, Store, TenantId, execute, fetch_all, fetch_one, row, statements,
};

row! {
    /// Something that happened.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Told {
        /// Grows; there are gaps.
        pub seq: i64,
        pub tenant_id: Option<TenantId>,
        pub topic: String,
        pub payload: Json<Value>,
        pub at: Moment,
    }
    struct Newest {
        seq: i64,
    }
}

statements! {
    /// PostgreSQL gives sequence numbers before the commit. What is left out here is what a
    /// transaction that still runs could get in front of.
    TOLD:
        "SELECT seq, tenant_id, topic, payload, at FROM outbox WHERE seq > $1 ORDER BY seq LIMIT $2",
        "SELECT seq, tenant_id, topic, payload, at FROM outbox
         WHERE seq > $1 AND written < pg_snapshot_xmin(pg_current_snapshot())
         ORDER BY seq LIMIT $2";
    NEWEST_TOLD: "SELECT coalesce(max(seq), 0) AS seq FROM outbox";
    FORGET_TOLD: "DELETE FROM outbox WHERE at < $1
        AND seq IN (SELECT seq FROM outbox ORDER BY seq LIMIT 10000)";
}

impl Store {
    /// What was told after `after`. Nothing that comes later ever stands before what was answered.
    pub async fn told(&self, after: i64, limit: u32) -> Result<Vec<Told>, DatabaseError> {
        let mut reader = self.reader().await?;
        fetch_all!(reader.link(), Told, TOLD, after, i64::from(limit))
    }

    /// The number of what was told last; what is not committed yet may stand before it.
    pub async fn newest_told(&self) -> Result<i64, DatabaseError> {
        let mut reader = self.reader().await?;
        Ok(fetch_one!(reader.link(), Newest, NEWEST_TOLD)?.seq)
    }

    /// Forgets what was told before `limit`, some of it at a time. Answers how much.
    pub async fn forget_told(&self, limit: Moment) -> Result<u64, DatabaseError> {
        let mut work = self.begin().await?;
        let forgotten = execute!(work.link(), FORGET_TOLD, limit)?;
        work.commit().await?;
        Ok(forgotten)
    }
}

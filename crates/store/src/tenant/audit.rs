//! Who did what.

use serde_json::Value;
use sqlx::types::Json;

use super::{TenantStore, page};
use crate::{DatabaseError, Moment, Work, execute, fetch_all, row, statements};

row! {
    #[derive(Debug, Clone, PartialEq)]
    pub struct AuditEntry {
        pub seq: i64,
        pub at: Moment,
        pub actor: String,
        pub action: String,
        pub subject: String,
        pub details: Json<Value>,
    }
}

statements! {
    ADD_AUDIT: "INSERT INTO audit (tenant_id, at, actor, action, subject, details)
        VALUES ($1, $2, $3, $4, $5, $6)";
    AUDIT: "SELECT seq, at, actor, action, subject, details FROM audit
        WHERE tenant_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3";
}

impl TenantStore {
    /// Notes an action in the unit of work that does it. `details` hold nothing secret.
    pub async fn audit(
        &self,
        work: &mut Work,
        actor: &str,
        action: &str,
        subject: &str,
        details: &Value,
    ) -> Result<(), DatabaseError> {
        execute!(
            work.link(),
            ADD_AUDIT,
            self.id,
            self.now(),
            actor,
            action,
            subject,
            Json(details)
        )?;
        Ok(())
    }

    /// The latest first, those before `before`.
    pub async fn audited(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, DatabaseError> {
        let mut reader = self.reader().await?;
        let before = before.unwrap_or(i64::MAX);
        fetch_all!(
            reader.link(),
            AuditEntry,
            AUDIT,
            self.id,
            before,
            page(limit)
        )
    }
}

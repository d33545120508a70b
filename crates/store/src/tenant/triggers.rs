//! Triggers: what starts runs besides schedules.

use serde_json::Value;
use sqlx::types::Json;

use super::{TenantStore, changed_one, page};
use crate::{
    DatabaseError, Moment, TriggerId, Work, WorkflowId, execute, fetch_all, fetch_optional, row,
    statements,
};

row! {
    #[derive(Debug, Clone, PartialEq)]
    pub struct Trigger {
        pub id: TriggerId,
        pub name: String,
        /// `webhook`, `file`, `mail`, `queue`, …
        pub kind: String,
        pub workflow_id: WorkflowId,
        pub spec: Json<Value>,
        pub enabled: bool,
        pub revision: i64,
        pub created_at: Moment,
    }
}

statements! {
    ADD_TRIGGER: "INSERT INTO triggers (id, tenant_id, name, kind, workflow_id, spec, enabled,
            created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    TRIGGER: "SELECT id, name, kind, workflow_id, spec, enabled, revision, created_at
        FROM triggers WHERE tenant_id = $1 AND id = $2";
    TRIGGERS: "SELECT id, name, kind, workflow_id, spec, enabled, revision, created_at
        FROM triggers WHERE tenant_id = $1 AND name > $2 ORDER BY name LIMIT $3";
    CHANGE_TRIGGER: "UPDATE triggers SET name = $4, kind = $5, workflow_id = $6, spec = $7,
            enabled = $8, revision = revision + 1
        WHERE tenant_id = $1 AND id = $2 AND revision = $3";
    DELETE_TRIGGER: "DELETE FROM triggers WHERE tenant_id = $1 AND id = $2";
}

impl TenantStore {
    /// # Errors
    ///
    /// `Exists` when there is one of this name.
    pub async fn add_trigger(
        &self,
        work: &mut Work,
        trigger: &Trigger,
    ) -> Result<(), DatabaseError> {
        execute!(
            work.link(),
            ADD_TRIGGER,
            trigger.id,
            self.id,
            trigger.name.as_str(),
            trigger.kind.as_str(),
            trigger.workflow_id,
            &trigger.spec,
            trigger.enabled,
            self.now()
        )
        .map_err(DatabaseError::of("trigger"))?;
        Ok(())
    }

    pub async fn trigger(&self, id: TriggerId) -> Result<Option<Trigger>, DatabaseError> {
        let mut reader = self.reader().await?;
        fetch_optional!(reader.link(), Trigger, TRIGGER, self.id, id)
    }

    /// By name, those after `after`.
    pub async fn triggers(&self, after: &str, limit: u32) -> Result<Vec<Trigger>, DatabaseError> {
        let mut reader = self.reader().await?;
        fetch_all!(
            reader.link(),
            Trigger,
            TRIGGERS,
            self.id,
            after,
            page(limit)
        )
    }

    /// Writes a trigger that was read at its `revision`.
    ///
    /// # Errors
    ///
    /// `Changed` when somebody was quicker, `Missing`.
    pub async fn change_trigger(
        &self,
        work: &mut Work,
        trigger: &Trigger,
    ) -> Result<(), DatabaseError> {
        let changed = execute!(
            work.link(),
            CHANGE_TRIGGER,
            self.id,
            trigger.id,
            trigger.revision,
            trigger.name.as_str(),
            trigger.kind.as_str(),
            trigger.workflow_id,
            &trigger.spec,
            trigger.enabled
        )
        .map_err(DatabaseError::of("trigger"))?;
        if changed == 1 {
            return Ok(());
        }
        let found = fetch_optional!(work.link(), Trigger, TRIGGER, self.id, trigger.id)?;
        Err(match found {
            Some(now) => DatabaseError::Changed {
                what: "trigger",
                found: now.revision,
            },
            None => DatabaseError::Missing { what: "trigger" },
        })
    }

    pub async fn delete_trigger(
        &self,
        work: &mut Work,
        id: TriggerId,
    ) -> Result<(), DatabaseError> {
        let changed = execute!(work.link(), DELETE_TRIGGER, self.id, id)?;
        changed_one(changed, "trigger")
    }
}

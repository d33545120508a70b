//! Workflows and their versions.

use super::{TenantStore, changed_one, page};
use crate::{
    DatabaseError, Moment, Work, WorkflowId, execute, fetch_all, fetch_optional, row, statements,
};

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Workflow {
        pub id: WorkflowId,
        pub name: String,
        /// The number of the version that runs when none is named.
        pub active_version: Option<i64>,
        pub revision: i64,
        pub created_at: Moment,
    }
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct WorkflowVersion {
        pub workflow_id: WorkflowId,
        /// Counted from one.
        pub number: i64,
        /// As people write it: `1.4.0`.
        pub version: String,
        /// `draft`, `published`, `deprecated` or `archived`.
        pub state: String,
        pub hash: String,
        pub text: String,
        pub note: Option<String>,
        pub created_by: String,
        pub created_at: Moment,
    }
    struct Number {
        number: i64,
    }
}

/// A version to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVersion {
    pub version: String,
    /// Of the text, as the engine computes it.
    pub hash: String,
    pub text: String,
    pub note: Option<String>,
    pub created_by: String,
}

statements! {
    ADD_WORKFLOW: "INSERT INTO workflows (id, tenant_id, name, created_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant_id, name) DO NOTHING";
    WORKFLOW: "SELECT id, name, active_version, revision, created_at FROM workflows
        WHERE tenant_id = $1 AND id = $2";
    WORKFLOW_NAMED: "SELECT id, name, active_version, revision, created_at FROM workflows
        WHERE tenant_id = $1 AND name = $2";
    WORKFLOWS: "SELECT id, name, active_version, revision, created_at FROM workflows
        WHERE tenant_id = $1 AND name > $2 ORDER BY name LIMIT $3";
    ADD_VERSION: "INSERT INTO workflow_versions (workflow_id, number, tenant_id, version, state, hash,
            text, note, created_by, created_at)
        SELECT $2, coalesce(max(number), 0) + 1, $1, $3, 'draft', $4, $5, $6, $7, $8
        FROM workflow_versions WHERE workflow_id = $2
        RETURNING number";
    VERSION: "SELECT workflow_id, number, version, state, hash, text, note, created_by, created_at
        FROM workflow_versions WHERE tenant_id = $1 AND workflow_id = $2 AND number = $3";
    VERSIONS: "SELECT workflow_id, number, version, state, hash, '' AS text, note, created_by,
            created_at
        FROM workflow_versions WHERE tenant_id = $1 AND workflow_id = $2 AND number < $3
        ORDER BY number DESC LIMIT $4";
    TEXT_OF_HASH: "SELECT workflow_id, number, version, state, hash, text, note, created_by, created_at
        FROM workflow_versions WHERE tenant_id = $1 AND hash = $2 LIMIT 1";
    SET_VERSION_STATE: "UPDATE workflow_versions SET state = $4
        WHERE tenant_id = $1 AND workflow_id = $2 AND number = $3";
    ACTIVATE: "UPDATE workflows SET active_version = $3, revision = revision + 1
        WHERE tenant_id = $1 AND id = $2 AND EXISTS (
            SELECT 1 FROM workflow_versions v
            WHERE v.workflow_id = $2 AND v.number = $3 AND v.state = 'published')";
    DELETE_WORKFLOW: "DELETE FROM workflows WHERE tenant_id = $1 AND id = $2";
}

impl TenantStore {
    /// The workflow of this name, made if there is none.
    pub async fn workflow_for(
        &self,
        work: &mut Work,
        name: &str,
    ) -> Result<Workflow, DatabaseError> {
        let (id, now) = (WorkflowId::new(self.now()), self.now());
        execute!(work.link(), ADD_WORKFLOW, id, self.id, name, now)?;
        let found = fetch_optional!(work.link(), Workflow, WORKFLOW_NAMED, self.id, name)?;
        found.ok_or(DatabaseError::Missing { what: "workflow" })
    }

    pub async fn workflow(&self, id: WorkflowId) -> Result<Option<Workflow>, DatabaseError> {
        let mut reader = self.reader().await?;
        fetch_optional!(reader.link(), Workflow, WORKFLOW, self.id, id)
    }

    pub async fn workflow_named(&self, name: &str) -> Result<Option<Workflow>, DatabaseError> {
        let mut reader = self.reader().await?;
        fetch_optional!(reader.link(), Workflow, WORKFLOW_NAMED, self.id, name)
    }

    /// By name, those after `after`.
    pub async fn workflows(&self, after: &str, limit: u32) -> Result<Vec<Workflow>, DatabaseError> {
        let mut reader = self.reader().await?;
        fetch_all!(
            reader.link(),
            Workflow,
            WORKFLOWS,
            self.id,
            after,
            page(limit)
        )
    }

    /// Adds a draft and answers its number.
    ///
    /// # Errors
    ///
    /// `Exists` when the workflow has a version of this name.
    pub async fn add_version(
        &self,
        work: &mut Work,
        workflow: WorkflowId,
        new: &NewVersion,
    ) -> Result<i64, DatabaseError> {
        let found = fetch_optional!(
            work.link(),
            Number,
            ADD_VERSION,
            self.id,
            workflow,
            new.version.as_str(),
            new.hash.as_str(),
            new.text.as_str(),
            new.note.as_deref(),
            new.created_by.as_str(),
            self.now()
        )
        .map_err(DatabaseError::of("version"))?;
        found
            .map(|row| row.number)
            .ok_or(DatabaseError::Missing { what: "workflow" })
    }

    pub async fn version(
        &self,
        workflow: WorkflowId,
        number: i64,
    ) -> Result<Option<WorkflowVersion>, DatabaseError> {
        let mut reader = self.reader().await?;
        fetch_optional!(
            reader.link(),
            WorkflowVersion,
            VERSION,
            self.id,
            workflow,
            number
        )
    }

    /// The newest first, without their texts; those before `before`.
    pub async fn versions(
        &self,
        workflow: WorkflowId,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<WorkflowVersion>, DatabaseError> {
        let mut reader = self.reader().await?;
        let before = before.unwrap_or(i64::MAX);
        fetch_all!(
            reader.link(),
            WorkflowVersion,
            VERSIONS,
            self.id,
            workflow,
            before,
            page(limit)
        )
    }

    /// The version whose text has this hash: what a robot asks for that does not have it yet.
    pub async fn version_of_hash(
        &self,
        hash: &str,
    ) -> Result<Option<WorkflowVersion>, DatabaseError> {
        let mut reader = self.reader().await?;
        fetch_optional!(reader.link(), WorkflowVersion, TEXT_OF_HASH, self.id, hash)
    }

    /// Publishes, deprecates or archives a version.
    pub async fn set_version_state(
        &self,
        work: &mut Work,
        workflow: WorkflowId,
        number: i64,
        state: &str,
    ) -> Result<(), DatabaseError> {
        let changed = execute!(
            work.link(),
            SET_VERSION_STATE,
            self.id,
            workflow,
            number,
            state
        )
        .map_err(DatabaseError::of("state of a version"))?;
        changed_one(changed, "version")
    }

    /// From now on this version runs when none is named; going back to an older one is the same.
    ///
    /// # Errors
    ///
    /// `Missing` when there is no published version of this number.
    pub async fn activate(
        &self,
        work: &mut Work,
        workflow: WorkflowId,
        number: i64,
    ) -> Result<(), DatabaseError> {
        let changed = execute!(work.link(), ACTIVATE, self.id, workflow, number)?;
        changed_one(changed, "published version")
    }

    pub async fn delete_workflow(
        &self,
        work: &mut Work,
        id: WorkflowId,
    ) -> Result<(), DatabaseError> {
        let changed = execute!(work.link(), DELETE_WORKFLOW, self.id, id)?;
        changed_one(changed, "workflow")
    }
}

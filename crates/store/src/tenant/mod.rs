//! What belongs to a tenant. Repositories exist only here: code without a tenant reaches nothing.

mod artifacts;
mod audit;
mod environments;
mod events;
mod robots;
mod schedules;
mod triggers;
mod workflows;

use crate::{
    DatabaseError, Moment, Reader, Sql, Store, TenantId, Work, execute, fetch_all, fetch_optional,
    row, statements,
};

pub use artifacts::{Artifact, ArtifactStore};
pub use audit::AuditEntry;
pub use environments::{Asset, Environment, ResolvedAsset};
pub use events::RunEventRow;
pub use robots::{RobotRecord, RobotStatus};
pub use schedules::{DueSchedule, Firing, Schedule};
pub use triggers::Trigger;
pub use workflows::{NewVersion, Workflow, WorkflowVersion};

/// The repositories of one tenant.
#[derive(Debug, Clone)]
pub struct TenantStore {
    store: Store,
    id: TenantId,
}

row! {
    /// A customer or department.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Tenant {
        pub id: TenantId,
        pub name: String,
        pub created_at: Moment,
        pub archived_at: Option<Moment>,
    }
}

statements! {
    ADD_TENANT: "INSERT INTO tenants (id, name, created_at) VALUES ($1, $2, $3)";
    TENANTS: "SELECT id, name, created_at, archived_at FROM tenants ORDER BY name";
    TENANT_NAMED: "SELECT id, name, created_at, archived_at FROM tenants WHERE name = $1";
    ARCHIVE_TENANT: "UPDATE tenants SET archived_at = $2 WHERE id = $1 AND archived_at IS NULL";
}

/// The statements of all repositories.
pub(crate) fn statements() -> Vec<Sql> {
    [
        ALL,
        artifacts::ALL,
        audit::ALL,
        environments::ALL,
        events::ALL,
        robots::ALL,
        schedules::ALL,
        triggers::ALL,
        workflows::ALL,
    ]
    .concat()
}

impl Store {
    /// What belongs to this tenant.
    pub fn tenant(&self, id: TenantId) -> TenantStore {
        TenantStore {
            store: self.clone(),
            id,
        }
    }

    /// # Errors
    ///
    /// `Exists` when there is one of this name.
    pub async fn create_tenant(&self, name: &str) -> Result<TenantId, DatabaseError> {
        let now = self.clock().now();
        let id = TenantId::new(now);
        let mut work = self.begin().await?;
        execute!(work.link(), ADD_TENANT, id, name, now).map_err(DatabaseError::of("tenant"))?;
        work.commit().await?;
        Ok(id)
    }

    pub async fn tenants(&self) -> Result<Vec<Tenant>, DatabaseError> {
        let mut reader = self.reader().await?;
        fetch_all!(reader.link(), Tenant, TENANTS)
    }

    pub async fn tenant_named(&self, name: &str) -> Result<Option<Tenant>, DatabaseError> {
        let mut reader = self.reader().await?;
        fetch_optional!(reader.link(), Tenant, TENANT_NAMED, name)
    }

    /// Its data stays until it is deleted.
    pub async fn archive_tenant(&self, id: TenantId) -> Result<(), DatabaseError> {
        let mut work = self.begin().await?;
        let changed = execute!(work.link(), ARCHIVE_TENANT, id, self.clock().now())?;
        work.commit().await?;
        changed_one(changed, "tenant")
    }
}

impl TenantStore {
    pub fn id(&self) -> TenantId {
        self.id
    }

    /// A unit of work that sees and changes this tenant alone: pass it to several repositories'
    /// functions that take one, tell events, and commit.
    pub async fn begin(&self) -> Result<Work, DatabaseError> {
        self.store.begin_for(self.id).await
    }

    pub async fn reader(&self) -> Result<Reader, DatabaseError> {
        self.store.reader_for(self.id).await
    }

    pub fn now(&self) -> Moment {
        self.store.clock().now()
    }
}

/// `Missing` unless a row was changed.
pub(crate) fn changed_one(changed: u64, what: &'static str) -> Result<(), DatabaseError> {
    if changed == 0 {
        return Err(DatabaseError::Missing { what });
    }
    Ok(())
}

/// Most rows of a page.
pub(crate) fn page(limit: u32) -> i64 {
    i64::from(limit.clamp(1, 1_000))
}

//! Environments and assets: named values, with what an environment says instead.

use serde_json::Value;
use sqlx::types::Json;

use super::{TenantStore, changed_one};
use crate::{DatabaseError, Moment, Work, execute, fetch_all, fetch_optional, row, statements};

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Environment {
        pub name: String,
        /// Where it takes from what it does not say itself.
        pub parent: Option<String>,
        pub description: Option<String>,
        pub created_at: Moment,
    }
    #[derive(Debug, Clone, PartialEq)]
    pub struct Asset {
        /// Empty for the one that counts everywhere else.
        pub environment: String,
        pub name: String,
        pub value: Json<Value>,
        pub revision: i64,
        pub updated_at: Moment,
    }
    /// The value of an asset in an environment, and which environment says so.
    #[derive(Debug, Clone, PartialEq)]
    pub struct ResolvedAsset {
        pub name: String,
        pub value: Json<Value>,
        pub environment: String,
    }
    struct Revision {
        revision: i64,
    }
}

statements! {
    ADD_ENVIRONMENT: "INSERT INTO environments (tenant_id, name, parent, description, created_at)
        VALUES ($1, $2, $3, $4, $5)";
    ENVIRONMENTS: "SELECT name, parent, description, created_at FROM environments
        WHERE tenant_id = $1 ORDER BY name";
    DELETE_ENVIRONMENT: "DELETE FROM environments WHERE tenant_id = $1 AND name = $2";
    SET_ASSET: "INSERT INTO assets (tenant_id, environment, name, value, updated_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant_id, environment, name)
        DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at,
            revision = assets.revision + 1
        WHERE CAST($6 AS bigint) IS NULL OR assets.revision = $6
        RETURNING revision";
    ASSET: "SELECT environment, name, value, revision, updated_at FROM assets
        WHERE tenant_id = $1 AND environment = $2 AND name = $3";
    ASSETS: "SELECT environment, name, value, revision, updated_at FROM assets
        WHERE tenant_id = $1 ORDER BY name, environment";
    DELETE_ASSET: "DELETE FROM assets WHERE tenant_id = $1 AND environment = $2 AND name = $3";
    /// The nearest environment that says something wins. Sixteen ancestors are enough for all that
    /// make sense, and end what refers to itself.
    RESOLVE: "WITH RECURSIVE line (name, parent, distance) AS (
            SELECT name, parent, 0 FROM environments WHERE tenant_id = $1 AND name = $2
            UNION ALL
            SELECT e.name, e.parent, line.distance + 1
            FROM line JOIN environments e ON e.tenant_id = $1 AND e.name = line.parent
            WHERE line.distance < 16),
        said AS (
            SELECT a.name, a.value, a.environment, row_number() OVER (
                PARTITION BY a.name ORDER BY coalesce(line.distance, 1000)) AS place
            FROM assets a LEFT JOIN line ON line.name = a.environment
            WHERE a.tenant_id = $1 AND (a.environment = '' OR line.name IS NOT NULL))
        SELECT name, value, environment FROM said WHERE place = 1 ORDER BY name";
}

impl TenantStore {
    /// # Errors
    ///
    /// `Exists`, or `Dangling` when there is no such parent.
    pub async fn add_environment(
        &self,
        work: &mut Work,
        name: &str,
        parent: Option<&str>,
        description: Option<&str>,
    ) -> Result<(), DatabaseError> {
        if name.is_empty() {
            return Err(DatabaseError::Invalid {
                what: "the name of an environment",
                why: "it is empty".to_owned(),
            });
        }
        execute!(
            work.link(),
            ADD_ENVIRONMENT,
            self.id,
            name,
            parent,
            description,
            self.now()
        )
        .map_err(DatabaseError::of("environment"))?;
        Ok(())
    }

    pub async fn environments(&self) -> Result<Vec<Environment>, DatabaseError> {
        let mut reader = self.reader().await?;
        fetch_all!(reader.link(), Environment, ENVIRONMENTS, self.id)
    }

    /// # Errors
    ///
    /// `Dangling` when another takes from it.
    pub async fn delete_environment(
        &self,
        work: &mut Work,
        name: &str,
    ) -> Result<(), DatabaseError> {
        let changed = execute!(work.link(), DELETE_ENVIRONMENT, self.id, name)
            .map_err(DatabaseError::of("another environment"))?;
        changed_one(changed, "environment")
    }

    /// Sets an asset in an environment, or everywhere with an empty name. With `revision`, only if
    /// it is still at that one. Answers its new revision.
    ///
    /// # Errors
    ///
    /// `Changed` when it is at another revision.
    pub async fn set_asset(
        &self,
        work: &mut Work,
        environment: &str,
        name: &str,
        value: &Value,
        revision: Option<i64>,
    ) -> Result<i64, DatabaseError> {
        let set = fetch_optional!(
            work.link(),
            Revision,
            SET_ASSET,
            self.id,
            environment,
            name,
            Json(value),
            self.now(),
            revision
        )?;
        if let Some(row) = set {
            return Ok(row.revision);
        }
        let found = fetch_optional!(work.link(), Asset, ASSET, self.id, environment, name)?;
        Err(DatabaseError::Changed {
            what: "asset",
            found: found.map_or(0, |asset| asset.revision),
        })
    }

    pub async fn assets(&self) -> Result<Vec<Asset>, DatabaseError> {
        let mut reader = self.reader().await?;
        fetch_all!(reader.link(), Asset, ASSETS, self.id)
    }

    pub async fn delete_asset(
        &self,
        work: &mut Work,
        environment: &str,
        name: &str,
    ) -> Result<(), DatabaseError> {
        let changed = execute!(work.link(), DELETE_ASSET, self.id, environment, name)?;
        changed_one(changed, "asset")
    }

    /// All assets as a run in `environment` sees them.
    pub async fn resolve_assets(
        &self,
        environment: &str,
    ) -> Result<Vec<ResolvedAsset>, DatabaseError> {
        let mut reader = self.reader().await?;
        fetch_all!(reader.link(), ResolvedAsset, RESOLVE, self.id, environment)
    }
}

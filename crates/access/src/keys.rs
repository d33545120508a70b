//! API keys: what programs present.

use std::time::Duration;

use casare_store::{
    DatabaseError, Moment, TenantId, execute, fetch_all, fetch_optional, new_uuid, row, statements,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sqlx::types::Json;
use uuid::Uuid;

use crate::{
    Access, AccessError, Permission, Principal, Role, Who,
    secret::{Kind, hash, token},
};

/// Being used is written down this often at most.
const USED_EVERY: Duration = Duration::from_mins(1);
/// Characters of a key that tell it apart from others.
const HINT: usize = 10;

/// A key to make.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    pub name: String,
    pub role: Role,
    /// What of the role it is limited to; everything when empty.
    pub scopes: Vec<Permission>,
    pub expires_at: Option<Moment>,
}

row! {
    /// A key, without its secret.
    #[derive(Debug, Clone, PartialEq)]
    pub struct ApiKey {
        pub id: Uuid,
        pub name: String,
        pub hint: String,
        pub role: String,
        pub scopes: Json<Vec<String>>,
        pub created_by: String,
        pub created_at: Moment,
        pub expires_at: Option<Moment>,
        pub last_used_at: Option<Moment>,
        pub revoked_at: Option<Moment>,
    }
    struct Found {
        id: Uuid,
        tenant_id: TenantId,
        name: String,
        role: String,
        scopes: Json<Vec<String>>,
        last_used_at: Option<Moment>,
    }
}

statements! {
    ADD_KEY: "INSERT INTO api_keys (id, tenant_id, name, hash, hint, role, scopes, created_by,
            created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    KEYS: "SELECT id, name, hint, role, scopes, created_by, created_at, expires_at, last_used_at,
            revoked_at
        FROM api_keys WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    KEY: "SELECT id, name, hint, role, scopes, created_by, created_at, expires_at, last_used_at,
            revoked_at
        FROM api_keys WHERE tenant_id = $1 AND id = $2";
    FIND_KEY: "SELECT k.id, k.tenant_id, k.name, k.role, k.scopes, k.last_used_at
        FROM api_keys k JOIN tenants t ON t.id = k.tenant_id
        WHERE k.hash = $1 AND k.revoked_at IS NULL AND t.archived_at IS NULL
            AND (k.expires_at IS NULL OR k.expires_at > $2)";
    USED: "UPDATE api_keys SET last_used_at = $2 WHERE id = $1";
    REVOKE: "UPDATE api_keys SET revoked_at = $3
        WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL";
}

impl Access {
    /// Makes a key. Its secret is in the answer and nowhere else.
    ///
    /// # Errors
    ///
    /// `AboveOwnRole`, `Forbidden` for a scope that whoever makes it lacks, `Invalid`.
    pub async fn create_key(
        &self,
        by: &Principal,
        new: &NewApiKey,
    ) -> Result<(ApiKey, SecretString), AccessError> {
        by.require_role(new.role)?;
        for scope in &new.scopes {
            by.require(*scope)?;
        }
        if !by.scopes.is_empty() && new.scopes.is_empty() {
            return Err(AccessError::Invalid {
                what: "the key",
                why: "whoever is limited to scopes makes keys that are, too".to_owned(),
            });
        }
        let name = new.name.trim();
        if name.is_empty() || name.len() > 200 {
            return Err(AccessError::Invalid {
                what: "the name of the key",
                why: "it must have 1 to 200 bytes".to_owned(),
            });
        }
        let now = self.now();
        let (secret, hash) = token(Kind::ApiKey);
        let hint: String = secret.expose_secret().chars().take(HINT).collect();
        let scopes: Vec<String> = new.scopes.iter().map(ToString::to_string).collect();
        let id = new_uuid(now);
        let tenant = self.store.tenant(by.tenant);
        let mut work = tenant.begin().await?;
        execute!(
            work.link(),
            ADD_KEY,
            id,
            by.tenant,
            name,
            hash,
            hint.as_str(),
            new.role.name(),
            Json(&scopes),
            by.actor(),
            now,
            new.expires_at
        )?;
        let details = json!({ "name": name, "role": new.role, "scopes": scopes });
        self.note_in(&mut work, by, "key.create", &id.to_string(), &details)
            .await?;
        work.commit().await?;
        Ok((self.key(by.tenant, id).await?, secret))
    }

    pub async fn key(&self, tenant: TenantId, id: Uuid) -> Result<ApiKey, AccessError> {
        let mut reader = self.store.tenant(tenant).reader().await?;
        let found = fetch_optional!(reader.link(), ApiKey, KEY, tenant, id)?;
        Ok(found.ok_or(DatabaseError::Missing { what: "API key" })?)
    }

    /// The oldest first, those after `after`.
    pub async fn keys(
        &self,
        tenant: TenantId,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<ApiKey>, AccessError> {
        let mut reader = self.store.tenant(tenant).reader().await?;
        let after = after.unwrap_or_default();
        let limit = i64::from(limit.clamp(1, 1_000));
        Ok(fetch_all!(
            reader.link(),
            ApiKey,
            KEYS,
            tenant,
            after,
            limit
        )?)
    }

    /// From now on nobody gets in with it.
    pub async fn revoke_key(&self, by: &Principal, id: Uuid) -> Result<(), AccessError> {
        let mut work = self.store.tenant(by.tenant).begin().await?;
        let changed = execute!(work.link(), REVOKE, by.tenant, id, self.now())?;
        if changed == 0 {
            return Err(DatabaseError::Missing { what: "API key" }.into());
        }
        self.note_in(&mut work, by, "key.revoke", &id.to_string(), &json!({}))
            .await?;
        Ok(work.commit().await?)
    }

    /// Who a key belongs to.
    ///
    /// # Errors
    ///
    /// `Unknown`.
    pub async fn api_key(&self, presented: &SecretString) -> Result<Principal, AccessError> {
        let hash = hash(Kind::ApiKey, presented)?;
        let now = self.now();
        let mut reader = self.store.reader().await?;
        let found = fetch_optional!(reader.link(), Found, FIND_KEY, hash, now)?;
        drop(reader);
        let found = found.ok_or(AccessError::Unknown)?;
        if found
            .last_used_at
            .is_none_or(|used| now.since(used) > USED_EVERY)
        {
            let mut work = self.store.begin().await?;
            execute!(work.link(), USED, found.id, now)?;
            work.commit().await?;
        }
        let scopes: Result<Vec<Permission>, ()> =
            found.scopes.0.iter().map(|scope| scope.parse()).collect();
        Ok(Principal {
            tenant: found.tenant_id,
            role: found.role.parse().map_err(|()| AccessError::Unknown)?,
            // A scope that this version does not know must not widen the key.
            scopes: scopes.map_err(|()| AccessError::Unknown)?,
            who: Who::Key {
                id: found.id,
                name: found.name,
            },
        })
    }
}

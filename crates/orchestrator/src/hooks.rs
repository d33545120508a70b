//! Outgoing webhooks: whom to tell of what happens.

use casare_access::{AccessError, Vault};
use casare_store::{
    DatabaseError, Moment, Store, TenantId, TenantStore, Work, execute, fetch_all, fetch_optional,
    row, statements,
};
use secrecy::ExposeSecret;
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

row! {
    #[derive(Debug, Clone)]
    pub(crate) struct Hook {
        pub(crate) id: Uuid,
        pub(crate) tenant_id: TenantId,
        pub(crate) name: String,
        pub(crate) url: String,
        /// `standard` or `chat`.
        pub(crate) format: String,
        /// `job.dead`, `job.*`, `robots`, …
        pub(crate) events: Json<Vec<String>>,
        pub(crate) sealed: Vec<u8>,
        pub(crate) enabled: bool,
        pub(crate) revision: i64,
        pub(crate) created_at: Moment,
    }
    pub(crate) struct HookDelivery {
        pub(crate) id: Uuid,
        pub(crate) event: String,
        pub(crate) state: String,
        pub(crate) attempts: i64,
        pub(crate) next_at: Option<Moment>,
        pub(crate) status: Option<i64>,
        pub(crate) error: Option<String>,
        pub(crate) created_at: Moment,
        pub(crate) finished_at: Option<Moment>,
    }
    /// A delivery whose time has come.
    pub(crate) struct DueDelivery {
        pub(crate) id: Uuid,
        pub(crate) tenant_id: TenantId,
        pub(crate) hook_id: Uuid,
        pub(crate) payload: Json<Value>,
        pub(crate) attempts: i64,
        pub(crate) created_at: Moment,
    }
}

statements! {
    ADD_HOOK: "INSERT INTO hooks (id, tenant_id, name, url, events, sealed, enabled, created_at,
            format)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (tenant_id, name) DO NOTHING";
    HOOK: "SELECT id, tenant_id, name, url, format, events, sealed, enabled, revision, created_at
        FROM hooks WHERE tenant_id = $1 AND id = $2";
    HOOKS: "SELECT id, tenant_id, name, url, format, events, sealed, enabled, revision, created_at
        FROM hooks WHERE tenant_id = $1 AND name > $2 ORDER BY name LIMIT $3";
    ENABLED_HOOKS: "SELECT id, tenant_id, name, url, format, events, sealed, enabled, revision, created_at
        FROM hooks WHERE enabled";
    CHANGE_HOOK: "UPDATE hooks SET name = $4, url = $5, events = $6, enabled = $7,
            format = $8, revision = revision + 1
        WHERE tenant_id = $1 AND id = $2 AND revision = $3";
    DELETE_HOOK: "DELETE FROM hooks WHERE tenant_id = $1 AND id = $2";
    ADD_HOOK_DELIVERY: "INSERT INTO hook_deliveries (id, tenant_id, hook_id, event, payload, next_at,
            state, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $6)";
    HOOK_DELIVERIES: "SELECT id, event, state, attempts, next_at, status, error, created_at,
            finished_at
        FROM hook_deliveries WHERE tenant_id = $1 AND hook_id = $2 AND id < $3
        ORDER BY id DESC LIMIT $4";
    /// Nobody else sends them until then; whoever dies meanwhile leaves them to others.
    TAKE_DELIVERIES:
        "UPDATE hook_deliveries SET next_at = $2, attempts = attempts + 1 WHERE id IN (
             SELECT id FROM hook_deliveries WHERE next_at <= $1 ORDER BY next_at LIMIT 20)
         RETURNING id, tenant_id, hook_id, payload, attempts, created_at",
        "UPDATE hook_deliveries SET next_at = $2, attempts = attempts + 1 WHERE id = ANY (ARRAY (
             SELECT id FROM hook_deliveries WHERE next_at <= $1 ORDER BY next_at LIMIT 20
             FOR UPDATE SKIP LOCKED))
         RETURNING id, tenant_id, hook_id, payload, attempts, created_at";
    END_DELIVERY: "UPDATE hook_deliveries SET state = $2, status = $3, error = $4, next_at = $5,
            finished_at = $6
        WHERE id = $1";
    /// What still waits is tried anyway.
    REPEAT_HOOK_DELIVERY: "UPDATE hook_deliveries
        SET state = 'waiting', next_at = $4, attempts = 0, finished_at = NULL
        WHERE tenant_id = $1 AND hook_id = $2 AND id = $3 AND next_at IS NULL";
    FORGET_HOOK_DELIVERIES: "DELETE FROM hook_deliveries WHERE created_at < $1 AND next_at IS NULL";
}

/// What the secret of a hook is sealed under.
pub(crate) fn sealed_as(id: Uuid) -> String {
    format!("hook {id}")
}

impl Hook {
    /// Whether it wants to know of this event.
    pub(crate) fn wants(&self, event: &str) -> bool {
        self.events.0.iter().any(|wanted| {
            wanted == "*"
                || wanted == event
                || wanted
                    .strip_suffix(".*")
                    .is_some_and(|start| event.split('.').next() == Some(start))
        })
    }

    pub(crate) async fn secret(&self, vault: &Vault) -> Result<Vec<u8>, AccessError> {
        let opened = vault
            .open(self.tenant_id, &sealed_as(self.id), &self.sealed)
            .await?;
        Ok(opened.expose_secret().clone())
    }

    /// # Errors
    ///
    /// `Exists`.
    pub(crate) async fn add(&self, work: &mut Work) -> Result<(), DatabaseError> {
        let added = execute!(
            work.link(),
            ADD_HOOK,
            self.id,
            self.tenant_id,
            self.name.as_str(),
            self.url.as_str(),
            &self.events,
            self.sealed.as_slice(),
            self.enabled,
            self.created_at,
            self.format.as_str()
        )?;
        if added == 0 {
            return Err(DatabaseError::Exists { what: "hook" });
        }
        Ok(())
    }

    /// # Errors
    ///
    /// `Changed` when somebody was quicker.
    pub(crate) async fn change(&self, work: &mut Work) -> Result<(), DatabaseError> {
        let changed = execute!(
            work.link(),
            CHANGE_HOOK,
            self.tenant_id,
            self.id,
            self.revision,
            self.name.as_str(),
            self.url.as_str(),
            &self.events,
            self.enabled,
            self.format.as_str()
        )
        .map_err(DatabaseError::of("hook"))?;
        if changed == 0 {
            return Err(DatabaseError::Changed {
                what: "hook",
                found: 0,
            });
        }
        Ok(())
    }

    /// Puts a delivery to it on the list.
    pub(crate) async fn tell(
        &self,
        work: &mut Work,
        id: Uuid,
        event: &str,
        payload: &Value,
        now: Moment,
    ) -> Result<(), DatabaseError> {
        execute!(
            work.link(),
            ADD_HOOK_DELIVERY,
            id,
            self.tenant_id,
            self.id,
            event,
            Json(payload),
            now
        )?;
        Ok(())
    }
}

/// Puts a delivery that has ended on the list again; whether there is one.
pub(crate) async fn repeat(
    work: &mut Work,
    hook: &Hook,
    delivery: Uuid,
    now: Moment,
) -> Result<bool, DatabaseError> {
    let repeated = execute!(
        work.link(),
        REPEAT_HOOK_DELIVERY,
        hook.tenant_id,
        hook.id,
        delivery,
        now
    )?;
    Ok(repeated == 1)
}

pub(crate) async fn hook(
    store: &Store,
    tenant: TenantId,
    id: Uuid,
) -> Result<Option<Hook>, DatabaseError> {
    let mut reader = store.tenant(tenant).reader().await?;
    fetch_optional!(reader.link(), Hook, HOOK, tenant, id)
}

/// By name, those after `after`.
pub(crate) async fn hooks(
    tenant: &TenantStore,
    after: &str,
    limit: u32,
) -> Result<Vec<Hook>, DatabaseError> {
    let mut reader = tenant.reader().await?;
    fetch_all!(
        reader.link(),
        Hook,
        HOOKS,
        tenant.id(),
        after,
        i64::from(limit)
    )
}

/// Those of all tenants that are told of anything.
pub(crate) async fn enabled(store: &Store) -> Result<Vec<Hook>, DatabaseError> {
    let mut reader = store.reader().await?;
    fetch_all!(reader.link(), Hook, ENABLED_HOOKS)
}

pub(crate) async fn delete(
    tenant: &TenantStore,
    work: &mut Work,
    id: Uuid,
) -> Result<(), DatabaseError> {
    if execute!(work.link(), DELETE_HOOK, tenant.id(), id)? == 0 {
        return Err(DatabaseError::Missing { what: "hook" });
    }
    Ok(())
}

/// The latest first, those before `before`.
pub(crate) async fn deliveries(
    tenant: &TenantStore,
    hook: Uuid,
    before: Option<Uuid>,
    limit: u32,
) -> Result<Vec<HookDelivery>, DatabaseError> {
    let mut reader = tenant.reader().await?;
    let before = before.unwrap_or(Uuid::max());
    fetch_all!(
        reader.link(),
        HookDelivery,
        HOOK_DELIVERIES,
        tenant.id(),
        hook,
        before,
        i64::from(limit)
    )
}

/// Takes deliveries whose time has come; they are nobody else's until `until`.
pub(crate) async fn take(store: &Store, until: Moment) -> Result<Vec<DueDelivery>, DatabaseError> {
    let now = store.clock().now();
    let mut work = store.begin().await?;
    let taken = fetch_all!(work.link(), DueDelivery, TAKE_DELIVERIES, now, until)?;
    work.commit().await?;
    Ok(taken)
}

/// What became of an attempt to deliver.
pub(crate) struct Sent {
    pub(crate) state: &'static str,
    pub(crate) status: Option<u16>,
    pub(crate) error: Option<String>,
    pub(crate) next: Option<Moment>,
}

pub(crate) async fn end(store: &Store, delivery: Uuid, sent: &Sent) -> Result<(), DatabaseError> {
    let finished = sent.next.is_none().then(|| store.clock().now());
    let mut work = store.begin().await?;
    execute!(
        work.link(),
        END_DELIVERY,
        delivery,
        sent.state,
        sent.status.map(i64::from),
        sent.error.as_deref(),
        sent.next,
        finished
    )?;
    work.commit().await
}

/// Forgets what was delivered or given up before `limit`.
pub(crate) async fn forget(store: &Store, limit: Moment) -> Result<u64, DatabaseError> {
    let mut work = store.begin().await?;
    let gone = execute!(work.link(), FORGET_HOOK_DELIVERIES, limit)?;
    work.commit().await?;
    Ok(gone)
}

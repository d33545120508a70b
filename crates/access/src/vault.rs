//! Credentials, encrypted: each tenant has a data key, which the master key wraps. What is sealed
//! is bound to its tenant, environment and name, so that it opens nowhere else.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    io::Write,
    path::Path,
    sync::Arc,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use casare_store::{
    DatabaseError, Moment, Store, TenantId, execute, fetch_all, fetch_optional, row, statements,
};
use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretBox, SecretString};
use serde_json::json;
use sqlx::types::Json;

use crate::{AccessError, Principal};

const NONCE: usize = 24;
/// The largest credential, in bytes of JSON.
const LARGEST: usize = 64 * 1024;

/// The key that wraps the data keys. It is never in the database.
#[derive(Debug, Clone)]
pub struct MasterKey(Arc<SecretBox<[u8; 32]>>);

impl MasterKey {
    /// From Base64 of 32 bytes, as an environment variable holds it.
    pub fn parse(text: &SecretString, from: &str) -> Result<Self, AccessError> {
        let wrong = |why: &str| AccessError::MasterKey {
            path: from.to_owned(),
            why: why.to_owned(),
        };
        let bytes = STANDARD
            .decode(text.expose_secret().trim())
            .map_err(|_| wrong("it is not Base64"))?;
        let key: [u8; 32] = bytes
            .try_into()
            .map_err(|_| wrong("it does not have 32 bytes"))?;
        Ok(Self(Arc::new(SecretBox::new(Box::new(key)))))
    }

    /// From a file that only its owner can read; made with a new key if there is none.
    pub fn file(path: &Path) -> Result<Self, AccessError> {
        let wrong = |why: String| AccessError::MasterKey {
            path: path.display().to_string(),
            why,
        };
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let partial = path.with_extension("new");
        if !path.exists() {
            let key: [u8; 32] = rand::random();
            let _ = fs::remove_file(&partial);
            // Under another name first: half a key must never be taken for one. A link does not
            // replace the key of a server that began at the same time.
            options
                .open(&partial)
                .and_then(|mut file| {
                    file.write_all(STANDARD.encode(key).as_bytes())?;
                    file.sync_all()
                })
                .and_then(|()| fs::hard_link(&partial, path))
                .or_else(|error| match error.kind() {
                    std::io::ErrorKind::AlreadyExists => Ok(()),
                    _ => Err(error),
                })
                .map_err(|error| wrong(error.to_string()))?;
            let _ = fs::remove_file(&partial);
        }
        #[cfg(unix)]
        {
            let mode = fs::metadata(path)
                .map(|meta| std::os::unix::fs::PermissionsExt::mode(&meta.permissions()))
                .map_err(|error| wrong(error.to_string()))?;
            if mode & 0o077 != 0 {
                return Err(wrong("other users can read it: `chmod 600` it".to_owned()));
            }
        }
        let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        Self::parse(&text.into(), &path.display().to_string())
    }
}

/// Where credentials are kept. Clones share it.
#[derive(Debug, Clone)]
pub struct Vault {
    store: Store,
    master: MasterKey,
    keys: Arc<Mutex<HashMap<TenantId, DataKey>>>,
}

type DataKey = Arc<SecretBox<[u8; 32]>>;

/// A credential to keep.
#[derive(Debug, Clone)]
pub struct NewCredential {
    /// Empty: in every environment that does not say otherwise.
    pub environment: String,
    pub name: String,
    /// `login`, `token`, …: which fields people expect.
    pub kind: String,
    pub description: Option<String>,
    pub fields: BTreeMap<String, SecretString>,
}

row! {
    /// A credential, without its values.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct CredentialMeta {
        pub environment: String,
        pub name: String,
        pub kind: String,
        pub description: Option<String>,
        pub fields: Json<Vec<String>>,
        pub revision: i64,
        pub updated_by: String,
        pub updated_at: Moment,
    }
    struct Wrapped {
        wrapped: Vec<u8>,
    }
    struct Sealed {
        environment: String,
        sealed: Vec<u8>,
    }
    struct Revision {
        revision: i64,
    }
}

statements! {
    DATA_KEY: "SELECT wrapped FROM vault_keys WHERE tenant_id = $1";
    ADD_DATA_KEY: "INSERT INTO vault_keys (tenant_id, wrapped, created_at) VALUES ($1, $2, $3)
        ON CONFLICT (tenant_id) DO NOTHING";
    SET_CREDENTIAL: "INSERT INTO credentials (tenant_id, environment, name, kind, description, fields,
            sealed, updated_by, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (tenant_id, environment, name) DO UPDATE SET kind = excluded.kind,
            description = excluded.description, fields = excluded.fields, sealed = excluded.sealed,
            updated_by = excluded.updated_by, updated_at = excluded.updated_at,
            revision = credentials.revision + 1
        WHERE CAST($10 AS bigint) IS NULL OR credentials.revision = $10
        RETURNING revision";
    CREDENTIALS: "SELECT environment, name, kind, description, fields, revision, updated_by,
            updated_at
        FROM credentials WHERE tenant_id = $1 AND (name > $2 OR (name = $2 AND environment > $3))
        ORDER BY name, environment LIMIT $4";
    CREDENTIAL: "SELECT environment, name, kind, description, fields, revision, updated_by,
            updated_at
        FROM credentials WHERE tenant_id = $1 AND environment = $2 AND name = $3";
    DELETE_CREDENTIAL: "DELETE FROM credentials
        WHERE tenant_id = $1 AND environment = $2 AND name = $3";
    /// The nearest environment that has one wins, as with assets.
    RESOLVE: "WITH RECURSIVE line (name, parent, distance) AS (
            SELECT name, parent, 0 FROM environments WHERE tenant_id = $1 AND name = $2
            UNION ALL
            SELECT e.name, e.parent, line.distance + 1
            FROM line JOIN environments e ON e.tenant_id = $1 AND e.name = line.parent
            WHERE line.distance < 16)
        SELECT c.environment, c.sealed FROM credentials c
        LEFT JOIN line ON line.name = c.environment
        WHERE c.tenant_id = $1 AND c.name = $3 AND (c.environment = '' OR line.name IS NOT NULL)
        ORDER BY coalesce(line.distance, 1000) LIMIT 1";
}

impl Vault {
    pub fn new(store: Store, master: MasterKey) -> Self {
        Self {
            store,
            master,
            keys: Arc::default(),
        }
    }

    /// Seals anything for a tenant under a name; it opens only under the same.
    pub async fn seal(
        &self,
        tenant: TenantId,
        name: &str,
        content: &[u8],
    ) -> Result<Vec<u8>, AccessError> {
        let key = self.data_key(tenant).await?;
        seal(&key, &bound(tenant, name), content)
    }

    /// Opens what was sealed for this tenant under this name.
    ///
    /// # Errors
    ///
    /// `Sealed`.
    pub async fn open(
        &self,
        tenant: TenantId,
        name: &str,
        sealed: &[u8],
    ) -> Result<SecretBox<Vec<u8>>, AccessError> {
        let key = self.data_key(tenant).await?;
        open(&key, &bound(tenant, name), sealed).map(|content| SecretBox::new(Box::new(content)))
    }

    /// Keeps a credential; with `revision`, only if it is still at that one (0: if there is none).
    ///
    /// # Errors
    ///
    /// `Invalid`, `Changed`.
    pub async fn set(
        &self,
        by: &Principal,
        new: &NewCredential,
        revision: Option<i64>,
    ) -> Result<i64, AccessError> {
        check(new)?;
        let plain: BTreeMap<&str, &str> = new
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose_secret()))
            .collect();
        let content = SecretString::from(json!(plain).to_string());
        if content.expose_secret().len() > LARGEST {
            return Err(AccessError::Invalid {
                what: "the credential",
                why: "it takes more than 64 KiB".to_owned(),
            });
        }
        let place = place(&new.environment, &new.name);
        let sealed = self
            .seal(by.tenant, &place, content.expose_secret().as_bytes())
            .await?;
        let tenant = self.store.tenant(by.tenant);
        let fields: Vec<&String> = new.fields.keys().collect();
        let mut work = tenant.begin().await?;
        let set = fetch_optional!(
            work.link(),
            Revision,
            SET_CREDENTIAL,
            by.tenant,
            new.environment.as_str(),
            new.name.as_str(),
            new.kind.as_str(),
            new.description.as_deref(),
            Json(&fields),
            sealed,
            by.actor(),
            self.store.clock().now(),
            revision
        )?;
        let Some(set) = set else {
            return Err(DatabaseError::Changed {
                what: "credential",
                found: self
                    .meta(by.tenant, &new.environment, &new.name)
                    .await?
                    .map_or(0, |meta| meta.revision),
            }
            .into());
        };
        let details = json!({ "fields": fields, "kind": new.kind });
        tenant
            .audit(
                &mut work,
                &by.actor(),
                "credential.set",
                &subject(&new.environment, &new.name),
                &details,
            )
            .await?;
        work.commit().await?;
        Ok(set.revision)
    }

    pub async fn meta(
        &self,
        tenant: TenantId,
        environment: &str,
        name: &str,
    ) -> Result<Option<CredentialMeta>, AccessError> {
        let mut reader = self.store.tenant(tenant).reader().await?;
        Ok(fetch_optional!(
            reader.link(),
            CredentialMeta,
            CREDENTIAL,
            tenant,
            environment,
            name
        )?)
    }

    /// Which credentials there are, by name and environment, those after `after`.
    pub async fn list(
        &self,
        tenant: TenantId,
        after: (&str, &str),
        limit: u32,
    ) -> Result<Vec<CredentialMeta>, AccessError> {
        let mut reader = self.store.tenant(tenant).reader().await?;
        let limit = i64::from(limit.clamp(1, 1_000));
        Ok(fetch_all!(
            reader.link(),
            CredentialMeta,
            CREDENTIALS,
            tenant,
            after.0,
            after.1,
            limit
        )?)
    }

    pub async fn delete(
        &self,
        by: &Principal,
        environment: &str,
        name: &str,
    ) -> Result<(), AccessError> {
        let tenant = self.store.tenant(by.tenant);
        let mut work = tenant.begin().await?;
        if execute!(work.link(), DELETE_CREDENTIAL, by.tenant, environment, name)? == 0 {
            return Err(DatabaseError::Missing { what: "credential" }.into());
        }
        tenant
            .audit(
                &mut work,
                &by.actor(),
                "credential.delete",
                &subject(environment, name),
                &json!({}),
            )
            .await?;
        Ok(work.commit().await?)
    }

    /// The values of a credential as a run in `environment` sees it. For handing it to a robot that
    /// holds a lease of that run, and for nobody else.
    pub async fn resolve(
        &self,
        tenant: TenantId,
        environment: &str,
        name: &str,
    ) -> Result<Option<BTreeMap<String, SecretString>>, AccessError> {
        let mut reader = self.store.tenant(tenant).reader().await?;
        let found = fetch_optional!(reader.link(), Sealed, RESOLVE, tenant, environment, name)?;
        drop(reader);
        let Some(found) = found else {
            return Ok(None);
        };
        let content = self
            .open(tenant, &place(&found.environment, name), &found.sealed)
            .await?;
        let fields: BTreeMap<String, SecretString> =
            serde_json::from_slice::<BTreeMap<String, String>>(content.expose_secret())
                .map_err(|_| AccessError::Sealed)?
                .into_iter()
                .map(|(name, value)| (name, value.into()))
                .collect();
        Ok(Some(fields))
    }

    async fn data_key(&self, tenant: TenantId) -> Result<DataKey, AccessError> {
        if let Some(key) = self.keys.lock().get(&tenant) {
            return Ok(Arc::clone(key));
        }
        let mut work = self.store.tenant(tenant).begin().await?;
        let name = bound(tenant, "data key");
        let new: [u8; 32] = rand::random();
        let wrapped = seal(&self.master.0, &name, &new)?;
        let now = self.store.clock().now();
        execute!(work.link(), ADD_DATA_KEY, tenant, wrapped, now)?;
        // The one that was there first.
        let kept = fetch_optional!(work.link(), Wrapped, DATA_KEY, tenant)?;
        work.commit().await?;
        let kept = kept.ok_or(AccessError::Sealed)?;
        let key: [u8; 32] = open(&self.master.0, &name, &kept.wrapped)?
            .try_into()
            .map_err(|_| AccessError::Sealed)?;
        let key: DataKey = Arc::new(SecretBox::new(Box::new(key)));
        self.keys.lock().insert(tenant, Arc::clone(&key));
        Ok(key)
    }
}

fn check(new: &NewCredential) -> Result<(), AccessError> {
    let invalid = |why: &str| {
        Err(AccessError::Invalid {
            what: "the credential",
            why: why.to_owned(),
        })
    };
    if new.name.is_empty() || new.name.len() > 200 || new.name.chars().any(char::is_control) {
        return invalid("its name must have 1 to 200 bytes, all printable");
    }
    if new.environment.len() > 200 || new.environment.chars().any(char::is_control) {
        return invalid("the name of its environment must have at most 200 bytes, all printable");
    }
    if new.fields.is_empty() || new.fields.len() > 50 {
        return invalid("it must have 1 to 50 fields");
    }
    if new
        .fields
        .keys()
        .any(|name| name.is_empty() || name.len() > 100)
    {
        return invalid("the names of its fields must have 1 to 100 bytes");
    }
    Ok(())
}

/// What a credential is sealed under. Neither name can hold the character between them.
fn place(environment: &str, name: &str) -> String {
    format!("{environment}\0{name}")
}

/// The same for people to read.
fn subject(environment: &str, name: &str) -> String {
    match environment {
        "" => name.to_owned(),
        environment => format!("{name} in {environment}"),
    }
}

/// What is authenticated with the content. The lengths are fixed or stand at the end, so that no
/// two places look the same.
fn bound(tenant: TenantId, name: &str) -> Vec<u8> {
    [
        b"casare.vault.1",
        tenant.0.as_bytes().as_slice(),
        name.as_bytes(),
    ]
    .concat()
}

fn seal(key: &SecretBox<[u8; 32]>, bound: &[u8], content: &[u8]) -> Result<Vec<u8>, AccessError> {
    let nonce: [u8; NONCE] = rand::random();
    let payload = Payload {
        msg: content,
        aad: bound,
    };
    let sealed = XChaCha20Poly1305::new(key.expose_secret().into())
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|_| AccessError::Sealed)?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn open(key: &SecretBox<[u8; 32]>, bound: &[u8], sealed: &[u8]) -> Result<Vec<u8>, AccessError> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE).ok_or(AccessError::Sealed)?;
    let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| AccessError::Sealed)?;
    let payload = Payload {
        msg: sealed,
        aad: bound,
    };
    XChaCha20Poly1305::new(key.expose_secret().into())
        .decrypt(&XNonce::from(nonce), payload)
        .map_err(|_| AccessError::Sealed)
}

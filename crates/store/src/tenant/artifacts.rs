//! Files that runs kept, by the hash of what is in them: the same content is kept once a tenant.

use std::{path::Path, sync::Arc};

use object_store::{
    ObjectStore, ObjectStoreExt, PutPayload, aws::AmazonS3Builder, local::LocalFileSystem,
    path::Path as Key,
};
use sha2::{Digest, Sha256};

use super::TenantStore;
use crate::{DatabaseError, Moment, RunId, TenantId, Work, execute, fetch_all, row, statements};

/// Where the content of artifacts is: a folder, or a bucket of anything that speaks S3.
#[derive(Debug, Clone)]
pub struct ArtifactStore {
    objects: Arc<dyn ObjectStore>,
}

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Artifact {
        pub run_id: RunId,
        pub name: String,
        pub media_type: String,
        /// SHA-256, in hex.
        pub hash: String,
        /// In bytes.
        pub size: i64,
        pub created_at: Moment,
    }
    struct HashRow {
        hash: String,
    }
}

statements! {
    ADD_ARTIFACT: "INSERT INTO artifacts (tenant_id, run_id, name, media_type, hash, size, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (tenant_id, run_id, name) DO UPDATE SET media_type = excluded.media_type,
            hash = excluded.hash, size = excluded.size, created_at = excluded.created_at";
    ARTIFACTS: "SELECT run_id, name, media_type, hash, size, created_at FROM artifacts
        WHERE tenant_id = $1 AND run_id = $2 ORDER BY name";
    DROP_ARTIFACTS: "DELETE FROM artifacts WHERE tenant_id = $1 AND created_at < $2 RETURNING hash";
    STILL_USED: "SELECT hash FROM artifacts WHERE tenant_id = $1 AND hash = $2 LIMIT 1";
}

impl ArtifactStore {
    /// In a folder, made if it is missing.
    pub fn folder(path: &Path) -> Result<Self, DatabaseError> {
        std::fs::create_dir_all(path)
            .map_err(|error| DatabaseError::file("creating", path, error))?;
        let objects = LocalFileSystem::new_with_prefix(path)
            .map_err(|error| failed("opening the folder", error))?
            .with_fsync(true);
        Ok(Self {
            objects: Arc::new(objects),
        })
    }

    /// In a bucket, with the access that the standard variables of AWS give.
    pub fn bucket(name: &str, endpoint: Option<&str>) -> Result<Self, DatabaseError> {
        let mut builder = AmazonS3Builder::from_env().with_bucket_name(name);
        if let Some(endpoint) = endpoint {
            builder = builder
                .with_endpoint(endpoint)
                .with_allow_http(endpoint.starts_with("http://"));
        }
        let objects = builder
            .build()
            .map_err(|error| failed("opening the bucket", error))?;
        Ok(Self {
            objects: Arc::new(objects),
        })
    }

    /// Keeps content and answers its hash. What is there already is not written again.
    pub async fn put(&self, tenant: TenantId, content: Vec<u8>) -> Result<String, DatabaseError> {
        let hash: String = Sha256::digest(&content)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let key = key(tenant, &hash);
        if self
            .objects
            .head(&key)
            .await
            .is_ok_and(|found| age_s(&found) < FRESH_S)
        {
            return Ok(hash);
        }
        self.objects
            .put(&key, PutPayload::from(content))
            .await
            .map_err(|error| failed("writing", error))?;
        Ok(hash)
    }

    /// # Errors
    ///
    /// `Missing` when there is no such content; `Artifacts` when it is not what its hash says.
    pub async fn get(&self, tenant: TenantId, hash: &str) -> Result<Vec<u8>, DatabaseError> {
        let found = self
            .objects
            .get(&key(tenant, hash))
            .await
            .map_err(missing)?;
        let content = found
            .bytes()
            .await
            .map_err(|error| failed("reading", error))?;
        let found: String = Sha256::digest(&content)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        if found != hash {
            let damaged = std::io::Error::from(std::io::ErrorKind::InvalidData);
            return Err(DatabaseError::Artifacts {
                doing: "comparing content with its hash",
                source: Arc::new(damaged),
            });
        }
        Ok(content.into())
    }

    /// Removes content that was not written lately; answers whether it is gone.
    async fn delete(&self, tenant: TenantId, hash: &str) -> Result<bool, DatabaseError> {
        let key = key(tenant, hash);
        match self.objects.head(&key).await.map_err(missing) {
            Ok(found) if age_s(&found) < 2 * FRESH_S => return Ok(false),
            Err(DatabaseError::Missing { .. }) => return Ok(true),
            found => found.map(|_| ())?,
        }
        match self.objects.delete(&key).await.map_err(missing) {
            Ok(()) | Err(DatabaseError::Missing { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }
}

/// Content that is younger is not written again, and not removed until twice that: between putting
/// content that is there already and noting who has it, nobody takes it away.
const FRESH_S: i64 = 24 * 3_600;

fn age_s(found: &object_store::ObjectMeta) -> i64 {
    jiff::Timestamp::now().as_second() - found.last_modified.timestamp()
}

/// `tenant/ab/abcd…`
fn key(tenant: TenantId, hash: &str) -> Key {
    let hash: String = hash.chars().filter(char::is_ascii_alphanumeric).collect();
    Key::from(format!("{tenant}/{}/{hash}", hash.get(..2).unwrap_or("00")))
}

fn failed(doing: &'static str, error: object_store::Error) -> DatabaseError {
    DatabaseError::Artifacts {
        doing,
        source: Arc::new(error),
    }
}

fn missing(error: object_store::Error) -> DatabaseError {
    match error {
        object_store::Error::NotFound { .. } => DatabaseError::Missing {
            what: "content of an artifact",
        },
        error => failed("reading", error),
    }
}

impl TenantStore {
    /// Notes that a run kept content under a name. Put the content first.
    pub async fn add_artifact(
        &self,
        work: &mut Work,
        artifact: &Artifact,
    ) -> Result<(), DatabaseError> {
        execute!(
            work.link(),
            ADD_ARTIFACT,
            self.id,
            artifact.run_id,
            artifact.name.as_str(),
            artifact.media_type.as_str(),
            artifact.hash.as_str(),
            artifact.size,
            artifact.created_at
        )?;
        Ok(())
    }

    pub async fn artifacts(&self, run: RunId) -> Result<Vec<Artifact>, DatabaseError> {
        let mut reader = self.reader().await?;
        fetch_all!(reader.link(), Artifact, ARTIFACTS, self.id, run)
    }

    /// Forgets artifacts of before `limit`, and removes content that no other one has. Answers how
    /// many contents are gone.
    pub async fn forget_artifacts(
        &self,
        contents: &ArtifactStore,
        limit: Moment,
    ) -> Result<usize, DatabaseError> {
        let mut work = self.begin().await?;
        let mut hashes = fetch_all!(work.link(), HashRow, DROP_ARTIFACTS, self.id, limit)?;
        work.commit().await?;
        hashes.sort_unstable_by(|a, b| a.hash.cmp(&b.hash));
        hashes.dedup_by(|a, b| a.hash == b.hash);
        let mut removed = 0;
        for row in hashes {
            let mut reader = self.reader().await?;
            let used = fetch_all!(
                reader.link(),
                HashRow,
                STILL_USED,
                self.id,
                row.hash.as_str()
            )?;
            if used.is_empty() {
                removed += usize::from(contents.delete(self.id, &row.hash).await?);
            }
        }
        Ok(removed)
    }
}

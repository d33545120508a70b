//! Files, as S3's requests reach them.

use std::{io::ErrorKind as Io, sync::Arc};

use async_trait::async_trait;
use casare_engine::{ErrorKind, NodeError};
use futures::StreamExt;
use jiff::Timestamp;
use object_store::{
    Error, GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt, aws::AmazonS3,
    buffered::BufWriter, path::Path,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::fault::fault;
use crate::remote::{Abilities, Entry, Remote, RemotePath, Source, Take};

/// Files up to this size are sent at once, larger ones in parts of this size: at most 10,000 parts
/// are allowed, of which each is held in memory.
const PART: u64 = 10 * 1024 * 1024;
const PARTS: u64 = 9_000;

pub(super) struct S3Files {
    store: Arc<AmazonS3>,
}

impl S3Files {
    pub(super) fn new(store: Arc<AmazonS3>) -> Self {
        Self { store }
    }

    pub(super) fn store(&self) -> &AmazonS3 {
        &self.store
    }

    /// Asks for what is in the bucket, so that a wrong login or name is told at once.
    pub(super) async fn try_out(&self, bucket: &str) -> Result<(), NodeError> {
        let doing = format!("could not open the bucket {bucket}");
        match self.store.list(None).next().await {
            Some(Err(error)) if !is_bad_name(&error) => Err(fault(&doing, &error)),
            _ => Ok(()),
        }
    }
}

/// The name under which the service knows a path.
pub(super) fn key(path: &RemotePath) -> Result<Path, NodeError> {
    Path::parse(path.as_str()).map_err(|error| NodeError::invalid(format!("{path}: {error}")))
}

/// A listed name that the library below refuses, such as `a/../b`.
fn is_bad_name(error: &Error) -> bool {
    matches!(error, Error::InvalidPath { .. })
}

fn time(meta: &ObjectMeta) -> Option<Timestamp> {
    Timestamp::from_second(meta.last_modified.timestamp()).ok()
}

fn name(path: &Path) -> &str {
    path.as_ref().rsplit('/').next().unwrap_or_default()
}

#[async_trait]
impl Remote for S3Files {
    async fn list(&self, folder: &RemotePath) -> Result<Vec<Entry>, NodeError> {
        let doing = format!("could not list {folder}");
        let prefix = key(folder)?;
        let listed = self
            .store
            .list_with_delimiter(Some(&prefix))
            .await
            .map_err(|error| {
                let failure = fault(&doing, &error);
                if is_bad_name(&error) {
                    return failure.with_help(
                        "the bucket has a name that is no path (`..` or `//`); rename it there",
                    );
                }
                failure
            })?;
        let folders = listed
            .common_prefixes
            .iter()
            .map(|path| Entry::folder(name(path), None));
        let files = listed
            .objects
            .iter()
            // Some tools make a folder as an empty object of its name.
            .filter(|meta| {
                meta.location != prefix && !listed.common_prefixes.contains(&meta.location)
            })
            .map(|meta| Entry::file(name(&meta.location), Some(meta.size), time(meta)));
        let entries: Vec<Entry> = folders.chain(files).collect();
        if entries.is_empty() && listed.objects.is_empty() && !folder.name().is_empty() {
            return Err(NodeError::not_found(format!(
                "{doing}: nothing has a name that begins with it"
            ))
            .with_help("check the path"));
        }
        Ok(entries)
    }

    async fn info(&self, path: &RemotePath) -> Result<Option<Entry>, NodeError> {
        let doing = format!("could not look at {path}");
        let key = key(path)?;
        if key.as_ref().is_empty() {
            return Ok(Some(Entry::folder("", None)));
        }
        match self.store.head(&key).await {
            Ok(meta) => return Ok(Some(Entry::file(path.name(), Some(meta.size), time(&meta)))),
            Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(fault(&doing, &error)),
        }
        match self.store.list(Some(&key)).next().await {
            Some(Ok(_)) => Ok(Some(Entry::folder(path.name(), None))),
            Some(Err(error)) if is_bad_name(&error) => Ok(Some(Entry::folder(path.name(), None))),
            Some(Err(error)) => Err(fault(&doing, &error)),
            None => Ok(None),
        }
    }

    async fn download(
        &self,
        path: &RemotePath,
        offset: u64,
        take: Take<'_>,
    ) -> Result<(), NodeError> {
        let doing = format!("could not download {path}");
        let options = GetOptions {
            range: (offset > 0).then_some(GetRange::Offset(offset)),
            ..GetOptions::default()
        };
        let got = self.store.get_opts(&key(path)?, options).await;
        let got = got.map_err(|error| fault(&doing, &error))?;
        let mut pieces = got.into_stream();
        while let Some(piece) = pieces.next().await {
            take(&piece.map_err(|error| fault(&doing, &error))?)?;
        }
        Ok(())
    }

    async fn upload(
        &self,
        path: &RemotePath,
        source: &Source,
        offset: u64,
    ) -> Result<(), NodeError> {
        let doing = format!("could not upload {path}");
        let mut reader = source.open(offset).await?;
        let part = PART.max(source.size().div_ceil(PARTS)) as usize;
        let store: Arc<dyn ObjectStore> = self.store.clone();
        let mut writer = BufWriter::with_capacity(store, key(path)?, part).with_max_concurrency(2);
        let outcome = async {
            let mut piece = vec![0; 256 * 1024];
            loop {
                let read = reader.read(&mut piece).await?;
                if read == 0 {
                    break;
                }
                writer.write_all(&piece[..read]).await?;
            }
            writer.shutdown().await
        }
        .await;
        let Err(error) = outcome else {
            return Ok(());
        };
        // Parts that were sent cost money until somebody gives them up.
        let _ = writer.abort().await;
        Err(
            match error
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<Error>())
            {
                Some(inner) => fault(&doing, inner),
                None if error.kind() == Io::Other => {
                    NodeError::new(ErrorKind::Unavailable, format!("{doing}: {error}"))
                }
                None => NodeError::io(doing, &error),
            },
        )
    }

    async fn delete(&self, path: &RemotePath) -> Result<(), NodeError> {
        let outcome = self.store.delete(&key(path)?).await;
        outcome.map_err(|error| fault(&format!("could not delete {path}"), &error))
    }

    async fn rename(&self, from: &RemotePath, to: &RemotePath) -> Result<(), NodeError> {
        let doing = format!("could not move {from} to {to}");
        let (old, new) = (key(from)?, key(to)?);
        let failed = |error| fault(&doing, &error);
        match self.store.rename(&old, &new).await {
            Err(Error::NotFound { .. }) => {}
            outcome => return outcome.map_err(failed),
        }
        // A folder: each file in it has the folder's name in its own.
        let mut inside = self.store.list(Some(&old));
        let mut any = false;
        while let Some(meta) = inside.next().await {
            let meta = meta.map_err(failed)?;
            let below = meta.location.prefix_match(&old).into_iter().flatten();
            let place = below.fold(new.clone(), object_store::path::Path::join);
            self.store
                .rename(&meta.location, &place)
                .await
                .map_err(failed)?;
            any = true;
        }
        if any {
            return Ok(());
        }
        Err(NodeError::not_found(format!("{doing}: there is no {from}")))
    }

    async fn make_folder(&self, _: &RemotePath) -> Result<(), NodeError> {
        Ok(())
    }

    async fn remove_folder(&self, path: &RemotePath) -> Result<(), NodeError> {
        // Its mark, if some tool made one, goes like a file; without files there is no folder.
        match self.store.head(&key(path)?).await {
            Ok(_) => self.delete(path).await,
            Err(_) => Ok(()),
        }
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            resumes_downloads: true,
            resumes_uploads: false,
            uploads_whole: true,
            has_folders: false,
        }
    }
}

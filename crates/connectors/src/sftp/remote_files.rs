//! Files, as SFTP's requests reach them.

use std::{future::Future, io::SeekFrom, sync::Arc};

use async_trait::async_trait;
use casare_engine::NodeError;
use jiff::Timestamp;
use russh_sftp::{
    client::{error::Error as SftpError, fs::Metadata},
    protocol::{OpenFlags, Packet, StatusCode},
};
use tokio::{
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt},
    time::timeout,
};

use super::{
    connection::{Connection, Live},
    fault::{fault, is_absent, is_usable_after},
};
use crate::remote::{Abilities, Entry, Remote, RemotePath, Source, Take};

pub(super) struct SftpFiles {
    connection: Connection,
}

impl SftpFiles {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection }
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The error of `outcome`, after which a connection that broke is forgotten.
    async fn settle<T>(
        &self,
        live: &Arc<Live>,
        doing: &str,
        outcome: Result<T, SftpError>,
    ) -> Result<T, NodeError> {
        match outcome {
            Ok(value) => Ok(value),
            Err(error) => {
                if !is_usable_after(&error) {
                    self.connection.drop_broken(live).await;
                }
                Err(fault(doing, &error))
            }
        }
    }
}

/// A path as requests take it: an empty one is the folder of the login.
fn argument(path: &RemotePath) -> String {
    path.to_string()
}

/// An answer within the time that a server has, for what the library waits for without end.
async fn in_time<T>(
    patience: std::time::Duration,
    doing: &str,
    work: impl Future<Output = std::io::Result<T>>,
) -> Result<T, SftpError> {
    match timeout(patience, work).await {
        Ok(outcome) => outcome.map_err(SftpError::from),
        Err(_) => Err(SftpError::IO(format!("{doing}: no answer"))),
    }
}

fn entry(name: &str, facts: &Metadata) -> Entry {
    let modified = facts
        .mtime
        .and_then(|seconds| Timestamp::from_second(i64::from(seconds)).ok());
    if facts.file_type().is_dir() {
        Entry::folder(name, modified)
    } else {
        Entry::file(name, facts.size, modified)
    }
}

#[async_trait]
impl Remote for SftpFiles {
    async fn list(&self, folder: &RemotePath) -> Result<Vec<Entry>, NodeError> {
        let live = self.connection.live().await?;
        let files = live.files(self.connection.patience()).await?;
        let listed = files.read_dir(argument(folder)).await;
        let listed = self
            .settle(&live, &format!("could not list {folder}"), listed)
            .await?;
        let mut entries = Vec::new();
        for listed in listed {
            let name = listed.file_name();
            let facts = listed.metadata();
            if !facts.file_type().is_symlink() {
                entries.push(entry(&name, &facts));
                continue;
            }
            // What a link points to; a link to nothing is but a name.
            let there = files.metadata(argument(&folder.join(&name))).await;
            let found = there.map_or_else(|_| Entry::file(&name, None, None), |t| entry(&name, &t));
            entries.push(Entry {
                is_link: true,
                ..found
            });
        }
        Ok(entries)
    }

    async fn info(&self, path: &RemotePath) -> Result<Option<Entry>, NodeError> {
        let live = self.connection.live().await?;
        let files = live.files(self.connection.patience()).await?;
        match files.metadata(argument(path)).await {
            Ok(facts) => Ok(Some(entry(path.name(), &facts))),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => {
                self.settle(&live, &format!("could not look at {path}"), Err(error))
                    .await
            }
        }
    }

    async fn download(
        &self,
        path: &RemotePath,
        offset: u64,
        take: Take<'_>,
    ) -> Result<(), NodeError> {
        let doing = format!("could not download {path}");
        let patience = self.connection.patience();
        let live = self.connection.live().await?;
        let files = live.files(patience).await?;
        let opened = files.open(argument(path)).await;
        let mut file = self.settle(&live, &doing, opened).await?;
        let sought = in_time(patience, &doing, file.seek(SeekFrom::Start(offset))).await;
        self.settle(&live, &doing, sought).await?;
        let mut piece = vec![0; 256 * 1024];
        loop {
            let read = in_time(patience, &doing, file.read(&mut piece)).await;
            let read = self.settle(&live, &doing, read).await?;
            if read == 0 {
                return Ok(());
            }
            take(&piece[..read])?;
        }
    }

    async fn upload(
        &self,
        path: &RemotePath,
        source: &Source,
        offset: u64,
    ) -> Result<(), NodeError> {
        let doing = format!("could not upload {path}");
        let patience = self.connection.patience();
        let mut reader = source.open(offset).await?;
        let live = self.connection.live().await?;
        let files = live.files(patience).await?;
        let mut flags = OpenFlags::CREATE | OpenFlags::WRITE;
        if offset == 0 {
            flags |= OpenFlags::TRUNCATE;
        }
        let opened = files.open_with_flags(argument(path), flags).await;
        let mut file = self.settle(&live, &doing, opened).await?;
        let sought = in_time(patience, &doing, file.seek(SeekFrom::Start(offset))).await;
        self.settle(&live, &doing, sought).await?;
        let mut piece = vec![0; 256 * 1024];
        loop {
            let read = reader
                .read(&mut piece)
                .await
                .map_err(|error| NodeError::io(&doing, &error))?;
            if read == 0 {
                break;
            }
            let written = in_time(patience, &doing, file.write_all(&piece[..read])).await;
            self.settle(&live, &doing, written).await?;
        }
        let flushed = in_time(patience, &doing, file.flush()).await;
        self.settle(&live, &doing, flushed).await?;
        let closed = in_time(patience, &doing, file.close()).await;
        self.settle(&live, &doing, closed).await
    }

    async fn delete(&self, path: &RemotePath) -> Result<(), NodeError> {
        let live = self.connection.live().await?;
        let files = live.files(self.connection.patience()).await?;
        let outcome = files.remove_file(argument(path)).await;
        self.settle(&live, &format!("could not delete {path}"), outcome)
            .await
    }

    async fn rename(&self, from: &RemotePath, to: &RemotePath) -> Result<(), NodeError> {
        let doing = format!("could not rename {from} to {to}");
        let live = self.connection.live().await?;
        live.files(self.connection.patience()).await?;
        let outcome = rename(&live, from, to).await;
        self.settle(&live, &doing, outcome).await
    }

    async fn make_folder(&self, path: &RemotePath) -> Result<(), NodeError> {
        let live = self.connection.live().await?;
        let files = live.files(self.connection.patience()).await?;
        let outcome = files.create_dir(argument(path)).await;
        self.settle(&live, &format!("could not make the folder {path}"), outcome)
            .await
    }

    async fn remove_folder(&self, path: &RemotePath) -> Result<(), NodeError> {
        let doing = format!("could not remove the folder {path}");
        let live = self.connection.live().await?;
        let files = live.files(self.connection.patience()).await?;
        let outcome = files.remove_dir(argument(path)).await;
        self.settle(&live, &doing, outcome).await
    }

    async fn set_modified(&self, path: &RemotePath, time: Timestamp) -> Result<bool, NodeError> {
        let Ok(seconds) = u32::try_from(time.as_second()) else {
            return Ok(false);
        };
        let live = self.connection.live().await?;
        let files = live.files(self.connection.patience()).await?;
        let mut facts = Metadata::empty();
        facts.mtime = Some(seconds);
        facts.atime = Some(seconds);
        match files.set_metadata(argument(path), facts).await {
            Ok(()) => Ok(true),
            Err(error) if is_usable_after(&error) => Ok(false),
            Err(error) => {
                let doing = format!("could not set the time of {path}");
                self.settle(&live, &doing, Err(error)).await
            }
        }
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            resumes_downloads: true,
            resumes_uploads: true,
            uploads_whole: false,
            has_folders: true,
        }
    }

    async fn close(&self) {
        self.connection.close().await;
    }
}

/// Renames onto what is there. The protocol's own request refuses that, OpenSSH's does not; where
/// a server has no such request, what is there is removed first.
async fn rename(live: &Live, from: &RemotePath, to: &RemotePath) -> Result<(), SftpError> {
    if let Some(raw) = live.requests_of_openssh().await {
        let mut names = Vec::new();
        for path in [argument(from), argument(to)] {
            names.extend((path.len() as u32).to_be_bytes());
            names.extend(path.into_bytes());
        }
        let reply = raw.extended("posix-rename@openssh.com", names).await?;
        return match reply {
            Packet::Status(status) if status.status_code == StatusCode::Ok => Ok(()),
            Packet::Status(status) => Err(SftpError::Status(status)),
            _ => Err(SftpError::UnexpectedPacket),
        };
    }
    let Some(files) = live.opened_files() else {
        return Err(SftpError::UnexpectedBehavior("no session".to_owned()));
    };
    let error = match files.rename(argument(from), argument(to)).await {
        Err(error) if is_usable_after(&error) && !is_absent(&error) => error,
        outcome => return outcome,
    };
    match files.metadata(argument(to)).await {
        Ok(there) if !there.file_type().is_dir() => {}
        _ => return Err(error),
    }
    files.remove_file(argument(to)).await?;
    files.rename(argument(from), argument(to)).await
}

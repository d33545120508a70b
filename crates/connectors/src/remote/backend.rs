//! What a protocol has to offer; the nodes are made of it.

use std::{io::SeekFrom, path::PathBuf};

use async_trait::async_trait;
use casare_engine::NodeError;
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncSeekExt};

use super::path::RemotePath;

/// A place with files and folders elsewhere.
///
/// A lost connection is made anew by the next call; the call that lost it fails as `unavailable`.
#[async_trait]
pub(crate) trait Remote: Send + Sync + 'static {
    /// What is in a folder, in any order, as the server names it.
    async fn list(&self, folder: &RemotePath) -> Result<Vec<Entry>, NodeError>;

    /// What is at a path; `None` when nothing is. For a file the time is as exact as the protocol
    /// can tell.
    async fn info(&self, path: &RemotePath) -> Result<Option<Entry>, NodeError>;

    /// Gives the content of a file from `offset` on to `take`, piece by piece.
    async fn download(
        &self,
        path: &RemotePath,
        offset: u64,
        take: Take<'_>,
    ) -> Result<(), NodeError>;

    /// Writes a file: `source` from `offset` on, after the `offset` bytes that are there already.
    async fn upload(
        &self,
        path: &RemotePath,
        source: &Source,
        offset: u64,
    ) -> Result<(), NodeError>;

    /// Deletes a file.
    async fn delete(&self, path: &RemotePath) -> Result<(), NodeError>;

    /// Gives a file or folder another path; a file that is there is replaced.
    async fn rename(&self, from: &RemotePath, to: &RemotePath) -> Result<(), NodeError>;

    /// Makes a folder in one that is there.
    async fn make_folder(&self, path: &RemotePath) -> Result<(), NodeError>;

    /// Removes an empty folder.
    async fn remove_folder(&self, path: &RemotePath) -> Result<(), NodeError>;

    /// Gives a file the time of its original; whether the protocol can.
    async fn set_modified(&self, _: &RemotePath, _: Timestamp) -> Result<bool, NodeError> {
        Ok(false)
    }

    /// What the protocol can do.
    fn abilities(&self) -> Abilities;

    /// Says goodbye.
    async fn close(&self) {}
}

/// Where the pieces of a download go.
pub(crate) type Take<'a> = &'a mut (dyn FnMut(&[u8]) -> Result<(), NodeError> + Send);

/// What a protocol can do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Abilities {
    /// A download can begin within the file.
    pub(crate) resumes_downloads: bool,
    /// An upload can go on after what is there.
    pub(crate) resumes_uploads: bool,
    /// A file appears only when it is whole: no temporary name is needed.
    pub(crate) uploads_whole: bool,
    /// Folders are things of their own; else they are but parts of names.
    pub(crate) has_folders: bool,
}

/// A file or folder as a server describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) is_folder: bool,
    /// Not entered when folders are walked through.
    pub(crate) is_link: bool,
    pub(crate) size: Option<u64>,
    pub(crate) modified: Option<Timestamp>,
    /// The time is one of a list that tells minutes or days only.
    pub(crate) coarse: bool,
}

impl Entry {
    pub(crate) fn folder(name: impl Into<String>, modified: Option<Timestamp>) -> Self {
        Self {
            is_folder: true,
            ..Self::file(name, None, modified)
        }
    }

    pub(crate) fn file(
        name: impl Into<String>,
        size: Option<u64>,
        modified: Option<Timestamp>,
    ) -> Self {
        Self {
            name: name.into(),
            is_folder: false,
            is_link: false,
            size,
            modified,
            coarse: false,
        }
    }
}

/// What is uploaded.
#[derive(Debug)]
pub(crate) enum Source {
    /// A file of this machine and its size when the upload began.
    File { path: PathBuf, size: u64 },
    /// A small content.
    Bytes(Vec<u8>),
}

/// A source that is being read.
pub(crate) type Reader = Box<dyn AsyncRead + Send + Sync + Unpin>;

impl Source {
    /// A file, its size taken now.
    pub(crate) async fn file(path: PathBuf) -> Result<Self, NodeError> {
        let size = tokio::fs::metadata(&path)
            .await
            .map_err(|error| unread(&path, &error))?
            .len();
        Ok(Self::File { path, size })
    }

    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::File { size, .. } => *size,
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }

    /// Starts to read at `offset`.
    pub(crate) async fn open(&self, offset: u64) -> Result<Reader, NodeError> {
        match self {
            Self::File { path, .. } => {
                let failed = |error| unread(path, &error);
                let mut file = tokio::fs::File::open(path).await.map_err(failed)?;
                file.seek(SeekFrom::Start(offset)).await.map_err(failed)?;
                Ok(Box::new(file))
            }
            Self::Bytes(bytes) => {
                let rest = bytes.get(offset as usize..).unwrap_or_default().to_vec();
                Ok(Box::new(std::io::Cursor::new(rest)))
            }
        }
    }
}

fn unread(path: &std::path::Path, error: &std::io::Error) -> NodeError {
    NodeError::io(format_args!("could not read {}", path.display()), error)
}

//! The files of a server, open for the steps of a block.

use std::{any::Any, collections::HashSet, marker::PhantomData, sync::Arc};

use async_trait::async_trait;
use casare_engine::{BlockEnd, Node, NodeError, Opened, Resource, StepContext};
use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    backend::{Entry, Remote},
    path::RemotePath,
};
use crate::faults::ServerFaults as _;

/// A way to reach files elsewhere: the category of its nodes, and how examples open a session.
pub(crate) trait Protocol: Send + Sync + 'static {
    /// The category, such as `ftp`.
    const CATEGORY: &'static str;
    /// What a session is called in errors.
    const SESSION: &'static str;
    /// Settings of a session in examples, as a YAML map.
    const EXAMPLE: &'static str;
}

/// What a session node opened. Each protocol has a type of its own, so that `ftp.upload` inside of
/// both an FTP and an SFTP session takes the right one.
pub(crate) struct Files<P> {
    remote: Arc<dyn Remote>,
    /// The same, for what one protocol has beyond the others.
    backend: Arc<dyn Any + Send + Sync>,
    /// Temporary names whose upload has not ended; what is left of them is deleted at the end.
    unfinished: Mutex<HashSet<RemotePath>>,
    /// Folders that are known to be there.
    folders: Mutex<HashSet<RemotePath>>,
    protocol: PhantomData<fn() -> P>,
}

/// What a session tells of itself.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SessionInfo {
    /// The server, without login.
    pub(crate) server: String,
}

impl<P: Protocol> Files<P> {
    /// The session's outputs and resource.
    pub(crate) fn opened<R: Remote>(remote: Arc<R>, server: String) -> Opened<SessionInfo> {
        Opened {
            resource: Arc::new(Self {
                remote: remote.clone(),
                backend: remote,
                unfinished: Mutex::default(),
                folders: Mutex::default(),
                protocol: PhantomData,
            }),
            outputs: SessionInfo { server },
        }
    }

    /// The session that the step is in.
    pub(crate) fn of(cx: &StepContext) -> Result<Arc<Self>, NodeError> {
        cx.resource::<Self>(P::SESSION)
    }

    pub(crate) fn remote(&self) -> &dyn Remote {
        &*self.remote
    }

    /// The protocol's own.
    pub(crate) fn backend<R: Remote>(&self) -> Option<Arc<R>> {
        self.backend.clone().downcast().ok()
    }

    /// What is at a path.
    pub(crate) async fn found(&self, path: &RemotePath) -> Result<Entry, NodeError> {
        self.remote.info(path).await?.ok_or_else(|| absent(path))
    }

    /// Makes `folder` and those above it; whether there was anything to make.
    pub(crate) async fn make_folders(&self, folder: &RemotePath) -> Result<bool, NodeError> {
        if !self.remote.abilities().has_folders {
            return Ok(false);
        }
        let mut missing = Vec::new();
        let mut next = Some(folder.clone());
        while let Some(path) = next {
            if path.name().is_empty() || self.folders.lock().contains(&path) {
                break;
            }
            match self.remote.info(&path).await? {
                Some(found) if found.is_folder => {
                    self.folders.lock().insert(path);
                    break;
                }
                Some(_) => {
                    return Err(NodeError::invalid(format!(
                        "could not make the folder {path}: there is a file of this name"
                    )));
                }
                None => {
                    next = path.parent();
                    missing.push(path);
                }
            }
        }
        let made = !missing.is_empty();
        while let Some(path) = missing.pop() {
            if let Err(error) = self.remote.make_folder(&path).await {
                // Another branch or program may have been quicker.
                let there = self.remote.info(&path).await?;
                if !there.is_some_and(|there| there.is_folder) {
                    return Err(error);
                }
            }
            self.folders.lock().insert(path);
        }
        Ok(made)
    }

    /// Forgets what is known of folders, after some were removed.
    pub(crate) fn forget_folders(&self) {
        self.folders.lock().clear();
    }

    /// Notes a temporary name until [`Files::ended`].
    pub(crate) fn began(&self, path: &RemotePath) {
        self.unfinished.lock().insert(path.clone());
    }

    /// The temporary name is no more.
    pub(crate) fn ended(&self, path: &RemotePath) {
        self.unfinished.lock().remove(path);
    }
}

/// There is nothing at `path`.
pub(crate) fn absent(path: &RemotePath) -> NodeError {
    NodeError::not_found(format!("there is no {path} on the server")).with_help(
        "check the path; one without `/` at its beginning starts at the folder of the login",
    )
}

#[async_trait]
impl<P: Protocol> Resource for Files<P> {
    async fn close(&self, _: BlockEnd) -> Result<(), NodeError> {
        let unfinished: Vec<RemotePath> = self.unfinished.lock().drain().collect();
        for path in unfinished {
            // Best effort: the server may be the reason why it is there.
            let _ = self.remote.delete(&path).await;
        }
        self.remote.close().await;
        Ok(())
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// The name of a node and its example, for a protocol. Called once per node and program: both live as
/// long as it does.
///
/// In the text of an example, `{p}` stands for the category; steps are put into a session.
pub(crate) fn node<P: Protocol>(
    action: &str,
    steps: &str,
    make: impl FnOnce(&'static str) -> Node,
) -> Node {
    let category = P::CATEGORY;
    let name: &'static str = format!("{category}.{action}").leak();
    let mut example = format!("- use: {category}.session\n  with: {}\n  do:\n", P::EXAMPLE);
    for line in steps.replace("{p}", category).lines() {
        example.push_str("    ");
        example.push_str(line);
        example.push('\n');
    }
    make(name).fails_as_remote_files().example(example.leak())
}

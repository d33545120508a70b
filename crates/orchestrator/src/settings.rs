//! What a server is started with.

use std::{fmt, path::PathBuf, sync::Arc};

use casare_queue::QueueSettings;
use casare_store::{Clock, Retention};
use casare_workflow::Catalogue;
use secrecy::SecretString;

/// What a server is started with.
#[derive(Clone)]
pub struct Settings {
    /// `sqlite:PATH` or `postgres://…`.
    pub database: SecretString,
    /// The folder of whatever is not in the database: the master key, artifacts.
    pub data: PathBuf,
    /// The master key of the vault in Base64; the file `master.key` in the data folder without it.
    pub master_key: Option<SecretString>,
    pub artifacts: ArtifactPlace,
    /// Which nodes workflows may use.
    pub catalogue: Arc<dyn Catalogue + Send + Sync>,
    /// How people reach the server: for links, and to know whether cookies travel encrypted.
    pub public_url: String,
    pub queue: QueueSettings,
    pub retention: Retention,
    pub clock: Clock,
    /// Connections to the database.
    pub connections: u32,
    /// Whether outgoing webhooks may go to private addresses.
    pub private_hooks: bool,
    /// Where mails are handed over: `smtps://user:password@host`, `smtp://host?tls=required`.
    pub smtp: Option<SecretString>,
    /// Who sends them.
    pub mail_from: String,
    /// Folders that triggers may watch, as they really are.
    pub watched: Vec<PathBuf>,
    /// Requests a caller may make within a minute.
    pub rate: u32,
}

/// Where the content of artifacts is.
#[derive(Debug, Clone)]
pub enum ArtifactPlace {
    /// `artifacts` in the data folder.
    Data,
    Folder(PathBuf),
    Bucket {
        name: String,
        endpoint: Option<String>,
    },
}

impl Settings {
    /// Everything under one folder, with SQLite.
    pub fn in_folder(data: PathBuf, catalogue: Arc<dyn Catalogue + Send + Sync>) -> Self {
        Self {
            database: format!("sqlite:{}", data.join("casare.db").display()).into(),
            data,
            master_key: None,
            artifacts: ArtifactPlace::Data,
            catalogue,
            public_url: "http://127.0.0.1:7330".to_owned(),
            queue: QueueSettings::default(),
            retention: Retention::default(),
            clock: Clock::System,
            connections: 16,
            private_hooks: false,
            smtp: None,
            mail_from: "casare@localhost".to_owned(),
            watched: Vec::new(),
            rate: 1_200,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("data", &self.data)
            .field("artifacts", &self.artifacts)
            .field("public_url", &self.public_url)
            .finish_non_exhaustive()
    }
}

//! The server as a whole.

use std::{
    future::{Future, IntoFuture},
    ops::Deref,
    sync::Arc,
    time::Duration,
};

use axum::Router;
use casare_access::{Access, MasterKey, Vault};
use casare_queue::Queue;
use casare_store::{ArtifactStore, Store};
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{ArtifactPlace, Events, OrchestratorError, Settings, outbound::Outbound, rate::Rates};

/// How long requests that are under way may take when the server shuts down.
const PATIENCE: Duration = Duration::from_secs(30);

/// The server. Clones share it.
#[derive(Debug, Clone)]
pub struct Orchestrator {
    parts: Arc<Parts>,
}

/// What the server is made of.
#[derive(Debug)]
pub struct Parts {
    pub store: Store,
    pub queue: Queue,
    pub access: Access,
    pub vault: Vault,
    pub events: Events,
    pub(crate) hub: crate::hub::Hub,
    pub(crate) loads: crate::loads::Loads,
    pub(crate) rates: Rates,
    pub(crate) outbound: Outbound,
    pub artifacts: ArtifactStore,
    pub settings: Settings,
    /// Cancelled when the server shuts down: long requests and tasks end then.
    pub closing: CancellationToken,
    /// Tasks that the end of the server waits for.
    pub tasks: TaskTracker,
}

impl Deref for Orchestrator {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl Orchestrator {
    /// Opens the database and everything else, and begins to keep time.
    pub async fn open(settings: Settings) -> Result<Self, OrchestratorError> {
        make_folder(&settings)?;
        let store = Store::open_with(
            settings.database.expose_secret(),
            settings.clock.clone(),
            settings.connections,
        )
        .await?;
        store.make_partitions().await?;
        let queue = Queue::open(store.clone(), settings.queue.clone()).await?;
        let master = match &settings.master_key {
            Some(key) => MasterKey::parse(key, "CASARE_MASTER_KEY")?,
            None => MasterKey::file(&settings.data.join("master.key"))?,
        };
        let artifacts = match &settings.artifacts {
            ArtifactPlace::Data => ArtifactStore::folder(&settings.data.join("artifacts"))?,
            ArtifactPlace::Folder(path) => ArtifactStore::folder(path)?,
            ArtifactPlace::Bucket { name, endpoint } => {
                ArtifactStore::bucket(name, endpoint.as_deref())?
            }
        };
        let mail = settings
            .smtp
            .as_ref()
            .map(|url| (url, settings.mail_from.as_str()));
        let orchestrator = Self {
            parts: Arc::new(Parts {
                access: Access::new(store.clone()),
                vault: Vault::new(store.clone(), master),
                events: Events::new(),
                hub: crate::hub::Hub::default(),
                loads: crate::loads::Loads::default(),
                rates: Rates::new(settings.rate),
                outbound: Outbound::new(settings.private_hooks, mail)?,
                store,
                queue,
                artifacts,
                settings,
                closing: CancellationToken::new(),
                tasks: TaskTracker::new(),
            }),
        };
        orchestrator.access.first_tenant().await?;
        orchestrator.keep_going();
        Ok(orchestrator)
    }

    /// Starts what the server does by itself.
    fn keep_going(&self) {
        let time = self.queue.keep_time();
        let closing = self.closing.clone();
        self.tasks.spawn(async move {
            closing.cancelled().await;
            time.abort();
        });
        self.tasks
            .spawn(crate::schedules::tick_forever(self.clone()));
        self.tasks.spawn(crate::hub::write_forever(self.clone()));
        self.tasks.spawn(crate::hub::watch_forever(self.clone()));
        self.tasks
            .spawn(crate::triggers::gather_forever(self.clone()));
        self.tasks.spawn(crate::triggers::watch_all(self.clone()));
        self.tasks.spawn(crate::levels::keep_promises(self.clone()));
        self.tasks.spawn(crate::loads::note_forever(self.clone()));
        self.tasks.spawn(crate::upkeep::keep_tidy(self.clone()));
        self.tasks
            .spawn(crate::reactions::react_forever(self.clone()));
        self.tasks
            .spawn(crate::outbound::send_forever(self.clone()));
        self.tasks.spawn(
            self.events
                .clone()
                .follow(self.store.clone(), self.closing.clone()),
        );
    }

    /// Everything that the server answers.
    pub fn router(&self) -> Router {
        crate::api::router(self)
    }

    /// Where somebody opens a one-time link.
    pub fn link(&self, token: &str) -> String {
        let url = self.settings.public_url.trim_end_matches('/');
        format!("{url}/join#{token}")
    }

    /// Answers requests until `shutdown` comes; then those under way end, and everything stops.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), OrchestratorError> {
        let closing = self.closing.clone();
        let served = axum::serve(
            listener,
            self.router()
                .into_make_service_with_connect_info::<std::net::SocketAddr>(),
        )
        .with_graceful_shutdown(async move {
            shutdown.await;
            closing.cancel();
        });
        let patience = async {
            self.closing.cancelled().await;
            tokio::time::sleep(PATIENCE).await;
        };
        let served = tokio::select! {
            served = served.into_future() => served,
            () = patience => {
                tracing::warn!("some requests took too long to end");
                Ok(())
            }
        };
        self.close().await;
        served.map_err(|error| OrchestratorError::Listening {
            source: Arc::new(error),
        })
    }

    /// Ends the tasks of the server and closes the database.
    pub async fn close(&self) {
        self.closing.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.queue.close().await;
        self.store.close().await;
    }
}

fn make_folder(settings: &Settings) -> Result<(), OrchestratorError> {
    let failed = |error| OrchestratorError::Data {
        path: settings.data.clone(),
        source: Arc::new(error),
    };
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .recursive(true)
        .create(&settings.data)
        .map_err(failed)
}

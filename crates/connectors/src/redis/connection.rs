//! Which server a step means, and the connections to it.

use std::{collections::HashMap, path::PathBuf, sync::LazyLock, time::Duration};

use casare_engine::{ErrorKind, NodeError, StepContext};
use parking_lot::Mutex;
use redis::{
    Client, Cmd, FromRedisValue, RedisError, TlsCertificates,
    aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection},
};
use url::Url;

/// How long a step waits for a connection and for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a server is: the settings that all nodes share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Server<'a> {
    pub(super) server: Option<&'a str>,
    pub(super) credential: Option<&'a str>,
    pub(super) authority: Option<&'a str>,
}

/// The runtime that a connection lives in, its address and whom it trusts.
type Key = (tokio::runtime::Id, String, Option<PathBuf>);

/// A run's steps come back to the same server; the connection makes itself anew when it breaks.
static CONNECTIONS: LazyLock<Mutex<HashMap<Key, ConnectionManager>>> =
    LazyLock::new(Mutex::default);

impl Server<'_> {
    /// Sends a command and reads its answer.
    pub(super) async fn ask<T: FromRedisValue>(
        &self,
        cx: &StepContext,
        command: &Cmd,
    ) -> Result<T, NodeError> {
        let mut connection = self.connection(cx).await?;
        let answered = command.query_async(&mut connection).await;
        answered.map_err(|error| fault("the server refused", &error))
    }

    /// The connection that steps share.
    pub(super) async fn connection(
        &self,
        cx: &StepContext,
    ) -> Result<ConnectionManager, NodeError> {
        let url = self.url(cx).await?;
        let runtime = tokio::runtime::Handle::current().id();
        let key = (
            runtime,
            url.to_string(),
            self.authority.map(|path| cx.file(path)),
        );
        if let Some(known) = CONNECTIONS.lock().get(&key) {
            return Ok(known.clone());
        }
        let client = self.client(cx, &url)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(1);
        let connection = ConnectionManager::new_with_config(client, config)
            .await
            .map_err(|error| fault("the server can't be reached", &error))?;
        CONNECTIONS.lock().insert(key, connection.clone());
        Ok(connection)
    }

    /// A connection of the step's own, for commands that make others wait.
    pub(super) async fn own_connection(
        &self,
        cx: &StepContext,
    ) -> Result<MultiplexedConnection, NodeError> {
        let client = self.client(cx, &self.url(cx).await?)?;
        let config = redis::AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(None);
        client
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .map_err(|error| fault("the server can't be reached", &error))
    }

    fn client(&self, cx: &StepContext, url: &Url) -> Result<Client, NodeError> {
        let unfit = |error| fault("the server's address can't be used", &error);
        if url.scheme() != "rediss" {
            return Client::open(url.clone()).map_err(unfit);
        }
        // One provider for the whole program.
        crate::tls::client_config(None).or_else(|error| match self.authority {
            Some(path) => crate::tls::client_config(Some(&cx.file(path))),
            None => Err(error),
        })?;
        let root_cert = match self.authority {
            Some(path) => {
                let path = cx.file(path);
                let pem = std::fs::read(&path).map_err(|error| {
                    NodeError::io(format_args!("could not read {}", path.display()), &error)
                })?;
                Some(pem)
            }
            None => None,
        };
        let trusted = TlsCertificates {
            client_tls: None,
            root_cert,
        };
        Client::build_with_tls(url.clone(), trusted).map_err(unfit)
    }

    async fn url(&self, cx: &StepContext) -> Result<Url, NodeError> {
        let credential = match self.credential {
            Some(name) => Some(cx.credential(name).await?),
            None => None,
        };
        let whole = credential
            .as_ref()
            .and_then(|credential| credential.optional("url"))
            .or(self.server)
            .ok_or_else(|| {
                NodeError::invalid("the step names no server")
                    .with_help("set `server`, or a `credential` that has a `url`")
            })?;
        const FORM: &str = "write `redis://host:6379/0`, or `rediss://…` for an encrypted one";
        // The address is not shown: it may hold a password.
        let mut url: Url = whole.trim().parse().map_err(|error| {
            NodeError::invalid(format!("the server's address can't be read: {error}"))
                .with_help(FORM)
        })?;
        if !matches!(url.scheme(), "redis" | "rediss") {
            return Err(
                NodeError::invalid(format!("`{}:` is no Redis server", url.scheme()))
                    .with_help(FORM),
            );
        }
        if let Some(credential) = &credential {
            let unfit = |()| NodeError::invalid("the server's address takes no login");
            if let Some(user) = credential.optional("username") {
                url.set_username(user).map_err(unfit)?;
            }
            if let Some(password) = credential.optional("password") {
                url.set_password(Some(password)).map_err(unfit)?;
            }
        }
        Ok(url)
    }
}

/// What went wrong `doing` something with a server.
pub(super) fn fault(doing: &str, error: &RedisError) -> NodeError {
    let code = error.code().unwrap_or_default();
    let (kind, help) = match code {
        "WRONGPASS" | "NOAUTH" => (ErrorKind::Denied, "check the credential"),
        "NOPERM" => (ErrorKind::Denied, "the login has no right to do this"),
        "WRONGTYPE" => (
            ErrorKind::Invalid,
            "the key holds another kind of value than this step works with",
        ),
        "LOADING" | "BUSY" | "TRYAGAIN" | "MASTERDOWN" | "CLUSTERDOWN" | "READONLY" => {
            (ErrorKind::Unavailable, "try again later")
        }
        "OOM" => (ErrorKind::Unavailable, "the server's memory is full"),
        _ if matches!(error.kind(), redis::ErrorKind::AuthenticationFailed) => {
            (ErrorKind::Denied, "check the credential")
        }
        _ if error.is_timeout() => (ErrorKind::Timeout, "the server did not answer in time"),
        _ if error.is_io_error() || error.is_connection_dropped() => (
            ErrorKind::Unavailable,
            "check that the server runs and that its address is right",
        ),
        _ => (ErrorKind::Invalid, "check the step's settings"),
    };
    NodeError::new(kind, format!("{doing}: {error}")).with_help(help)
}

//! A connection that is made when it is needed and made again when it broke.

use std::{fmt, sync::Arc, time::Duration};

use casare_engine::NodeError;
use russh::{
    Channel, ChannelMsg, Disconnect,
    client::{self, Handle, Msg},
    keys::PublicKeyOrCertificate,
};
use russh_sftp::client::{Config as SftpConfig, RawSftpSession, SftpSession};
use tokio::sync::{Mutex, OnceCell};

use super::{
    fault::{broken, fault},
    host_key::{HostCheck, preferred},
    login::Login,
};

/// Keys of servers are checked here.
pub(super) struct Guard(HostCheck);

/// Why a connection was not made.
#[derive(Debug)]
pub(super) enum Stopped {
    Connection(russh::Error),
    Refused(NodeError),
}

impl From<russh::Error> for Stopped {
    fn from(error: russh::Error) -> Self {
        Self::Connection(error)
    }
}

impl client::Handler for Guard {
    type Error = Stopped;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Stopped> {
        let checked = match key {
            PublicKeyOrCertificate::PublicKey { key, .. } => self.0.check(key),
            PublicKeyOrCertificate::Certificate(_) => Err(NodeError::denied(
                "the server shows a certificate, which is not supported",
            )),
        };
        checked.map(|()| true).map_err(Stopped::Refused)
    }
}

/// Where a server is and how it is spoken to.
pub(super) struct Server {
    pub(super) check: HostCheck,
    pub(super) login: Login,
    pub(super) patience: Duration,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sftp://{}:{}", self.check.host, self.check.port)
    }
}

/// A connection, and the files on it once somebody asks for them.
pub(super) struct Live {
    handle: Handle<Guard>,
    files: OnceCell<SftpSession>,
    /// For requests beyond the protocol; none where the server has not what is needed.
    raw: OnceCell<Option<RawSftpSession>>,
}

/// What the steps of a session share.
pub(super) struct Connection {
    server: Server,
    live: Mutex<Option<Arc<Live>>>,
}

impl Connection {
    pub(super) fn new(server: Server) -> Self {
        Self {
            server,
            live: Mutex::new(None),
        }
    }

    pub(super) fn patience(&self) -> Duration {
        self.server.patience
    }

    /// The connection, made if there is none that lives.
    pub(super) async fn live(&self) -> Result<Arc<Live>, NodeError> {
        let mut place = self.live.lock().await;
        if let Some(live) = &*place
            && !live.handle.is_closed()
        {
            return Ok(live.clone());
        }
        let patience = self.server.patience;
        let live = tokio::time::timeout(patience, self.server.connect())
            .await
            .map_err(|_| {
                NodeError::timeout(format!(
                    "{} did not answer within {} s",
                    self.server,
                    patience.as_secs()
                ))
                .with_help("check the server's address, or set a longer `timeout`")
            })??;
        let live = Arc::new(live);
        *place = Some(live.clone());
        Ok(live)
    }

    /// Forgets a connection that broke.
    pub(super) async fn drop_broken(&self, broken: &Arc<Live>) {
        let mut place = self.live.lock().await;
        if place.as_ref().is_some_and(|live| Arc::ptr_eq(live, broken)) {
            *place = None;
        }
    }

    /// Says goodbye.
    pub(super) async fn close(&self) {
        let Some(live) = self.live.lock().await.take() else {
            return;
        };
        if let Some(files) = live.files.get() {
            let _ = files.close().await;
        }
        let goodbye = live
            .handle
            .disconnect(Disconnect::ByApplication, "", "English");
        let _ = tokio::time::timeout(Duration::from_secs(2), goodbye).await;
    }
}

impl Server {
    async fn connect(&self) -> Result<Live, NodeError> {
        let doing = format!("could not connect to {self}");
        let mut config = client::Config {
            keepalive_interval: Some(Duration::from_secs(15)),
            nodelay: true,
            ..client::Config::default()
        };
        let known = self.check.known_kinds()?;
        config.preferred.key = preferred(&known, &config.preferred.key);
        let address = (self.check.host.as_str(), self.check.port);
        let guard = Guard(self.check.clone());
        let mut handle = client::connect(Arc::new(config), address, guard)
            .await
            .map_err(|stopped| match stopped {
                Stopped::Refused(error) => error,
                Stopped::Connection(error) => broken(&doing, &error),
            })?;
        self.login.prove(&mut handle, &self.to_string()).await?;
        Ok(Live {
            handle,
            files: OnceCell::new(),
            raw: OnceCell::new(),
        })
    }
}

impl Live {
    /// The server's files.
    pub(super) async fn files(&self, patience: Duration) -> Result<&SftpSession, NodeError> {
        self.files
            .get_or_try_init(|| async {
                let doing = "could not open the server's files";
                let failed = |error: russh::Error| broken(doing, &error);
                let channel = self.channel().await.map_err(failed)?;
                channel
                    .request_subsystem(true, "sftp")
                    .await
                    .map_err(failed)?;
                let files = SftpSession::new_with_config(
                    channel.into_stream(),
                    SftpConfig {
                        request_timeout_secs: patience.as_secs().max(1),
                        ..SftpConfig::default()
                    },
                );
                tokio::time::timeout(patience, files)
                    .await
                    .map_err(|_| {
                        NodeError::timeout(format!("{doing}: no answer"))
                            .with_help("does the server allow SFTP for this login?")
                    })?
                    .map_err(|error| {
                        fault(doing, &error).with_help("does the server allow SFTP for this login?")
                    })
            })
            .await
    }

    /// The server's files, if somebody has asked for them.
    pub(super) fn opened_files(&self) -> Option<&SftpSession> {
        self.files.get()
    }

    /// A way to send requests that OpenSSH has added, if the server knows how to rename onto what
    /// is there.
    pub(super) async fn requests_of_openssh(&self) -> Option<&RawSftpSession> {
        let raw = self.raw.get_or_init(|| async {
            let channel = self.channel().await.ok()?;
            channel.request_subsystem(true, "sftp").await.ok()?;
            let raw = RawSftpSession::new(channel.into_stream());
            let version = raw.init().await.ok()?;
            let rename = version.extensions.get("posix-rename@openssh.com");
            rename.is_some_and(|version| version == "1").then_some(raw)
        });
        raw.await.as_ref()
    }

    /// A channel of its own.
    pub(super) async fn channel(&self) -> Result<Channel<Msg>, russh::Error> {
        self.handle.channel_open_session().await
    }
}

/// What a command on the server wrote, and how it ended.
#[derive(Debug, Default)]
pub(super) struct Ended {
    pub(super) output: Vec<u8>,
    pub(super) errors: Vec<u8>,
    pub(super) code: Option<u32>,
    pub(super) signal: Option<String>,
    /// More was written than is kept.
    pub(super) cut: bool,
}

/// Runs a command, gives it `input`, and waits for its end. Keeps at most `most` bytes of each
/// output.
pub(super) async fn run(
    channel: &mut Channel<Msg>,
    command: &str,
    input: &[u8],
    most: usize,
) -> Result<Ended, russh::Error> {
    channel.exec(true, command).await?;
    if !input.is_empty() {
        channel.data_bytes(input.to_vec()).await?;
    }
    channel.eof().await?;
    let mut ended = Ended::default();
    let keep = |kept: &mut Vec<u8>, data: &[u8]| {
        let room = most.saturating_sub(kept.len()).min(data.len());
        kept.extend_from_slice(&data[..room]);
        room < data.len()
    };
    while let Some(message) = channel.wait().await {
        match message {
            ChannelMsg::Data { data } => ended.cut |= keep(&mut ended.output, &data),
            ChannelMsg::ExtendedData { data, .. } => ended.cut |= keep(&mut ended.errors, &data),
            ChannelMsg::ExitStatus { exit_status } => ended.code = Some(exit_status),
            ChannelMsg::ExitSignal { signal_name, .. } => {
                ended.signal = Some(format!("{signal_name:?}"));
            }
            ChannelMsg::Failure => return Err(russh::Error::RequestDenied),
            _ => {}
        }
    }
    if ended.code.is_none() && ended.signal.is_none() {
        return Err(russh::Error::Disconnect);
    }
    Ok(ended)
}

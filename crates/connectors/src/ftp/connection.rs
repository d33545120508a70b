//! A connection that is made when it is needed and made again when it broke.

use std::{
    fmt,
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use casare_engine::NodeError;
use rustls::ClientConfig;
use secrecy::{ExposeSecret, SecretString};
use suppaftp::{
    FtpError, FtpResult, Mode, Status,
    tokio::{AsyncRustlsConnector, AsyncRustlsFtpStream},
    types::FileType,
};
use tokio::sync::{Mutex, MutexGuard};

use super::fault::{fault, is_usable_after};

/// Servers hang up on those who are silent; after this a connection is tried out before it is used.
const IDLE: Duration = Duration::from_secs(10);

/// Where a server is and how it is spoken to.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) username: String,
    pub(super) password: SecretString,
    pub(super) encryption: Encryption,
    pub(super) active: bool,
    pub(super) patience: Duration,
}

/// How a connection is encrypted.
pub(super) enum Encryption {
    None,
    Explicit(Arc<ClientConfig>),
    Implicit(Arc<ClientConfig>),
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.encryption {
            Encryption::None | Encryption::Explicit(_) => "ftp",
            Encryption::Implicit(_) => "ftps",
        };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

/// What a server says that it can do.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Features {
    /// Lists that are made for programs, with exact times.
    pub(super) mlst: bool,
    /// Setting the time of a file.
    pub(super) mfmt: bool,
}

pub(super) struct Live {
    pub(super) stream: AsyncRustlsFtpStream,
    pub(super) features: Features,
    /// The folder in which the login starts.
    pub(super) home: String,
    used: Instant,
}

/// The one connection of a session. FTP does one thing at a time.
pub(super) struct Connection {
    server: Server,
    live: Mutex<Option<Live>>,
}

/// The connection in use. Dropped without [`Line::keep`], as when the step is cancelled in
/// mid-transfer, it is closed: what the server still has to say belongs to nobody.
pub(super) struct Line<'a> {
    place: MutexGuard<'a, Option<Live>>,
    live: Option<Live>,
    patience: Duration,
}

impl Connection {
    pub(super) fn new(server: Server) -> Self {
        Self {
            server,
            live: Mutex::new(None),
        }
    }

    /// The connection, when nobody else uses it.
    pub(super) async fn line(&self) -> Result<Line<'_>, NodeError> {
        let mut place = self.live.lock().await;
        let patience = self.server.patience;
        if let Some(mut live) = place.take() {
            let well = live.used.elapsed() < IDLE
                || matches!(
                    tokio::time::timeout(patience, live.stream.noop()).await,
                    Ok(Ok(()))
                );
            if well {
                return Ok(Line {
                    place,
                    live: Some(live),
                    patience,
                });
            }
        }
        let live = tokio::time::timeout(patience, self.server.connect())
            .await
            .map_err(|_| late("connecting", patience))??;
        Ok(Line {
            place,
            live: Some(live),
            patience,
        })
    }

    /// Says goodbye.
    pub(super) async fn close(&self) {
        if let Some(mut live) = self.live.lock().await.take() {
            let _ = tokio::time::timeout(Duration::from_secs(2), live.stream.quit()).await;
        }
    }
}

impl Server {
    async fn connect(&self) -> Result<Live, NodeError> {
        let doing = format!("could not connect to {self}");
        let failed = |error: FtpError| fault(&doing, &error);
        let address = (self.host.as_str(), self.port);
        let connector = |config: &Arc<ClientConfig>| {
            AsyncRustlsConnector::from(suppaftp::tokio_rustls::TlsConnector::from(config.clone()))
        };
        let mut stream = match &self.encryption {
            Encryption::None => AsyncRustlsFtpStream::connect(address).await,
            Encryption::Implicit(config) => {
                let stream = AsyncRustlsFtpStream::connect_secure_implicit(
                    address,
                    connector(config),
                    &self.host,
                );
                let mut stream = stream.await.map_err(failed)?;
                // Files are to be as safe as the login; some servers insist on being told so.
                for command in ["PBSZ 0", "PROT P"] {
                    let told = stream.custom_command(command, &[Status::CommandOk]).await;
                    told.map_err(failed)?;
                }
                Ok(stream)
            }
            Encryption::Explicit(config) => {
                let plain = AsyncRustlsFtpStream::connect(address)
                    .await
                    .map_err(failed)?;
                let secured = plain.into_secure(connector(config), &self.host).await;
                Ok(secured.map_err(|error| {
                    fault(
                        &format!("could not encrypt the connection to {self}"),
                        &error,
                    )
                })?)
            }
        }
        .map_err(failed)?;
        let login = stream
            .login(self.username.as_str(), self.password.expose_secret())
            .await;
        login.map_err(|error| fault(&format!("could not log in to {self}"), &error))?;
        stream
            .transfer_type(FileType::Binary)
            .await
            .map_err(failed)?;
        let mut features = Features::default();
        if let Ok(told) = stream.feat().await {
            let has = |name: &str| told.keys().any(|key| key.eq_ignore_ascii_case(name));
            features.mlst = has("MLST");
            features.mfmt = has("MFMT");
            if has("UTF8") {
                // Asked for by some servers, not known to others that use it all the same.
                let _ = stream.opts("UTF8", Some("ON")).await;
            }
        }
        if self.active {
            stream.set_mode(Mode::Active);
        } else if self.host.contains(':') {
            stream.set_mode(Mode::ExtendedPassive);
        } else {
            // Files come from the server itself, whatever address it names.
            stream.set_passive_nat_workaround(true);
        }
        let home = stream.pwd().await.map_err(failed)?;
        Ok(Live {
            stream,
            features,
            home,
            used: Instant::now(),
        })
    }
}

impl Line<'_> {
    pub(super) fn features(&self) -> Features {
        self.live
            .as_ref()
            .map_or_else(Features::default, |live| live.features)
    }

    pub(super) fn home(&self) -> String {
        self.live
            .as_ref()
            .map_or_else(String::new, |live| live.home.clone())
    }

    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// Does one thing; the connection is kept only if it can be used afterwards.
    pub(super) async fn ask<'s, T, F>(
        &'s mut self,
        command: impl FnOnce(&'s mut AsyncRustlsFtpStream) -> F,
    ) -> FtpResult<T>
    where
        F: Future<Output = FtpResult<T>> + 's,
    {
        let gone = || std::io::Error::from(std::io::ErrorKind::NotConnected);
        let live = self.live.as_mut();
        let live = live.ok_or_else(|| FtpError::ConnectionError(gone()))?;
        live.used = Instant::now();
        let outcome = tokio::time::timeout(self.patience, command(&mut live.stream)).await;
        outcome.unwrap_or_else(|_| {
            Err(FtpError::ConnectionError(
                std::io::ErrorKind::TimedOut.into(),
            ))
        })
    }

    /// Gives the connection back if `outcome` leaves it usable.
    pub(super) fn keep<T>(mut self, doing: &str, outcome: FtpResult<T>) -> Result<T, NodeError> {
        match outcome {
            Ok(value) => {
                *self.place = self.live.take();
                Ok(value)
            }
            Err(error) => {
                if is_usable_after(&error) {
                    *self.place = self.live.take();
                }
                Err(fault(doing, &error))
            }
        }
    }
}

/// The server took longer than `patience`.
pub(super) fn late(doing: &str, patience: Duration) -> NodeError {
    NodeError::timeout(format!(
        "{doing}: the server did not answer within {} s",
        patience.as_secs()
    ))
    .with_help("check the server's address, or set a longer `timeout`")
}

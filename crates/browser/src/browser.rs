//! A browser: started here, or reached elsewhere.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, timeout, timeout_at},
};
use tracing::debug;

use crate::{
    cdp::{browser, target},
    connection::Connection,
    context::{Context, ContextOptions},
    core::{ContextSettings, Core},
    emulation::Emulation,
    error::{BrowserError, seconds},
    launch::{self, LaunchOptions, Viewport, find_browser},
    network::login::Logins,
    process::BrowserProcess,
    profile, remote,
};

/// How long a browser may take to close by itself before it is killed.
const CLOSING: Duration = Duration::from_secs(5);

/// A running browser.
///
/// Dropping it kills a browser that was started here and waits (some milliseconds) until it and its
/// temporary profile are gone. A browser that was connected to is left alone.
#[derive(Debug)]
pub struct Browser {
    core: Arc<Core>,
    process: Option<BrowserProcess>,
    /// Whether the profile outlives the browser, which must then have time to write it.
    keeps_profile: bool,
    version: String,
}

impl Browser {
    /// Starts a browser of its own process group, steered through a pipe: no open port, nothing else
    /// on this machine can attach. First sweeps away what killed runs left behind.
    ///
    /// # Errors
    ///
    /// `NotInstalled`, `ProfileInUse`, `File`, or `Launch` with what the program said.
    pub async fn launch(options: LaunchOptions) -> Result<Browser, BrowserError> {
        let executable = match &options.executable {
            Some(path) => path.clone(),
            None => find_browser()?,
        };
        let (folder, temporary) = prepare_profile(&options).await?;
        let failed = |reason: String, stderr: String| BrowserError::Launch {
            executable: executable.clone(),
            reason,
            stderr,
        };
        let command = launch::command_line(&executable, &options, &folder);
        let (mut process, pipe) = BrowserProcess::spawn(command, temporary)
            .await
            .map_err(|error| failed(error.to_string(), String::new()))?;
        let (reader, writer) = pipe.into_split();
        let connection = Connection::over_pipe(reader, writer);
        end_with_process(&connection, &process);

        let settings = ContextSettings {
            emulation: Emulation {
                viewport: options
                    .viewport
                    .or(options.headless.then(Viewport::default)),
                ..Emulation::default()
            },
            downloads: options
                .downloads
                .clone()
                .unwrap_or_else(|| folder.join("downloads")),
            logins: Logins {
                proxy: options.proxy.as_ref().and_then(|proxy| proxy.login.clone()),
                ..Logins::default()
            },
            ..ContextSettings::default()
        };
        match timeout(options.timeout, Browser::set_up(connection, settings)).await {
            Ok(Ok((core, version))) => Ok(Browser {
                core,
                process: Some(process),
                keeps_profile: options.profile.is_some(),
                version,
            }),
            Ok(Err(BrowserError::Gone { .. })) => {
                let how = timeout(CLOSING, process.wait()).await.unwrap_or_default();
                Err(failed(how, process.stderr().await))
            }
            Ok(Err(error)) => Err(error),
            Err(_) => {
                let reason = format!("it did not answer for {}", seconds(options.timeout));
                Err(failed(reason, process.stderr().await))
            }
        }
    }

    /// Connects to a browser that runs elsewhere: `ws://…` or `wss://…`, or the `http://host:port` of its
    /// debugging port (`https://` behind something that encrypts).
    ///
    /// # Errors
    ///
    /// `Unreachable`.
    pub async fn connect(endpoint: &str, deadline: Instant) -> Result<Browser, BrowserError> {
        let unreachable = |reason: String| BrowserError::Unreachable {
            endpoint: endpoint.to_owned(),
            reason,
        };
        let connecting = async {
            let address = if endpoint.starts_with("http") {
                websocket_address(endpoint)
                    .await
                    .map_err(|error| unreachable(error.to_string()))?
            } else {
                endpoint.to_owned()
            };
            let connection = Connection::over_websocket(&address)
                .await
                .map_err(|error| unreachable(error.to_string()))?;
            let downloads = std::env::temp_dir().join("casare-downloads");
            Browser::set_up(
                connection,
                ContextSettings {
                    downloads,
                    ..ContextSettings::default()
                },
            )
            .await
        };
        let (core, version) = timeout_at(deadline, connecting)
            .await
            .map_err(|_| unreachable("no answer in time".into()))??;
        Ok(Browser {
            core,
            process: None,
            keeps_profile: true,
            version,
        })
    }

    async fn set_up(
        connection: Connection,
        settings: ContextSettings,
    ) -> Result<(Arc<Core>, String), BrowserError> {
        let core = Core::new(connection);
        core.contexts.lock().insert(None, settings.clone());
        let version = core.root.call(&browser::GetVersion {});
        let downloads = allow_downloads(&core, None, &settings);
        core.attach().await?;
        downloads.await?;
        let version = version.await.map_err(|error| core.explain(error))?;
        core.set_product(&version.product);
        Ok((core, version.product))
    }

    /// Product and version, such as `Chrome/148.0.7000.2`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The process that was started here.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(BrowserProcess::pid)
    }

    /// Whether the browser has gone.
    pub fn is_gone(&self) -> bool {
        self.core.connection.ended().is_some()
    }

    /// The context that the browser starts with; the one that a kept profile belongs to.
    pub fn default_context(&self) -> Context {
        Context::new(Arc::clone(&self.core), None)
    }

    /// Whether it was started here, and not connected to.
    pub fn is_own(&self) -> bool {
        self.process.is_some()
    }

    /// A context with cookies and storage of its own, as a private window has.
    pub async fn new_context(&self, options: ContextOptions) -> Result<Context, BrowserError> {
        let defaults = self
            .core
            .contexts
            .lock()
            .get(&None)
            .cloned()
            .unwrap_or_default();
        let bypass = options.proxy.as_ref().map(|proxy| proxy.bypass.join(";"));
        let proxy_login = match &options.proxy {
            Some(proxy) => proxy.login.clone(),
            None => defaults.logins.proxy,
        };
        let created = self
            .core
            .call(&target::CreateBrowserContext {
                dispose_on_detach: Some(true),
                proxy_server: options.proxy.map(|proxy| proxy.server),
                proxy_bypass_list: bypass.filter(|list| !list.is_empty()),
            })
            .await?;
        let mut emulation = options.emulation;
        emulation.viewport = options
            .viewport
            .or(emulation.viewport)
            .or(defaults.emulation.viewport);
        let settings = ContextSettings {
            downloads: options.downloads.unwrap_or(defaults.downloads),
            emulation,
            logins: Logins {
                proxy: proxy_login,
                ..Logins::default()
            },
            ..ContextSettings::default()
        };
        let id = Some(created.browser_context_id);
        allow_downloads(&self.core, id.clone(), &settings).await?;
        self.core.contexts.lock().insert(id.clone(), settings);
        Ok(Context::new(Arc::clone(&self.core), id))
    }

    /// Closes a browser that was started here; disconnects from one that was not. A profile that is kept is
    /// written first; a temporary one goes with its browser, at once.
    pub async fn close(mut self) -> Result<(), BrowserError> {
        let Some(process) = &mut self.process else {
            self.core.connection.end("it was disconnected");
            return Ok(());
        };
        if self.keeps_profile {
            self.core.root.tell(&browser::Close {});
            if timeout(CLOSING, process.wait()).await.is_err() {
                debug!("the browser did not close in time and is killed");
            }
        }
        self.core.connection.end("it was closed");
        // Killing waits for the process; that is for a thread which may wait.
        let process = self.process.take();
        tokio::task::spawn_blocking(move || drop(process))
            .await
            .map_err(|error| BrowserError::Gone {
                reason: error.to_string(),
            })
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.core.connection.end("it was closed");
    }
}

async fn prepare_profile(
    options: &LaunchOptions,
) -> Result<(PathBuf, Option<PathBuf>), BrowserError> {
    let temporary_root = options.temporary.clone().unwrap_or_else(std::env::temp_dir);
    let kept = options.profile.clone();
    let prepared = tokio::task::spawn_blocking(move || {
        profile::sweep(&temporary_root);
        match kept {
            Some(folder) => {
                profile::ensure_free(&folder)?;
                Ok((folder, None))
            }
            None => profile::create(&temporary_root).map(|folder| (folder.clone(), Some(folder))),
        }
    });
    prepared.await.map_err(|error| BrowserError::Gone {
        reason: error.to_string(),
    })?
}

/// The pipe may outlive the browser in one of its children; the process itself tells the truth.
fn end_with_process(connection: &Connection, process: &BrowserProcess) {
    let mut exited = process.watch_exit();
    let connection = connection.clone();
    tokio::spawn(async move {
        tokio::select! {
            how = exited.wait_for(Option::is_some) => {
                let how = how.ok().and_then(|how| how.clone()).unwrap_or_default();
                connection.end(&how);
            }
            () = connection.wait_ended() => {}
        }
    });
}

fn allow_downloads(
    core: &Arc<Core>,
    context: Option<String>,
    settings: &ContextSettings,
) -> impl Future<Output = Result<(), BrowserError>> + use<> {
    let folder = settings.downloads.clone();
    let sent = core.root.call(&browser::SetDownloadBehavior {
        behavior: "allowAndName".into(),
        browser_context_id: context,
        download_path: Some(folder.to_string_lossy().into_owned()),
        events_enabled: Some(true),
    });
    let core = Arc::clone(core);
    async move {
        sent.await.map_err(|error| core.explain(error))?;
        tokio::fs::create_dir_all(&folder)
            .await
            .map_err(|source| BrowserError::File {
                what: "make the downloads folder",
                path: folder,
                source,
            })
    }
}

/// Asks a debugging port for the address of its WebSocket: one request of HTTP/1.1, not worth a client.
async fn websocket_address(endpoint: &str) -> std::io::Result<String> {
    let invalid =
        |what: &str| std::io::Error::new(std::io::ErrorKind::InvalidInput, what.to_owned());
    let url = url::Url::parse(endpoint).map_err(|error| invalid(&error.to_string()))?;
    let host = url.host_str().ok_or_else(|| invalid("it names no host"))?;
    let port = url.port_or_known_default().unwrap_or(9222);
    let mut stream = remote::open(host, port, url.scheme() == "https").await?;
    // Chromium answers only to addresses and `localhost` as host, which guards it against web pages.
    let request =
        format!("GET /json/version HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    // The connection stays open after the answer: it ends with its JSON object.
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    while !is_complete(&answer) && answer.len() < 1 << 20 {
        match stream.read(&mut chunk).await? {
            0 => break,
            read => answer.extend_from_slice(&chunk[..read]),
        }
    }
    let answer = String::from_utf8_lossy(&answer);
    let body = answer
        .find('{')
        .zip(answer.rfind('}'))
        .map(|(start, end)| &answer[start..=end]);
    let version: serde_json::Value = serde_json::from_str(body.unwrap_or_default())?;
    version["webSocketDebuggerUrl"]
        .as_str()
        // The browser does not know of the encryption that something before it does.
        .map(|address| match address.strip_prefix("ws://") {
            Some(rest) if url.scheme() == "https" => format!("wss://{rest}"),
            _ => address.to_owned(),
        })
        .ok_or_else(|| invalid("it is not a debugging port"))
}

fn is_complete(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    length.is_some_and(|length| body.len() >= length)
}

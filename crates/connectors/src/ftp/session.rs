use std::sync::Arc;

use casare_engine::{Node, NodeError, Opened, StepContext};
use casare_workflow::Span;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    Ftp,
    connection::{Encryption, Server},
    remote_files::FtpFiles,
};
use crate::faults::ServerFaults as _;
use crate::{
    remote::{Files, SessionInfo},
    tls,
};

/// Opens an FTP server's files for the steps in its `do` block.
///
/// The connection is encrypted unless `tls` says otherwise. One that breaks is made again by the
/// next step. When a run is resumed, the session is opened again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Session {
    /// The server, such as `ftp.example.com`.
    host: String,
    /// Its port; 21, or 990 with `tls: implicit`, if not set.
    port: Option<u16>,
    /// Name of a credential with `username` and `password`; an anonymous login if not set.
    credential: Option<String>,
    /// How the connection is encrypted.
    #[serde(default)]
    tls: Tls,
    /// A PEM file with the authority that signed the server's certificate; those of the system if
    /// not set.
    authority: Option<String>,
    /// Which side opens the connections that carry files. `active` is for servers behind a router
    /// that allow nothing else.
    #[serde(default)]
    mode: Mode,
    /// How long the server may take for an answer (`30s`).
    #[serde(default = "half_a_minute")]
    timeout: Span,
}

fn half_a_minute() -> Span {
    Span::from_secs(30)
}

/// How the connection is encrypted.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Tls {
    /// From the login on, as the port for plain connections allows (FTPES). The step fails if the
    /// server can't.
    #[default]
    Explicit,
    /// From the beginning, on a port of its own (FTPS).
    Implicit,
    /// Not at all: login and files can be read on the way.
    None,
}

/// Which side opens the connections that carry files.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    /// This one.
    #[default]
    Passive,
    /// The server.
    Active,
}

pub(super) fn node() -> Node {
    Node::session("ftp.session", open)
        .icon("server")
        .fails_as_server()
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: ftp.session
  with: { host: ftp.example.com, credential: partner }
  do:
    - use: ftp.download
      with: { from: "inbox/*.csv", to: in/ }
"#;

async fn open(cx: &StepContext, settings: Session) -> Result<Opened<SessionInfo>, NodeError> {
    let (username, password) = match &settings.credential {
        Some(name) => {
            let credential = cx.credential(name).await?;
            let username = credential.field("username")?.to_owned();
            (username, SecretString::from(credential.field("password")?))
        }
        None => ("anonymous".to_owned(), SecretString::from("anonymous@")),
    };
    let authority = settings.authority.as_ref().map(|path| cx.file(path));
    let config = || tls::client_config(authority.as_deref()).map(Arc::new);
    let encryption = match settings.tls {
        Tls::Explicit => Encryption::Explicit(config()?),
        Tls::Implicit => Encryption::Implicit(config()?),
        Tls::None => Encryption::None,
    };
    let port = settings.port.unwrap_or(match settings.tls {
        Tls::Implicit => 990,
        Tls::Explicit | Tls::None => 21,
    });
    let server = Server {
        host: settings.host,
        port,
        username,
        password,
        encryption,
        active: matches!(settings.mode, Mode::Active),
        patience: settings.timeout.into(),
    };
    let shown = server.to_string();
    let files = FtpFiles::connect(server).await?;
    Ok(Files::<Ftp>::opened(Arc::new(files), shown))
}

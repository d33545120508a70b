use std::{path::Path, sync::Arc};

use casare_engine::{Credential, Node, NodeError, Opened, StepContext};
use casare_workflow::Span;
use russh::keys::{PrivateKey, decode_secret_key};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    Sftp,
    connection::{Connection, Server},
    host_key::{HostCheck, Unknown},
    login::Login,
    remote_files::SftpFiles,
};
use crate::faults::ServerFaults as _;
use crate::remote::{Files, SessionInfo};

/// Opens a connection to an SSH server for the steps in its `do` block: its files (`sftp.*`) and
/// commands (`sftp.run`).
///
/// The server must be known: by `fingerprint`, or by its key in `known_hosts`. A key that has
/// changed stops the step. A connection that breaks is made again by the next step. When a run is
/// resumed, the session is opened again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Session {
    /// The server, such as `sftp.example.com`.
    host: String,
    /// Its port.
    #[serde(default = "ssh_port")]
    port: u16,
    /// Name of a credential with `username` and `password`, or `private_key` (the key's text, with
    /// its `passphrase` if it has one).
    credential: Option<String>,
    /// The login's name, if the credential has none.
    username: Option<String>,
    /// A file with the private key, if the credential has none.
    key_file: Option<String>,
    /// Whether the keys of the running SSH agent are tried.
    #[serde(default)]
    agent: bool,
    /// The fingerprint of the server's key, as `ssh-keygen -l` shows it: `SHA256:…`.
    fingerprint: Option<String>,
    /// The file of known servers' keys; `~/.ssh/known_hosts` if not set.
    known_hosts: Option<String>,
    /// What happens when the server is not known yet.
    #[serde(default)]
    unknown_host: Unknown,
    /// How long the server may take for an answer (`30s`).
    #[serde(default = "half_a_minute")]
    timeout: Span,
}

fn ssh_port() -> u16 {
    22
}

fn half_a_minute() -> Span {
    Span::from_secs(30)
}

pub(super) fn node() -> Node {
    Node::session("sftp.session", open)
        .icon("server")
        .fails_as_server()
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: sftp.session
  with: { host: sftp.example.com, credential: partner }
  do:
    - use: sftp.download
      with: { from: "inbox/*.csv", to: in/ }
"#;

async fn open(cx: &StepContext, settings: Session) -> Result<Opened<SessionInfo>, NodeError> {
    let credential = match &settings.credential {
        Some(name) => Some(cx.credential(name).await?),
        None => None,
    };
    let login = login(cx, &settings, credential.as_ref()).await?;
    let known_hosts = match &settings.known_hosts {
        Some(path) => cx.file(path),
        None => std::env::home_dir()
            .unwrap_or_default()
            .join(".ssh/known_hosts"),
    };
    let server = Server {
        check: HostCheck {
            host: settings.host,
            port: settings.port,
            fingerprint: settings.fingerprint,
            known_hosts,
            unknown: settings.unknown_host,
        },
        login,
        patience: settings.timeout.into(),
    };
    let shown = server.to_string();
    let connection = Connection::new(server);
    connection.live().await?;
    Ok(Files::<Sftp>::opened(
        Arc::new(SftpFiles::new(connection)),
        shown,
    ))
}

async fn login(
    cx: &StepContext,
    settings: &Session,
    credential: Option<&Credential>,
) -> Result<Login, NodeError> {
    let field = |name: &str| credential.and_then(|credential| credential.optional(name));
    let username = field("username").or(settings.username.as_deref());
    let username = username.ok_or_else(|| {
        NodeError::invalid("the step names no login")
            .with_help("set `credential` to one that has a `username`, or set `username`")
    })?;
    let passphrase = field("passphrase").map(str::to_owned);
    let key = match (field("private_key"), &settings.key_file) {
        (Some(text), _) => Some(private_key(cx, text.to_owned(), passphrase, None).await?),
        (None, Some(path)) => {
            let path = cx.file(path);
            let text = std::fs::read_to_string(&path).map_err(|error| {
                NodeError::io(format_args!("could not read {}", path.display()), &error)
            })?;
            Some(private_key(cx, text, passphrase, Some(&path)).await?)
        }
        (None, None) => None,
    };
    let password = field("password").map(SecretString::from);
    if key.is_none() && password.is_none() && !settings.agent {
        return Err(
            NodeError::invalid("the step has nothing to log in with").with_help(
                "give a credential with `password` or `private_key`, or set `agent: true`",
            ),
        );
    }
    Ok(Login {
        username: username.to_owned(),
        key,
        password,
        agent: settings.agent,
    })
}

/// Reads a key. Its passphrase costs time on purpose.
async fn private_key(
    cx: &StepContext,
    text: String,
    passphrase: Option<String>,
    path: Option<&Path>,
) -> Result<Arc<PrivateKey>, NodeError> {
    let place = path.map_or_else(
        || "of the credential".to_owned(),
        |path| format!("in {}", path.display()),
    );
    cx.blocking(move || {
        decode_secret_key(&text, passphrase.as_deref())
            .map(Arc::new)
            .map_err(|error| {
                NodeError::denied(format!("the private key {place} can't be read: {error}"))
                    .with_help(
                        "it must be a key of OpenSSH, PEM or PuTTY; one with a passphrase needs \
                         `passphrase` in the credential",
                    )
            })
    })
    .await
}

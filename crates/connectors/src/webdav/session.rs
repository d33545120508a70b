use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use casare_engine::{Node, NodeError, Opened, StepContext, chain};
use casare_workflow::Span;
use reqwest::{
    Certificate, Client,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
};
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::{Webdav, remote_files::DavFiles};
use crate::faults::ServerFaults as _;
use crate::{
    http::guard::Guard,
    remote::{Files, Remote, RemotePath, SessionInfo},
};

/// Redirects that are followed, all to the same origin.
const REDIRECTS: usize = 5;

/// Opens a WebDAV server's files (Nextcloud, ownCloud, SharePoint, …) for the steps in its `do`
/// block.
///
/// When a run is resumed, the session is opened again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Session {
    /// The folder in which paths start, such as
    /// `https://cloud.example.com/remote.php/dav/files/ada/`.
    url: String,
    /// Name of a credential with `username` and `password`, or with a `token`.
    credential: Option<String>,
    /// A PEM file with an authority that is trusted beside those of the system.
    authority: Option<String>,
    /// What may be reached although it is not public: host names, addresses, networks such as
    /// `10.1.0.0/16`, or `private` for all private networks and this machine.
    #[serde(default)]
    allow: Vec<String>,
    /// How long the server may be silent (`30s`).
    #[serde(default = "half_a_minute")]
    timeout: Span,
}

fn half_a_minute() -> Span {
    Span::from_secs(30)
}

pub(super) fn node() -> Node {
    Node::session("webdav.session", open)
        .icon("server")
        .fails_as_server()
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: webdav.session
  with: { url: https://dav.example.com/files/, credential: cloud }
  do:
    - use: webdav.download
      with: { from: "inbox/*.csv", to: in/ }
"#;

async fn open(cx: &StepContext, settings: Session) -> Result<Opened<SessionInfo>, NodeError> {
    let unfit = |why: &dyn std::fmt::Display| {
        NodeError::invalid(format!("setting `url`: {why}"))
            .with_help("write the address of a folder: `https://dav.example.com/files/`")
    };
    let mut url: Url = settings.url.trim().parse().map_err(|error| unfit(&error))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(unfit(&"it begins with neither `https://` nor `http://`"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(unfit(&"a login belongs into `credential`"));
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    url.set_query(None);
    url.set_fragment(None);
    let client = client(cx, &settings, &url).await?;
    let files = DavFiles::new(client, url.clone());
    let start = files.info(&RemotePath::start()).await?;
    if !start.is_some_and(|start| start.is_folder) {
        return Err(NodeError::not_found(format!("there is no folder at {url}"))
            .with_help("check `url`: it must be a folder of a WebDAV server"));
    }
    Ok(Files::<Webdav>::opened(Arc::new(files), url.to_string()))
}

async fn client(cx: &StepContext, settings: &Session, url: &Url) -> Result<Client, NodeError> {
    let guard = Guard::new(&settings.allow).map_err(|refused| NodeError::from(&refused))?;
    guard
        .check_url(url)
        .map_err(|refused| NodeError::from(&refused))?;
    let mut headers = HeaderMap::new();
    if let Some(name) = &settings.credential {
        let credential = cx.credential(name).await?;
        let value = if let Some(token) = credential.optional("token") {
            format!("Bearer {token}")
        } else {
            let (username, password) =
                (credential.field("username")?, credential.field("password")?);
            format!(
                "Basic {}",
                STANDARD.encode(format!("{username}:{password}"))
            )
        };
        let mut value = HeaderValue::try_from(value).map_err(|_| {
            NodeError::denied(format!("credential `{name}` has a line break in its token"))
        })?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    let patience: Duration = settings.timeout.into();
    let builder = Client::builder()
        .user_agent(concat!("Casare/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .connect_timeout(patience)
        .read_timeout(patience)
        // What is counted is what is in the file.
        .no_gzip()
        .no_brotli();
    let mut builder = Arc::new(guard).protect(builder, REDIRECTS, true);
    if let Some(path) = &settings.authority {
        let path = cx.file(path);
        let pem = tokio::fs::read(&path).await.map_err(|error| {
            NodeError::io(format_args!("could not read {}", path.display()), &error)
        })?;
        let trusted = Certificate::from_pem_bundle(&pem).map_err(|error| {
            NodeError::invalid(format!(
                "setting `authority`: {} holds no certificates: {}",
                path.display(),
                chain(&error)
            ))
        })?;
        builder = builder.tls_certs_merge(trusted);
    }
    builder.build().map_err(|error| {
        NodeError::unavailable(format!("no HTTP client can be made: {}", chain(&error)))
    })
}

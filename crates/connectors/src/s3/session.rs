use std::{sync::Arc, time::Duration};

use casare_engine::{ErrorKind, Node, NodeError, Opened, StepContext, chain};
use casare_workflow::Span;
use object_store::{
    ClientOptions, RetryConfig,
    aws::AmazonS3Builder,
    client::{HttpClient, HttpConnector},
};
use reqwest::Client;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::{S3, fault::fault, remote_files::S3Files};
use crate::faults::ServerFaults as _;
use crate::{
    http::guard::Guard,
    remote::{Files, SessionInfo},
};

/// How often the library below asks again when a service is busy.
const RETRIES: usize = 3;

/// Opens a bucket of Amazon S3, or of a service that speaks like it (MinIO, Ceph, R2, Wasabi, …), for
/// the steps in its `do` block.
///
/// Folders are but parts of names there. When a run is resumed, the session is opened again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Session {
    /// The bucket.
    bucket: String,
    /// The service's address, such as `https://minio.example.com:9000`; Amazon's if not set.
    endpoint: Option<String>,
    /// The region.
    #[serde(default = "usual_region")]
    region: String,
    /// Name of a credential with `access_key_id` and `secret_access_key`, and `session_token` if it
    /// is a temporary one.
    credential: Option<String>,
    /// Whether the bucket's name becomes part of the host name instead of the path. Some services
    /// need it with an `endpoint` of their own.
    #[serde(default)]
    virtual_host: bool,
    /// What may be reached although it is not public: host names, addresses, networks such as
    /// `10.1.0.0/16`, or `private` for all private networks and this machine.
    #[serde(default)]
    allow: Vec<String>,
    /// How long the service may be silent (`30s`).
    #[serde(default = "half_a_minute")]
    timeout: Span,
}

fn usual_region() -> String {
    "us-east-1".to_owned()
}

fn half_a_minute() -> Span {
    Span::from_secs(30)
}

pub(super) fn node() -> Node {
    Node::session("s3.session", open)
        .icon("server")
        .fails_as_server()
        .fails(ErrorKind::NotFound, "There is no such bucket.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: s3.session
  with: { bucket: orders, endpoint: https://s3.example.com, credential: storage }
  do:
    - use: s3.download
      with: { from: "inbox/*.csv", to: in/ }
"#;

/// Gives the library below a client that reaches only what the guard lets through.
#[derive(Debug)]
struct Guarded(Client);

impl HttpConnector for Guarded {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}

async fn open(cx: &StepContext, settings: Session) -> Result<Opened<SessionInfo>, NodeError> {
    let patience: Duration = settings.timeout.into();
    let guard = Guard::new(&settings.allow).map_err(|refused| NodeError::from(&refused))?;
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&settings.bucket)
        .with_region(&settings.region)
        .with_virtual_hosted_style_request(settings.virtual_host)
        .with_retry(RetryConfig {
            max_retries: RETRIES,
            retry_timeout: patience * 2,
            ..RetryConfig::default()
        });
    let mut server = format!("s3://{}", settings.bucket);
    if let Some(endpoint) = &settings.endpoint {
        let url: Url = endpoint.trim().parse().map_err(|error| {
            NodeError::invalid(format!("setting `endpoint`: {error}"))
                .with_help("write `https://minio.example.com:9000`")
        })?;
        guard
            .check_url(&url)
            .map_err(|refused| NodeError::from(&refused))?;
        server = format!("{url}{}", settings.bucket);
        builder = builder
            .with_endpoint(url.as_str().trim_end_matches('/'))
            .with_allow_http(url.scheme() == "http");
    }
    builder = match &settings.credential {
        Some(name) => {
            let credential = cx.credential(name).await?;
            let mut builder = builder
                .with_access_key_id(credential.field("access_key_id")?)
                .with_secret_access_key(credential.field("secret_access_key")?);
            if let Some(token) = credential.optional("session_token") {
                builder = builder.with_token(token);
            }
            builder
        }
        // Without a login, what is public; never that of the machine.
        None => builder.with_skip_signature(true),
    };
    let client = Client::builder()
        .user_agent(concat!("Casare/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(patience)
        .read_timeout(patience)
        .no_gzip()
        .no_brotli();
    let client = Arc::new(guard)
        .protect(client, 0, true)
        .build()
        .map_err(|error| {
            NodeError::unavailable(format!("no HTTP client can be made: {}", chain(&error)))
        })?;
    let store = builder
        .with_http_connector(Guarded(client))
        .build()
        .map_err(|error| fault("the session can't be opened", &error))?;
    let files = S3Files::new(Arc::new(store));
    files.try_out(&settings.bucket).await?;
    Ok(Files::<S3>::opened(Arc::new(files), server))
}

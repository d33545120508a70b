//! The clients that requests go through: kept, so that connections are, and guarded.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, LazyLock},
};

use casare_engine::{NodeError, StepContext, chain};
use parking_lot::Mutex;
use reqwest::{Certificate, Client, Identity, Proxy};
use url::Url;

use super::{cookies::Jar, guard::Guard, settings::Common};

/// What makes one client differ from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Shape {
    guard: Arc<Guard>,
    redirects: usize,
    /// Whether redirects stay on the first origin.
    same_origin: bool,
    authority: Option<PathBuf>,
    /// The credential with the certificate that the client shows.
    identity: Option<String>,
    verify: bool,
    proxy: Option<String>,
}

/// Clients without cookies, by the runtime they live in: a loop of a thousand requests makes one
/// connection, not a thousand.
static KEPT: LazyLock<Mutex<HashMap<(tokio::runtime::Id, Shape), Client>>> =
    LazyLock::new(Mutex::default);

/// More shapes than workflows have; beyond it the kept ones are let go.
const MOST_KEPT: usize = 64;

impl Shape {
    pub(super) fn new(
        cx: &StepContext,
        common: Common<'_>,
        allow: &[String],
        same_origin: bool,
    ) -> Result<Self, NodeError> {
        let guard = Guard::new(allow).map_err(|refused| NodeError::from(&refused))?;
        let tls = common.tls;
        Ok(Self {
            guard: Arc::new(guard),
            redirects: common.redirects,
            same_origin,
            authority: tls
                .and_then(|tls| tls.authority.as_ref())
                .map(|path| cx.file(path)),
            identity: tls.and_then(|tls| tls.identity.clone()),
            verify: tls.is_none_or(|tls| tls.verify),
            proxy: common.proxy.map(str::to_owned),
        })
    }

    /// This shape with what a session adds to it.
    pub(super) fn with(&self, cx: &StepContext, common: Common<'_>, same_origin: bool) -> Self {
        let tls = common.tls;
        Self {
            same_origin: self.same_origin || same_origin,
            authority: tls
                .and_then(|tls| tls.authority.as_ref())
                .map(|path| cx.file(path)),
            identity: tls.and_then(|tls| tls.identity.clone()),
            verify: tls.is_none_or(|tls| tls.verify),
            proxy: common.proxy.map(str::to_owned),
            ..self.clone()
        }
    }

    pub(super) fn guard(&self) -> &Guard {
        &self.guard
    }

    /// A client of this shape: a kept one, unless it shows a certificate, which is let go of
    /// after use.
    pub(super) async fn client(&self, cx: &StepContext) -> Result<Client, NodeError> {
        if self.identity.is_some() || self.authority.is_some() {
            return self.build(cx, None).await;
        }
        let key = (tokio::runtime::Handle::current().id(), self.clone());
        if let Some(client) = KEPT.lock().get(&key) {
            return Ok(client.clone());
        }
        let client = self.build(cx, None).await?;
        let mut kept = KEPT.lock();
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(key, client.clone());
        Ok(client)
    }

    /// A new client, which keeps cookies in `jar`.
    pub(super) async fn build(
        &self,
        cx: &StepContext,
        jar: Option<Arc<Jar>>,
    ) -> Result<Client, NodeError> {
        let unfit = |what: String, error: &reqwest::Error| {
            NodeError::invalid(format!("{what}: {}", chain(error)))
        };
        let mut builder =
            Client::builder().user_agent(concat!("Casare/", env!("CARGO_PKG_VERSION")));
        builder = self
            .guard
            .protect(builder, self.redirects, self.same_origin);
        if let Some(jar) = jar {
            builder = builder.cookie_provider(jar);
        }
        if let Some(path) = &self.authority {
            let pem = tokio::fs::read(path).await.map_err(|error| {
                NodeError::io(format_args!("could not read {}", path.display()), &error)
            })?;
            let trusted = Certificate::from_pem_bundle(&pem).map_err(|error| {
                unfit(format!("{} holds no certificates", path.display()), &error)
            })?;
            builder = builder.tls_certs_merge(trusted);
        }
        if let Some(name) = &self.identity {
            let credential = cx.credential(name).await?;
            let pem = format!(
                "{}\n{}",
                credential.field("certificate")?,
                credential.field("key")?
            );
            let identity = Identity::from_pem(pem.as_bytes()).map_err(|error| {
                unfit(
                    format!("the certificate or key in credential `{name}` is no PEM"),
                    &error,
                )
            })?;
            builder = builder.identity(identity);
        }
        if !self.verify {
            builder = builder.tls_danger_accept_invalid_certs(true);
        }
        if let Some(proxy) = &self.proxy {
            let proxy = Proxy::all(proxy.as_str()).map_err(|_| {
                NodeError::invalid("`proxy` is no address of a proxy")
                    .with_help("write it as `http://proxy.example.com:3128`")
            })?;
            builder = builder.proxy(proxy);
        }
        builder
            .build()
            .map_err(|error| unfit("no HTTP client can be made".to_owned(), &error))
    }
}

/// An address for people: without a login, and without its query, which often holds a key.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // These fail for addresses that can have neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

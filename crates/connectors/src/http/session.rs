use std::sync::Arc;

use async_trait::async_trait;
use casare_engine::{BlockEnd, ErrorKind, Node, NodeError, Opened, Resource, StepContext};
use indexmap::IndexMap;
use parking_lot::Mutex;
use reqwest::{
    Client,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;
use url::Url;

use super::{
    client::Shape,
    cookies::Jar,
    login::Login,
    settings::{Common, http_settings},
};

http_settings! {
    /// Keeps cookies, connections and a login for the requests inside.
    ///
    /// Requests in the block may leave out what is said here: addresses start at `base_url`, its
    /// headers and login go with every request to that server (and to no other), cookies are kept
    /// as a browser keeps them. When a run is resumed, the cookies are there again.
    pub(super) struct OpenSession {
        /// The address where relative ones start, such as `https://api.example.com/v2/`.
        #[serde(default)]
        base_url: Option<String>,
        /// Cookies to begin with, for `base_url`.
        #[serde(default)]
        cookies: IndexMap<String, String>,
    }
}

/// Where its requests go.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SessionOpened {
    /// The address where relative ones start.
    base_url: Option<String>,
}

/// What requests inside a session share.
pub(super) struct Session {
    pub(super) base: Option<Url>,
    pub(super) headers: HeaderMap,
    pub(super) login: Login,
    pub(super) allow: Vec<String>,
    tls: Option<super::settings::Tls>,
    proxy: Option<String>,
    jar: Arc<Jar>,
    clients: tokio::sync::Mutex<Vec<(Shape, Client)>>,
    kept: Mutex<Option<Json>>,
}

pub(super) fn node() -> Node {
    Node::session("http.session", open)
        .icon("cookie")
        .fails(
            ErrorKind::Denied,
            "The credential is not there, or may not be used.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: http.session
  with:
    base_url: https://shop.example.com/api/
    headers: { Accept: application/json }
  do:
    - use: http.request
      with: { method: POST, url: login, form: { user: ada, password: engine } }
    - id: orders
      use: http.request
      with: { url: orders }
    - use: log.write
      with: { message: "{{ steps.orders.body | length }} orders" }
"#;

async fn open(cx: &StepContext, settings: OpenSession) -> Result<Opened<SessionOpened>, NodeError> {
    let common = settings.common();
    let base: Option<Url> = settings
        .base_url
        .as_deref()
        .map(|base| {
            base.trim().parse().map_err(|error| {
                NodeError::invalid(format!("`base_url` can't be read: {error}"))
                    .with_help("write it with its scheme, such as `https://api.example.com/`")
            })
        })
        .transpose()?;
    if common.credential.is_some() && base.is_none() {
        return Err(
            NodeError::invalid("a session with a `credential` needs a `base_url`")
                .with_help("the login is sent to that server only"),
        );
    }
    let mut headers = HeaderMap::new();
    for (name, value) in &settings.headers {
        let parts = HeaderName::from_bytes(name.as_bytes())
            .ok()
            .zip(HeaderValue::from_str(value).ok());
        let (name, value) =
            parts.ok_or_else(|| NodeError::invalid(format!("`{name}` is no header")))?;
        headers.append(name, value);
    }
    let jar = cx.checkpoint().and_then(Jar::restored).unwrap_or_default();
    if !settings.cookies.is_empty() {
        let home = base.as_ref().ok_or_else(|| {
            NodeError::invalid("`cookies` need a `base_url`: they are for that server only")
        })?;
        jar.add(home, &settings.cookies)?;
    }
    let session = Session {
        login: Login::of(cx, common.credential, common.auth).await?,
        headers,
        allow: settings.allow.clone(),
        tls: settings.tls.clone(),
        proxy: settings.proxy.clone(),
        jar: Arc::new(jar),
        clients: tokio::sync::Mutex::default(),
        kept: Mutex::new(None),
        base: base.clone(),
    };
    Ok(Opened {
        resource: Arc::new(session),
        outputs: SessionOpened {
            base_url: base.as_ref().map(super::client::shown),
        },
    })
}

impl Session {
    /// A client for a step inside: `shape` is what the step's own settings and what the session
    /// allows give. All of them share the session's cookies.
    pub(super) async fn client(
        &self,
        cx: &StepContext,
        shape: &Shape,
        common: Common<'_>,
    ) -> Result<Client, NodeError> {
        let with_session = Common {
            tls: common.tls.or(self.tls.as_ref()),
            proxy: common.proxy.or(self.proxy.as_deref()),
            ..common
        };
        let own_header = self.login.is_own_header();
        let shape = shape.with(cx, with_session, own_header);
        let mut clients = self.clients.lock().await;
        if let Some((_, client)) = clients.iter().find(|(known, _)| *known == shape) {
            return Ok(client.clone());
        }
        let client = shape.build(cx, Some(self.jar.clone())).await?;
        clients.push((shape, client.clone()));
        Ok(client)
    }

    /// Whether `url` is on the session's own server.
    pub(super) fn is_home(&self, url: &Url) -> bool {
        self.base
            .as_ref()
            .is_none_or(|base| base.origin() == url.origin())
    }
}

#[async_trait]
impl Resource for Session {
    async fn close(&self, _: BlockEnd) -> Result<(), NodeError> {
        self.clients.lock().await.clear();
        Ok(())
    }

    async fn checkpoint(&self) -> Option<Json> {
        let now = self.jar.checkpoint();
        let mut kept = self.kept.lock();
        if *kept == now {
            return None;
        }
        kept.clone_from(&now);
        now
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn std::any::Any + Send + Sync> {
        self
    }
}

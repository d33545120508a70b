//! What has to be kept of a session so that it can be opened again later, in another browser.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::{
    cdp::{fetch, network, storage},
    context::Context,
    error::BrowserError,
    navigation::Until,
    page::Page,
    program::Point,
};

/// A session as data: where it was, and what it was known by. Holds secrets (session cookies).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub url: String,
    pub cookies: Vec<Cookie>,
    /// What the frames of the page kept, one for each origin.
    pub storage: Vec<OriginStorage>,
    /// How far the page was scrolled to the right and down, in pixels.
    #[serde(default)]
    pub scroll: (f64, f64),
}

/// A cookie of any site.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cookie {
    pub name: String,
    pub value: String,
    pub domain: String,
    pub path: String,
    /// Seconds since 1970; `None` ends with the session.
    pub expires: Option<f64>,
    pub http_only: bool,
    pub secure: bool,
    pub same_site: Option<String>,
}

/// The web storage of one origin.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OriginStorage {
    pub origin: String,
    pub local: Map<String, Value>,
    pub session: Map<String, Value>,
}

impl Page {
    /// What it takes to come back to this page later.
    pub async fn checkpoint(&self, deadline: Instant) -> Result<Checkpoint, BrowserError> {
        let core = self.browser_core()?;
        let wanted = storage::GetCookies {
            browser_context_id: self.core.context_id.clone(),
        };
        let cookies = core.call(&wanted).await?.cookies;
        self.core.settle(deadline).await?;
        let mut origins: Vec<OriginStorage> = Vec::new();
        for found in self.storage_of_frames::<OriginStorage>().await {
            let empty = found.local.is_empty() && found.session.is_empty();
            let real = found.origin.starts_with("http");
            if real && !empty && !origins.iter().any(|known| known.origin == found.origin) {
                origins.push(found);
            }
        }
        origins.sort_by(|a, b| a.origin.cmp(&b.origin));
        let scroll: Point = self.run_here("scrolled", deadline).await?;
        Ok(Checkpoint {
            url: self.url(),
            cookies: cookies.into_iter().map(Cookie::from).collect(),
            storage: origins,
            scroll: (scroll.x, scroll.y),
        })
    }

    /// Brings cookies and storage back, then opens the checkpoint's address.
    pub async fn restore(
        &self,
        checkpoint: &Checkpoint,
        deadline: Instant,
    ) -> Result<(), BrowserError> {
        let core = self.browser_core()?;
        core.call(&storage::SetCookies {
            cookies: checkpoint.cookies.iter().map(Cookie::to_param).collect(),
            browser_context_id: self.core.context_id.clone(),
        })
        .await?;
        if !checkpoint.storage.is_empty() {
            self.restore_storage(&checkpoint.storage, deadline).await?;
        }
        if checkpoint.url != "about:blank" && !checkpoint.url.is_empty() {
            self.goto(&checkpoint.url, Until::DomContentLoaded, deadline)
                .await?;
        }
        if checkpoint.scroll != (0.0, 0.0) {
            let (x, y) = checkpoint.scroll;
            self.run_here_with::<()>("scroll-to", [("x", json!(x)), ("y", json!(y))], deadline)
                .await?;
        }
        Ok(())
    }

    /// Storage can only be written from a document of its origin. An empty one stands in for each, so that
    /// no request leaves the machine and no script of the site runs yet.
    async fn restore_storage(
        &self,
        origins: &[OriginStorage],
        deadline: Instant,
    ) -> Result<(), BrowserError> {
        let core = self.browser_core()?;
        self.core.state.lock().stand_in = true;
        self.core
            .intercept_in(&core, &self.core.session)
            .await
            .map_err(|error| self.core.explain(error))?;
        let mut outcome = Ok(());
        for origin in origins {
            outcome = self.restore_origin(origin, deadline).await;
            if outcome.is_err() {
                break;
            }
        }
        self.core.state.lock().stand_in = false;
        self.core
            .intercept_in(&core, &self.core.session)
            .await
            .map_err(|error| self.core.explain(error))?;
        outcome
    }

    async fn restore_origin(
        &self,
        origin: &OriginStorage,
        deadline: Instant,
    ) -> Result<(), BrowserError> {
        self.goto(&format!("{}/", origin.origin), Until::Commit, deadline)
            .await?;
        let script = "(local, session) => { \
            for (const [key, value] of Object.entries(local)) localStorage.setItem(key, value); \
            for (const [key, value] of Object.entries(session)) sessionStorage.setItem(key, value); }";
        self.evaluate(
            script,
            &[json!(origin.local), json!(origin.session)],
            deadline,
        )
        .await
        .map(drop)
    }
}

impl Context {
    /// The cookies of all sites.
    pub async fn cookies(&self) -> Result<Vec<Cookie>, BrowserError> {
        let wanted = storage::GetCookies {
            browser_context_id: self.id.clone(),
        };
        let cookies = self.core.call(&wanted).await?.cookies;
        Ok(cookies.into_iter().map(Cookie::from).collect())
    }

    /// Adds cookies; those with the name, domain and path of one that is there replace it.
    pub async fn set_cookies(&self, cookies: &[Cookie]) -> Result<(), BrowserError> {
        let set = storage::SetCookies {
            cookies: cookies.iter().map(Cookie::to_param).collect(),
            browser_context_id: self.id.clone(),
        };
        self.core.call(&set).await?;
        Ok(())
    }

    /// Deletes cookies, by name, domain and path.
    pub async fn delete_cookies(&self, cookies: &[Cookie]) -> Result<(), BrowserError> {
        let ended: Vec<Cookie> = cookies
            .iter()
            .map(|cookie| Cookie {
                // One second after 1970: a cookie that has expired is deleted.
                expires: Some(1.0),
                ..cookie.clone()
            })
            .collect();
        self.set_cookies(&ended).await
    }

    /// Opens a page where the checkpoint was taken.
    pub async fn restore(
        &self,
        checkpoint: &Checkpoint,
        deadline: Instant,
    ) -> Result<Page, BrowserError> {
        let page = self.new_page(deadline).await?;
        page.restore(checkpoint, deadline).await?;
        Ok(page)
    }
}

/// The empty document that stands in for a site while its storage is written.
pub(crate) fn stand_in(request_id: String) -> fetch::FulfillRequest {
    let html = fetch::HeaderEntry {
        name: "content-type".into(),
        value: "text/html".into(),
    };
    fetch::FulfillRequest {
        request_id,
        response_code: 200,
        response_headers: Some(vec![html]),
        body: Some(STANDARD.encode("<!doctype html>")),
    }
}

impl From<network::Cookie> for Cookie {
    fn from(cookie: network::Cookie) -> Self {
        Cookie {
            // Chromium says -1 for cookies of the session.
            expires: Some(cookie.expires).filter(|expires| *expires >= 0.0),
            name: cookie.name,
            value: cookie.value,
            domain: cookie.domain,
            path: cookie.path,
            http_only: cookie.http_only,
            secure: cookie.secure,
            same_site: cookie.same_site,
        }
    }
}

impl Cookie {
    fn to_param(&self) -> network::CookieParam {
        network::CookieParam {
            name: self.name.clone(),
            value: self.value.clone(),
            domain: Some(self.domain.clone()),
            path: Some(self.path.clone()),
            secure: Some(self.secure),
            http_only: Some(self.http_only),
            same_site: self.same_site.clone(),
            expires: self.expires,
        }
    }
}

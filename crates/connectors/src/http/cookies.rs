//! Cookies of a session, which survive an interruption of the run.

use casare_engine::NodeError;
use cookie_store::{CookieStore, RawCookie};
use indexmap::IndexMap;
use parking_lot::Mutex;
use reqwest::header::HeaderValue;
use serde_json::Value as Json;
use url::Url;

/// The cookies that servers have set in a session.
#[derive(Debug, Default)]
pub(super) struct Jar {
    store: Mutex<CookieStore>,
}

impl Jar {
    /// The jar that `checkpoint` gave.
    pub(super) fn restored(checkpoint: &Json) -> Option<Self> {
        let text = checkpoint.as_str()?;
        let store = cookie_store::serde::json::load_all(text.as_bytes()).ok()?;
        Some(Self {
            store: Mutex::new(store),
        })
    }

    /// All its cookies as data.
    pub(super) fn checkpoint(&self) -> Option<Json> {
        let mut text = Vec::new();
        cookie_store::serde::json::save_incl_expired_and_nonpersistent(
            &self.store.lock(),
            &mut text,
        )
        .ok()?;
        String::from_utf8(text).ok().map(Json::String)
    }

    /// Adds cookies of the workflow's own for `url`.
    pub(super) fn add(
        &self,
        url: &Url,
        cookies: &IndexMap<String, String>,
    ) -> Result<(), NodeError> {
        let mut store = self.store.lock();
        for (name, value) in cookies {
            let cookie = RawCookie::new(name.clone(), value.clone());
            store.insert_raw(&cookie, url).map_err(|error| {
                NodeError::invalid(format!("`{name}` can't be a cookie: {error}"))
            })?;
        }
        Ok(())
    }
}

impl reqwest::cookie::CookieStore for Jar {
    fn set_cookies(&self, headers: &mut dyn Iterator<Item = &HeaderValue>, url: &Url) {
        let cookies = headers.filter_map(|header| {
            let text = std::str::from_utf8(header.as_bytes()).ok()?;
            RawCookie::parse(text.to_owned()).ok()
        });
        self.store.lock().store_response_cookies(cookies, url);
    }

    fn cookies(&self, url: &Url) -> Option<HeaderValue> {
        let text = self
            .store
            .lock()
            .get_request_values(url)
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("; ");
        if text.is_empty() {
            return None;
        }
        HeaderValue::from_str(&text).ok()
    }
}

//! Requests that are answered here, blocked or changed instead of going out as they are.

use std::{
    collections::HashSet,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, value::RawValue};

use super::matches_address;
use crate::{
    cdp::{Event, fetch, network},
    checkpoint::stand_in,
    connection::{CallError, Session, parse},
    context::Context,
    core::{ContextSettings, Core},
    error::BrowserError,
    page::PageCore,
};

/// Requests, and what becomes of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// An address in which `*` stands for anything, or a part of one.
    pub url: String,
    /// Only requests of this method; of all if `None`.
    pub method: Option<String>,
    /// Only requests for these kinds of things; for all if empty.
    pub kinds: Vec<ResourceKind>,
    /// How many requests it is for; for all if `None`.
    pub times: Option<u64>,
    pub answer: RouteAnswer,
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq)]
pub enum RouteAnswer {
    /// It fails as if an extension had blocked it.
    Block,
    /// It never leaves; this is its answer.
    Fulfil {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// It goes out with these headers instead of those of the same name.
    Headers(Vec<(String, String)>),
    /// It goes out as it is, whatever older routes say.
    Continue,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResourceKind {
    Document,
    Stylesheet,
    Image,
    Media,
    Font,
    Script,
    Fetch,
    Other,
}

impl ResourceKind {
    /// The protocol's names.
    fn names(self) -> &'static [&'static str] {
        match self {
            ResourceKind::Document => &["Document"],
            ResourceKind::Stylesheet => &["Stylesheet"],
            ResourceKind::Image => &["Image"],
            ResourceKind::Media => &["Media", "TextTrack"],
            ResourceKind::Font => &["Font"],
            ResourceKind::Script => &["Script"],
            ResourceKind::Fetch => &["XHR", "Fetch", "EventSource"],
            ResourceKind::Other => &["Other", "Ping", "Manifest", "Prefetch", "Preflight"],
        }
    }

    /// Those of the names by which requests can be asked for.
    fn filters(self) -> &'static [&'static str] {
        match self {
            ResourceKind::Media => &["Media"],
            ResourceKind::Fetch => &["XHR", "Fetch"],
            ResourceKind::Other => &["Other", "Ping"],
            other => other.names(),
        }
    }

    pub(crate) fn is(self, name: &str) -> bool {
        self.names().contains(&name)
    }
}

/// A route that is in force.
pub(crate) struct Rule {
    id: u64,
    route: Route,
    hits: AtomicU64,
}

impl fmt::Debug for Rule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Rule").field(&self.route).finish()
    }
}

/// A route that was set; it is in force until it is removed or its context closed.
#[derive(Debug, Clone)]
pub struct RouteHandle {
    rule: Arc<Rule>,
    context: Context,
}

impl RouteHandle {
    /// How many requests it has answered.
    pub fn hits(&self) -> u64 {
        self.rule.hits.load(Ordering::Relaxed)
    }

    /// Ends it.
    pub async fn remove(self) -> Result<(), BrowserError> {
        let id = self.rule.id;
        self.context
            .core
            .change_settings(self.context.id.as_ref(), |settings| {
                settings.rules.retain(|rule| rule.id != id);
            });
        self.context.refresh_interception().await
    }
}

impl Context {
    /// Answers, blocks or changes requests of its pages from now on. A newer route goes before older ones.
    pub async fn route(&self, route: Route) -> Result<RouteHandle, BrowserError> {
        let rule = Arc::new(Rule {
            id: self.core.next_serial(),
            route,
            hits: AtomicU64::new(0),
        });
        self.core.change_settings(self.id.as_ref(), |settings| {
            settings.rules.insert(0, Arc::clone(&rule));
        });
        self.refresh_interception().await?;
        Ok(RouteHandle {
            rule,
            context: self.clone(),
        })
    }

    /// Removes all routes.
    pub async fn clear_routes(&self) -> Result<(), BrowserError> {
        self.core
            .change_settings(self.id.as_ref(), |settings| settings.rules.clear());
        self.refresh_interception().await
    }

    /// Tells every open page which requests are of interest now.
    pub(crate) async fn refresh_interception(&self) -> Result<(), BrowserError> {
        let mut sent = Vec::new();
        for page in self.core.pages_of(self.id.as_ref()) {
            for session in page.all_sessions() {
                sent.push(page.intercept_in(&self.core, &session));
            }
        }
        for reply in futures::future::join_all(sent).await {
            match reply {
                Err(CallError::Gone) => return Err(self.core.explain(CallError::Gone)),
                // A page that has gone needs none.
                Err(CallError::Refused { method, message }) if !message.contains("Session") => {
                    return Err(BrowserError::Protocol { method, message });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The requests that have to be shown to us; `None` for none.
fn wanted(settings: &ContextSettings, everything: bool) -> Option<fetch::Enable> {
    let logins = !settings.logins.is_empty();
    if everything || logins {
        let all = fetch::RequestPattern {
            url_pattern: Some("*".into()),
            resource_type: None,
        };
        return Some(fetch::Enable {
            patterns: Some(vec![all]),
            handle_auth_requests: Some(logins),
        });
    }
    if settings.rules.is_empty() {
        return None;
    }
    let mut patterns = Vec::new();
    for rule in &settings.rules {
        let route = &rule.route;
        // Where kinds are named, a pattern for each of the protocol's names.
        let mut kinds: Vec<Option<&str>> = route
            .kinds
            .iter()
            .flat_map(|kind| kind.filters())
            .map(|name| Some(*name))
            .collect();
        if kinds.is_empty() {
            kinds.push(None);
        }
        patterns.extend(kinds.into_iter().map(|kind| fetch::RequestPattern {
            url_pattern: Some(protocol_pattern(&route.url)),
            resource_type: kind.map(str::to_owned),
        }));
    }
    Some(fetch::Enable {
        patterns: Some(patterns),
        handle_auth_requests: None,
    })
}

/// Our pattern in the protocol's words, in which `?` stands for any character.
fn protocol_pattern(pattern: &str) -> String {
    let escaped = pattern.replace('\\', "\\\\").replace('?', "\\?");
    if pattern.contains('*') {
        escaped
    } else {
        format!("*{escaped}*")
    }
}

impl PageCore {
    /// Tells a session which of its requests are of interest.
    pub(crate) fn intercept_in(
        &self,
        core: &Core,
        session: &Session,
    ) -> impl Future<Output = Result<(), CallError>> + Send + use<> {
        let stand_in = self.state.lock().stand_in;
        let enable = core.with_settings(self.context_id.as_ref(), |settings| {
            wanted(settings, stand_in)
        });
        let (enabled, disabled) = match enable {
            Some(enable) => {
                // A service worker would answer requests behind our back.
                session.tell(&network::SetBypassServiceWorker { bypass: true });
                (Some(session.call(&enable)), None)
            }
            None => (None, Some(session.call(&fetch::Disable {}))),
        };
        async move {
            if let Some(enabled) = enabled {
                enabled.await?;
            }
            if let Some(disabled) = disabled {
                disabled.await?;
            }
            Ok(())
        }
    }

    /// A new session of a context without routes needs to be told nothing.
    pub(crate) fn intercept_new(&self, core: &Core, session: &Session) {
        let needed = core.with_settings(self.context_id.as_ref(), |settings| {
            wanted(settings, false).is_some()
        });
        if needed {
            // Commands are taken in order: it holds before the session's first request.
            drop(self.intercept_in(core, session));
        }
    }

    pub(crate) fn apply_fetch(&self, session: &Session, method: &str, params: &RawValue) {
        match method {
            fetch::RequestPaused::METHOD => {
                let Some(event) = parse::<fetch::RequestPaused>(params) else {
                    return;
                };
                if self.state.lock().stand_in {
                    session.tell(&stand_in(event.request_id));
                } else {
                    self.answer_request(session, event);
                }
            }
            fetch::AuthRequired::METHOD => {
                let Some(event) = parse::<fetch::AuthRequired>(params) else {
                    return;
                };
                let again = !self
                    .state
                    .lock()
                    .challenged
                    .insert(event.request_id.clone());
                let answer = match self.browser.upgrade() {
                    Some(core) => core.with_settings(self.context_id.as_ref(), |settings| {
                        settings.logins.answer(&event.auth_challenge, again)
                    }),
                    None => return,
                };
                session.tell(&fetch::ContinueWithAuth {
                    request_id: event.request_id,
                    auth_challenge_response: answer,
                });
            }
            _ => {}
        }
    }

    fn answer_request(&self, session: &Session, event: fetch::RequestPaused) {
        let rules = self.browser.upgrade().map(|core| {
            core.with_settings(self.context_id.as_ref(), |settings| settings.rules.clone())
        });
        let rule = rules.into_iter().flatten().find(|rule| rule.takes(&event));
        let request_id = event.request_id;
        match rule.as_ref().map(|rule| &rule.route.answer) {
            Some(RouteAnswer::Block) => session.tell(&fetch::FailRequest {
                request_id,
                error_reason: "BlockedByClient".into(),
            }),
            Some(RouteAnswer::Fulfil {
                status,
                headers,
                body,
            }) => session.tell(&fetch::FulfillRequest {
                request_id,
                response_code: i64::from(*status),
                response_headers: Some(entries(headers)),
                body: Some(STANDARD.encode(body)),
            }),
            Some(RouteAnswer::Headers(changed)) => session.tell(&fetch::ContinueRequest {
                request_id,
                headers: Some(entries(&replaced(&event.request.headers, changed))),
            }),
            Some(RouteAnswer::Continue) | None => session.tell(&fetch::ContinueRequest {
                request_id,
                headers: None,
            }),
        }
    }
}

impl Rule {
    fn takes(&self, event: &fetch::RequestPaused) -> bool {
        let route = &self.route;
        let fits = matches_address(&route.url, &event.request.url)
            && route
                .method
                .as_ref()
                .is_none_or(|method| method.eq_ignore_ascii_case(&event.request.method))
            && (route.kinds.is_empty()
                || route.kinds.iter().any(|kind| kind.is(&event.resource_type)));
        if !fits {
            return false;
        }
        let before = self.hits.fetch_add(1, Ordering::Relaxed);
        let there = route.times.is_none_or(|times| before < times);
        if !there {
            self.hits.fetch_sub(1, Ordering::Relaxed);
        }
        there
    }
}

fn entries(headers: &[(String, String)]) -> Vec<fetch::HeaderEntry> {
    headers
        .iter()
        .map(|(name, value)| fetch::HeaderEntry {
            name: name.clone(),
            value: value.clone(),
        })
        .collect()
}

/// The headers of a request with some of them replaced.
fn replaced(sent: &RawValue, changed: &[(String, String)]) -> Vec<(String, String)> {
    let sent = headers_of(sent);
    let names: HashSet<String> = changed
        .iter()
        .map(|(name, _)| name.to_ascii_lowercase())
        .collect();
    sent.into_iter()
        .filter(|(name, _)| !names.contains(&name.to_ascii_lowercase()))
        .chain(changed.iter().cloned())
        .collect()
}

/// The headers of a protocol message, in its order.
pub(crate) fn headers_of(raw: &RawValue) -> Vec<(String, String)> {
    let Ok(Value::Object(map)) = serde_json::from_str(raw.get()) else {
        return Vec::new();
    };
    map.into_iter()
        .map(|(name, value)| match value {
            Value::String(text) => (name, text),
            other => (name, other.to_string()),
        })
        .collect()
}

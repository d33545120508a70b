//! The requests of a page and what became of them.

use std::{
    collections::{HashMap, VecDeque},
    ops::RangeInclusive,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout_at};

use super::{
    matches_address,
    route::{ResourceKind, headers_of},
};
use crate::{
    cdp::{Event, network},
    connection::{Session, parse},
    error::BrowserError,
    page::{Page, PageCore, PageState},
};

/// How many ended exchanges a page remembers.
const REMEMBERED: usize = 300;
/// More open ones than this belong to a page that never ends any.
const OPEN: usize = 2000;

/// A request and its answer.
#[derive(Debug, Clone)]
pub struct Exchange {
    pub url: String,
    pub method: String,
    /// The protocol's word for what it is for: `Document`, `XHR`, `Fetch`, `Image`, …
    pub kind: String,
    pub request_headers: Vec<(String, String)>,
    /// What was sent along, as text; `None` if nothing, or too much, or no text.
    pub request_body: Option<String>,
    /// `None` while there is no answer, and where there never was one.
    pub status: Option<u16>,
    pub status_text: String,
    pub response_headers: Vec<(String, String)>,
    pub media_type: String,
    /// Why there is no answer, or only a part of one.
    pub failure: Option<String>,
    /// From sending to the answer's end.
    pub duration: Duration,
    /// Counts exchanges by their ends; 0 while it is open.
    pub(crate) serial: u64,
    pub(crate) trace: Trace,
}

/// What recordings need to know beyond that.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    pub(crate) request_id: String,
    pub(crate) session: Session,
    /// Seconds since 1970.
    pub(crate) wall_time: f64,
    /// Seconds of the protocol's clock.
    pub(crate) sent: f64,
    pub(crate) ended: f64,
    pub(crate) protocol: String,
    pub(crate) server: Option<String>,
    pub(crate) from_cache: bool,
    pub(crate) timing: Option<network::ResourceTiming>,
    /// In bytes, as sent over the wire.
    pub(crate) transferred: f64,
    /// Where it led on to.
    pub(crate) redirect: String,
}

/// A moment in a page's traffic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExchangeMark(u64);

/// Which exchange is meant: one that passes all that is set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExchangeFilter {
    /// An address in which `*` stands for anything, or a part of one.
    pub url: Option<String>,
    pub method: Option<String>,
    pub status: Option<RangeInclusive<u16>>,
    pub kinds: Vec<ResourceKind>,
}

impl ExchangeFilter {
    /// Whether `exchange` is meant.
    pub fn matches(&self, exchange: &Exchange) -> bool {
        self.url
            .as_ref()
            .is_none_or(|pattern| matches_address(pattern, &exchange.url))
            && self
                .method
                .as_ref()
                .is_none_or(|method| method.eq_ignore_ascii_case(&exchange.method))
            && self.status.as_ref().is_none_or(|range| {
                exchange
                    .status
                    .is_some_and(|status| range.contains(&status))
            })
            && (self.kinds.is_empty() || self.kinds.iter().any(|kind| kind.is(&exchange.kind)))
    }

    fn describe(&self) -> String {
        let mut text = String::from("a response");
        if let Some(method) = &self.method {
            text.push_str(&format!(" to {method}"));
        }
        if let Some(url) = &self.url {
            text.push_str(&format!(" from `{url}`"));
        }
        if let Some(status) = &self.status {
            if status.start() == status.end() {
                text.push_str(&format!(" with status {}", status.start()));
            } else {
                text.push_str(&format!(
                    " with a status from {} to {}",
                    status.start(),
                    status.end()
                ));
            }
        }
        text
    }
}

/// What a page remembers of its traffic.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    open: HashMap<String, Exchange>,
    ended: VecDeque<Arc<Exchange>>,
    count: u64,
}

impl Traffic {
    fn sent(&mut self, event: network::RequestWillBeSent, session: &Session) {
        if self.open.len() >= OPEN {
            self.open.clear();
        }
        let request = event.request;
        let exchange = Exchange {
            // A data: address is as long as its content.
            url: request.url.chars().take(8192).collect(),
            method: request.method,
            kind: event.r#type.unwrap_or_else(|| "Other".into()),
            request_headers: headers_of(&request.headers),
            request_body: request.post_data,
            status: None,
            status_text: String::new(),
            response_headers: Vec::new(),
            media_type: String::new(),
            failure: None,
            duration: Duration::ZERO,
            serial: 0,
            trace: Trace {
                request_id: event.request_id.clone(),
                session: session.clone(),
                wall_time: event.wall_time,
                sent: event.timestamp,
                ended: event.timestamp,
                protocol: String::new(),
                server: None,
                from_cache: false,
                timing: None,
                transferred: 0.0,
                redirect: String::new(),
            },
        };
        self.open.insert(event.request_id, exchange);
    }

    fn answered(&mut self, request_id: &str, response: network::Response) {
        let Some(exchange) = self.open.get_mut(request_id) else {
            return;
        };
        exchange.status = u16::try_from(response.status).ok();
        exchange.status_text = response.status_text;
        exchange.response_headers = headers_of(&response.headers);
        exchange.media_type = response.mime_type;
        let trace = &mut exchange.trace;
        trace.protocol = response.protocol.unwrap_or_default();
        trace.server = response.remote_ip_address;
        trace.from_cache = response.from_disk_cache == Some(true);
        trace.timing = response.timing;
    }

    fn end(&mut self, request_id: &str, at: f64, transferred: f64) -> Option<Arc<Exchange>> {
        let mut exchange = self.open.remove(request_id)?;
        self.count += 1;
        exchange.serial = self.count;
        exchange.trace.ended = at;
        exchange.trace.transferred = transferred.max(0.0);
        exchange.duration = Duration::from_secs_f64((at - exchange.trace.sent).clamp(0.0, 1e6));
        let exchange = Arc::new(exchange);
        if self.ended.len() == REMEMBERED {
            self.ended.pop_front();
        }
        self.ended.push_back(Arc::clone(&exchange));
        Some(exchange)
    }

    fn failed(&mut self, request_id: &str, reason: String) {
        if let Some(exchange) = self.open.get_mut(request_id) {
            exchange.failure = Some(reason);
        }
    }

    fn first(&self, filter: &ExchangeFilter, after: ExchangeMark) -> Option<Arc<Exchange>> {
        self.ended
            .iter()
            .find(|exchange| exchange.serial > after.0 && filter.matches(exchange))
            .cloned()
    }
}

impl PageCore {
    /// Takes in an event of the network; answers whether somebody waits for such.
    pub(crate) fn apply_network(&self, session: &Session, method: &str, params: &RawValue) -> bool {
        let ended = match method {
            network::RequestWillBeSent::METHOD => {
                let Some(event) = parse::<network::RequestWillBeSent>(params) else {
                    return false;
                };
                self.request_sent(session, event)
            }
            network::ResponseReceived::METHOD => {
                let Some(event) = parse::<network::ResponseReceived>(params) else {
                    return false;
                };
                if event.r#type == "Document" {
                    let mut state = self.state.lock();
                    let status = event.response.status;
                    state.progress.document_answered(event.loader_id, status);
                }
                let mut traffic = self.traffic.lock();
                traffic.answered(&event.request_id, event.response);
                None
            }
            network::LoadingFinished::METHOD => {
                let Some(event) = parse::<network::LoadingFinished>(params) else {
                    return false;
                };
                self.state.lock().progress.request_ended(&event.request_id);
                self.traffic.lock().end(
                    &event.request_id,
                    event.timestamp,
                    event.encoded_data_length,
                )
            }
            network::LoadingFailed::METHOD => {
                let Some(event) = parse::<network::LoadingFailed>(params) else {
                    return false;
                };
                self.state.lock().progress.request_ended(&event.request_id);
                let reason = match event.blocked_reason {
                    Some(reason) => format!("{} ({reason})", event.error_text),
                    None => event.error_text,
                };
                let mut traffic = self.traffic.lock();
                traffic.failed(&event.request_id, reason);
                traffic.end(&event.request_id, event.timestamp, 0.0)
            }
            _ => None,
        };
        let Some(ended) = ended else { return false };
        if let Some(core) = self.browser.upgrade() {
            let recording = core.with_settings(self.context_id.as_ref(), |settings| {
                settings.recording.clone()
            });
            if let Some(recording) = recording {
                recording.take(&ended, self.serial);
            }
        }
        self.traffic_watchers.load(Ordering::Relaxed) > 0
    }

    fn request_sent(
        &self,
        session: &Session,
        mut event: network::RequestWillBeSent,
    ) -> Option<Arc<Exchange>> {
        self.state.lock().progress.request_sent(
            event.request_id.clone(),
            &event.request.url,
            event.r#type.clone(),
        );
        let mut traffic = self.traffic.lock();
        // A redirect ends one exchange and begins the next under the same id.
        let ended = event.redirect_response.take().and_then(|response| {
            traffic.answered(&event.request_id, response);
            if let Some(exchange) = traffic.open.get_mut(&event.request_id) {
                exchange.trace.redirect.clone_from(&event.request.url);
            }
            traffic.end(&event.request_id, event.timestamp, 0.0)
        });
        traffic.sent(event, session);
        ended
    }
}

impl Page {
    /// This moment, for [`Page::wait_for_response`]: take it before what causes the request.
    pub fn exchange_mark(&self) -> ExchangeMark {
        ExchangeMark(self.core.traffic.lock().count)
    }

    /// The exchanges that have ended, the last some hundred, oldest first.
    pub fn exchanges(&self) -> Vec<Exchange> {
        let traffic = self.core.traffic.lock();
        traffic.ended.iter().map(|one| (**one).clone()).collect()
    }

    /// Waits for the first response after `after` that passes `filter`, until it has come completely;
    /// answers it with the moment of its end, for waiting for the next one.
    ///
    /// # Errors
    ///
    /// `WaitTimeout` with the requests that came nearest.
    pub async fn wait_for_response(
        &self,
        filter: &ExchangeFilter,
        after: ExchangeMark,
        deadline: Instant,
    ) -> Result<(Exchange, ExchangeMark), BrowserError> {
        /// Counts who waits, so that the page's other waiters are not woken for each picture.
        struct Watching<'a>(&'a PageCore);
        impl Drop for Watching<'_> {
            fn drop(&mut self) {
                self.0.traffic_watchers.fetch_sub(1, Ordering::Relaxed);
            }
        }
        let started = Instant::now();
        self.core.traffic_watchers.fetch_add(1, Ordering::Relaxed);
        let _watching = Watching(&self.core);
        let core = &self.core;
        let look = |_: &mut PageState| core.traffic.lock().first(filter, after);
        if let Some(found) = core.wait(deadline, look).await? {
            let mark = ExchangeMark(found.serial);
            return Ok((Arc::unwrap_or_clone(found), mark));
        }
        Err(BrowserError::WaitTimeout {
            what: filter.describe(),
            waited: started.elapsed(),
            found: self.describe_traffic(after),
        })
    }

    fn describe_traffic(&self, after: ExchangeMark) -> String {
        let traffic = self.core.traffic.lock();
        let lines: Vec<String> = traffic
            .ended
            .iter()
            .rev()
            .filter(|exchange| exchange.serial > after.0)
            .take(5)
            .map(|exchange| {
                let status = exchange
                    .status
                    .map_or_else(|| "no answer".to_owned(), |status| status.to_string());
                let url = super::secret::mask_url(&exchange.url);
                format!("{} {url} ({status})", exchange.method)
            })
            .collect();
        if lines.is_empty() {
            "no other response came".into()
        } else {
            format!("there were {}", lines.join(", "))
        }
    }

    /// The body of a response. Chromium keeps it until it needs the room, or until the page is left.
    ///
    /// # Errors
    ///
    /// `Protocol` where it has been forgotten.
    pub async fn response_body(
        &self,
        exchange: &Exchange,
        deadline: Instant,
    ) -> Result<Vec<u8>, BrowserError> {
        let started = Instant::now();
        let wanted = network::GetResponseBody {
            request_id: exchange.trace.request_id.clone(),
        };
        let reply = timeout_at(deadline, exchange.trace.session.call(&wanted))
            .await
            .map_err(|_| self.core.unresponsive(started.elapsed()))?
            .map_err(|error| self.core.explain(error))?;
        decode(reply).map_err(|message| BrowserError::Protocol {
            method: "Network.getResponseBody",
            message,
        })
    }
}

pub(crate) fn decode(reply: network::GetResponseBodyReply) -> Result<Vec<u8>, String> {
    if reply.base64_encoded {
        STANDARD
            .decode(reply.body)
            .map_err(|error| error.to_string())
    } else {
        Ok(reply.body.into_bytes())
    }
}

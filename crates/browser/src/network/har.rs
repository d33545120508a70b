//! A recording of a context's traffic as an HTTP Archive (HAR 1.2).

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::{sync::watch, time::Instant};

use super::{
    secret::{MASK, is_field, is_header, mask_body, mask_url},
    traffic::{Exchange, decode},
};
use crate::{cdp::network, context::Context};

/// What a recording keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HarOptions {
    /// Whether the bodies of responses are kept.
    pub bodies: bool,
    /// The largest body that is kept, in bytes.
    pub largest_body: usize,
    /// How much is kept of all bodies together, in bytes.
    pub all_bodies: usize,
    /// How many exchanges are kept; later ones are only counted.
    pub entries: usize,
}

impl Default for HarOptions {
    fn default() -> Self {
        HarOptions {
            bodies: true,
            largest_body: 1 << 20,
            all_bodies: 32 << 20,
            entries: 5000,
        }
    }
}

/// A recording that goes on. Dropping it ends it.
#[derive(Debug)]
pub struct HarRecording {
    log: Arc<Recording>,
    context: Context,
}

pub(crate) struct Recording {
    options: HarOptions,
    entries: Mutex<Vec<Entry>>,
    room: AtomicUsize,
    left_out: AtomicUsize,
    /// Bodies on their way.
    pending: watch::Sender<usize>,
}

impl fmt::Debug for Recording {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Recording")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

struct Entry {
    exchange: Arc<Exchange>,
    page: u64,
    body: Option<Vec<u8>>,
}

impl Recording {
    /// Takes in an exchange that has ended on the page with this serial number.
    pub(crate) fn take(self: &Arc<Self>, exchange: &Arc<Exchange>, page: u64) {
        let place = {
            let mut entries = self.entries.lock();
            if entries.len() >= self.options.entries {
                self.left_out.fetch_add(1, Ordering::Relaxed);
                return;
            }
            entries.push(Entry {
                exchange: Arc::clone(exchange),
                page,
                body: None,
            });
            entries.len() - 1
        };
        let worthwhile = self.options.bodies
            && exchange.failure.is_none()
            && exchange.trace.redirect.is_empty()
            && !exchange.url.starts_with("data:")
            && exchange.trace.transferred <= self.options.largest_body as f64;
        if !worthwhile {
            return;
        }
        self.pending.send_modify(|count| *count += 1);
        let session = exchange.trace.session.clone();
        let wanted = network::GetResponseBody {
            request_id: exchange.trace.request_id.clone(),
        };
        // Asked for at once: the page may go on and forget it.
        let reply = session.call(&wanted);
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let body = reply.await.ok().and_then(|reply| decode(reply).ok());
            if let Some(body) = body {
                this.keep(place, body);
            }
            this.pending.send_modify(|count| *count -= 1);
        });
    }

    fn keep(&self, place: usize, body: Vec<u8>) {
        if body.len() > self.options.largest_body {
            return;
        }
        let reserved = self
            .room
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| {
                room.checked_sub(body.len())
            });
        if reserved.is_ok()
            && let Some(entry) = self.entries.lock().get_mut(place)
        {
            entry.body = Some(body);
        }
    }

    fn archive(&self, browser: &str) -> Value {
        let entries = self.entries.lock();
        let mut pages: BTreeMap<u64, &Exchange> = BTreeMap::new();
        for entry in entries.iter() {
            pages.entry(entry.page).or_insert(&entry.exchange);
        }
        let pages: Vec<Value> = pages
            .iter()
            .map(|(page, first)| {
                json!({
                    "startedDateTime": moment(first.trace.wall_time),
                    "id": format!("page_{page}"),
                    "title": mask_url(&first.url),
                    "pageTimings": {},
                })
            })
            .collect();
        let (name, version) = browser.split_once('/').unwrap_or((browser, ""));
        let mut archive = json!({ "log": {
            "version": "1.2",
            "creator": { "name": "Casare", "version": env!("CARGO_PKG_VERSION") },
            "browser": { "name": name, "version": version },
            "pages": pages,
            "entries": entries.iter().map(Entry::json).collect::<Vec<_>>(),
        } });
        let left_out = self.left_out.load(Ordering::Relaxed);
        if left_out > 0 {
            archive["log"]["comment"] = format!("{left_out} later exchanges were left out").into();
        }
        archive
    }
}

impl Entry {
    fn json(&self) -> Value {
        let exchange = &self.exchange;
        let trace = &exchange.trace;
        let version = match trace.protocol.as_str() {
            "h2" => "HTTP/2.0",
            "h3" => "HTTP/3.0",
            "" | "http/1.1" => "HTTP/1.1",
            other => other,
        };
        let query: Vec<Value> = url::Url::parse(&exchange.url)
            .map(|url| {
                url.query_pairs()
                    .map(|(name, value)| {
                        let value = if is_field(&name) { MASK } else { &*value };
                        json!({ "name": name, "value": value })
                    })
                    .collect()
            })
            .unwrap_or_default();
        let mut request = json!({
            "method": exchange.method,
            "url": mask_url(&exchange.url),
            "httpVersion": version,
            "cookies": [],
            "headers": headers(&exchange.request_headers),
            "queryString": query,
            "headersSize": -1,
            "bodySize": exchange.request_body.as_ref().map_or(0, String::len),
        });
        if let Some(body) = &exchange.request_body {
            let kind = media_type(&exchange.request_headers);
            request["postData"] = json!({
                "mimeType": kind,
                "text": mask_body(body, &kind),
                "params": [],
            });
        }
        let mut entry = json!({
            "pageref": format!("page_{}", self.page),
            "startedDateTime": moment(trace.wall_time),
            "time": milliseconds(trace.ended - trace.sent),
            "request": request,
            "response": {
                "status": exchange.status.unwrap_or_default(),
                "statusText": exchange.status_text,
                "httpVersion": version,
                "cookies": [],
                "headers": headers(&exchange.response_headers),
                "content": self.content(),
                "redirectURL": mask_url(&trace.redirect),
                "headersSize": -1,
                "bodySize": if trace.from_cache { 0.0 } else { trace.transferred.round() },
            },
            "cache": {},
            "timings": timings(exchange),
            "_resourceType": exchange.kind.to_lowercase(),
        });
        if let Some(server) = &trace.server {
            entry["serverIPAddress"] = json!(server.trim_matches(['[', ']']));
        }
        if let Some(failure) = &exchange.failure {
            entry["response"]["_error"] = json!(failure);
        }
        entry
    }

    fn content(&self) -> Value {
        let kind = &self.exchange.media_type;
        let mut content = json!({ "size": 0, "mimeType": kind });
        if let Some(body) = &self.body {
            content["size"] = json!(body.len());
            if let Ok(text) = std::str::from_utf8(body) {
                content["text"] = json!(mask_body(text, kind));
            } else {
                content["text"] = json!(STANDARD.encode(body));
                content["encoding"] = json!("base64");
            }
        }
        content
    }
}

fn media_type(headers: &[(String, String)]) -> String {
    headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        .map(|(_, value)| value.clone())
        .unwrap_or_default()
}

fn headers(headers: &[(String, String)]) -> Vec<Value> {
    headers
        .iter()
        .map(|(name, value)| {
            let value = if is_header(name) { MASK } else { value };
            json!({ "name": name, "value": value })
        })
        .collect()
}

/// The protocol's milliseconds from the request's time, as the archive's durations.
fn timings(exchange: &Exchange) -> Value {
    let trace = &exchange.trace;
    let Some(timing) = &trace.timing else {
        let wait = milliseconds(trace.ended - trace.sent);
        return json!({ "blocked": -1, "dns": -1, "connect": -1, "ssl": -1, "send": 0, "wait": wait, "receive": 0 });
    };
    let span = |start: f64, end: f64| {
        if start < 0.0 || end < start {
            json!(-1)
        } else {
            json!(end - start)
        }
    };
    let received = (trace.ended - timing.request_time) * 1000.0;
    json!({
        "blocked": ((timing.request_time - trace.sent) * 1000.0).max(0.0),
        "dns": span(timing.dns_start, timing.dns_end),
        "connect": span(timing.connect_start, timing.connect_end),
        "ssl": span(timing.ssl_start, timing.ssl_end),
        "send": (timing.send_end - timing.send_start).max(0.0),
        "wait": (timing.receive_headers_end - timing.send_end).max(0.0),
        "receive": (received - timing.receive_headers_end).max(0.0),
    })
}

fn milliseconds(seconds: f64) -> f64 {
    (seconds * 1000.0).max(0.0)
}

fn moment(seconds: f64) -> String {
    Timestamp::from_microsecond((seconds * 1e6) as i64).map_or_else(
        |_| String::new(),
        |moment| moment.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
    )
}

impl Context {
    /// Records the traffic of its pages from now on, instead of what was being recorded.
    ///
    /// Headers, query fields, form fields and JSON values whose names say that they are secret are masked.
    pub fn record_har(&self, options: HarOptions) -> HarRecording {
        let log = Arc::new(Recording {
            options,
            entries: Mutex::default(),
            room: AtomicUsize::new(options.all_bodies),
            left_out: AtomicUsize::new(0),
            pending: watch::Sender::new(0),
        });
        self.core.change_settings(self.id.as_ref(), |settings| {
            settings.recording = Some(Arc::clone(&log));
        });
        for page in self.core.pages_of(self.id.as_ref()) {
            for session in page.all_sessions() {
                session.tell(&recording_buffers());
            }
        }
        HarRecording {
            log,
            context: self.clone(),
        }
    }
}

/// Room for bodies in the browser, until they have been fetched.
pub(crate) fn recording_buffers() -> network::Enable {
    network::Enable {
        max_total_buffer_size: Some(64 << 20),
        max_resource_buffer_size: Some(16 << 20),
        max_post_data_size: Some(1 << 16),
    }
}

impl HarRecording {
    /// Ends the recording and answers the archive, with the bodies that have come until the deadline.
    pub async fn finish(self, deadline: Instant) -> Value {
        self.stop();
        let mut pending = self.log.pending.subscribe();
        let all = pending.wait_for(|count| *count == 0);
        // What has not come by then is left out.
        let _ = tokio::time::timeout_at(deadline, all).await;
        self.log.archive(&self.context.core.product())
    }

    fn stop(&self) {
        self.context
            .core
            .change_settings(self.context.id.as_ref(), |settings| {
                let ours = settings
                    .recording
                    .as_ref()
                    .is_some_and(|log| Arc::ptr_eq(log, &self.log));
                if ours {
                    settings.recording = None;
                }
            });
    }
}

impl Drop for HarRecording {
    fn drop(&mut self) {
        self.stop();
    }
}

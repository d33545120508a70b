//! What happens, as it happens: a WebSocket, and server-sent events of the same.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    extract::{
        State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    http::{HeaderMap, StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use casare_access::{Permission, Principal};
use futures::{SinkExt, Stream, StreamExt};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::Query;
use crate::{
    LiveEvent, Orchestrator, Problem,
    events::Next,
    guard::{Me, may},
};

pub(crate) fn routes() -> OpenApiRouter<Orchestrator> {
    OpenApiRouter::new()
        .routes(may(Permission::JobRead, routes!(live_socket)))
        .routes(may(Permission::JobRead, routes!(live_events)))
}

/// Events that are passed on at a time.
const CHUNK: usize = 500;
/// A listener that takes nothing for so long is let go.
const PATIENCE: Duration = Duration::from_secs(30);
/// Shows proxies and listeners that the line stands.
const PULSE: Duration = Duration::from_secs(20);
/// Whether the caller may still listen is looked up this often.
const RECHECK: Duration = Duration::from_mins(1);
const MOST_TOPICS: usize = 64;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Topics with commas between them: `jobs`, `robots`, `workflows`, `runs/ID`, … or `*` for all.
    topics: Option<String>,
    /// Go on after this number; from now on when nothing is said.
    after: Option<i64>,
}

/// A listener: what it wants, and where it is.
struct Listener {
    server: Orchestrator,
    principal: Principal,
    topics: Vec<String>,
    after: i64,
}

impl Listener {
    fn new(
        server: Orchestrator,
        principal: Principal,
        wanted: Wanted,
        resumed: Option<i64>,
    ) -> Result<Self, Problem> {
        let topics: Vec<String> = wanted
            .topics
            .as_deref()
            .unwrap_or("*")
            .split(',')
            .map(|topic| topic.trim().to_owned())
            .filter(|topic| !topic.is_empty())
            .collect();
        if topics.len() > MOST_TOPICS || topics.iter().any(|topic| topic.len() > 200) {
            return Err(Problem::invalid("at most 64 topics of 200 bytes each"));
        }
        let after = resumed.or(wanted.after);
        let after = after.unwrap_or_else(|| server.events.newest());
        Ok(Self {
            server,
            principal,
            topics,
            after: after.max(0),
        })
    }

    fn hears(&self, event: &LiveEvent) -> bool {
        event.tenant == Some(self.principal.tenant)
            && self.topics.iter().any(|topic| {
                topic == "*"
                    || *topic == event.topic
                    || topic
                        .strip_suffix("/*")
                        .is_some_and(|start| event.topic.starts_with(start))
            })
    }

    /// What comes next: waits until there is something, or until the server closes.
    async fn next(&mut self) -> Option<Heard> {
        let mut newest = self.server.events.subscribe();
        loop {
            newest.mark_unchanged();
            match self.server.events.after(self.after, CHUNK) {
                Next::Missed { now } => {
                    self.after = now;
                    return Some(Heard::Missed(now));
                }
                Next::Events(events) => {
                    if let Some(last) = events.last() {
                        self.after = last.seq;
                        let ours: Vec<_> = events
                            .into_iter()
                            .filter(|event| self.hears(event))
                            .collect();
                        if !ours.is_empty() {
                            return Some(Heard::Events(ours));
                        }
                        continue;
                    }
                }
            }
            tokio::select! {
                () = self.server.closing.cancelled() => return None,
                changed = newest.changed() => if changed.is_err() { return None },
            }
        }
    }
}

enum Heard {
    Events(Vec<Arc<LiveEvent>>),
    Missed(i64),
}

/// What happens, over a WebSocket. Each message is `{seq, topic, at, data}`; `{"missed": true, seq}`
/// says that some are not kept any more and the state must be read again.
#[utoipa::path(get, path = "/live", tag = "live", params(Wanted),
    responses((status = 101, description = "The socket is open"), (status = 426)))]
async fn live_socket(
    State(server): State<Orchestrator>,
    Me(me): Me,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    same_site(&headers)?;
    let listener = Listener::new(server, me, wanted, None)?;
    let upgrade = upgrade.map_err(|_| {
        Problem::new(
            StatusCode::UPGRADE_REQUIRED,
            "upgrade_required",
            "this is a WebSocket",
        )
        .with_help("/api/v1/events tells the same as server-sent events")
    })?;
    let again = headers.clone();
    Ok(upgrade
        .max_message_size(4_096)
        .on_upgrade(move |socket| pass_on(socket, listener, again)))
}

/// A page of another site must not listen with the cookie of whoever looks at it.
fn same_site(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(origin) = headers
        .get(header::ORIGIN)
        .and_then(|one| one.to_str().ok())
    else {
        return Ok(());
    };
    let host = headers.get(header::HOST).and_then(|one| one.to_str().ok());
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    if authority.is_some() && authority == host {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "other_site",
        "the request comes from a page of another site",
    ))
}

async fn pass_on(socket: WebSocket, mut listener: Listener, headers: HeaderMap) {
    let _counted = listener.server.events.count_listener();
    let (mut sender, mut receiver) = socket.split();
    let mut pulse = tokio::time::interval(PULSE);
    let mut recheck = tokio::time::interval(RECHECK);
    recheck.reset();
    loop {
        let messages = tokio::select! {
            heard = listener.next() => match heard {
                None => break,
                Some(heard) => lines(&heard),
            },
            got = receiver.next() => match got {
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => continue,
            },
            _ = pulse.tick() => vec![Message::Ping(Bytes::new())],
            _ = recheck.tick() => {
                if crate::guard::still(&listener.server, &headers, Permission::JobRead).await {
                    continue;
                }
                break;
            }
        };
        for message in messages {
            let sent = tokio::time::timeout(PATIENCE, sender.send(message)).await;
            if !matches!(sent, Ok(Ok(()))) {
                return;
            }
        }
    }
    let _ = sender.send(Message::Close(None)).await;
}

fn lines(heard: &Heard) -> Vec<Message> {
    let text = |value: String| Message::Text(value.into());
    match heard {
        Heard::Missed(seq) => vec![text(json!({ "missed": true, "seq": seq }).to_string())],
        Heard::Events(events) => events
            .iter()
            .filter_map(|event| serde_json::to_string(&**event).ok().map(text))
            .collect(),
    }
}

/// What happens, as server-sent events. `Last-Event-ID` goes on where it was.
#[utoipa::path(get, path = "/events", tag = "live", params(Wanted),
    responses((status = 200, body = String, content_type = "text/event-stream")))]
async fn live_events(
    State(server): State<Orchestrator>,
    Me(me): Me,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let resumed = headers.get("last-event-id");
    let resumed = resumed.and_then(|id| id.to_str().ok()?.parse().ok());
    let listener = Listener::new(server, me, wanted, resumed)?;
    let stream = sse(listener, headers);
    Ok(Sse::new(stream)
        .keep_alive(KeepAlive::new().interval(PULSE))
        .into_response())
}

fn sse(listener: Listener, headers: HeaderMap) -> impl Stream<Item = Result<Event, Infallible>> {
    let counted = listener.server.events.count_listener();
    let looked = tokio::time::Instant::now();
    let state = (listener, headers, counted, looked);
    futures::stream::unfold(
        state,
        async |(mut listener, headers, counted, mut looked)| {
            let heard = listener.next().await?;
            if looked.elapsed() > RECHECK {
                looked = tokio::time::Instant::now();
                if !crate::guard::still(&listener.server, &headers, Permission::JobRead).await {
                    return None;
                }
            }
            let events: Vec<Result<Event, Infallible>> = match heard {
                Heard::Missed(seq) => vec![Ok(Event::default()
                    .event("missed")
                    .id(seq.to_string())
                    .data("{}"))],
                Heard::Events(events) => events
                    .iter()
                    .filter_map(|event| {
                        let data = serde_json::to_string(&**event).ok()?;
                        Some(Ok(Event::default().id(event.seq.to_string()).data(data)))
                    })
                    .collect(),
            };
            Some((
                futures::stream::iter(events),
                (listener, headers, counted, looked),
            ))
        },
    )
    .flatten()
}

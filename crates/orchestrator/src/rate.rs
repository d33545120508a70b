//! How often somebody may ask: counted by who they are, and by address where that is not known.

use std::{net::SocketAddr, num::NonZeroU32, sync::Arc, time::Duration};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderValue, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use governor::{
    Quota, RateLimiter, clock::Clock, middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};

use crate::{Orchestrator, Problem, guard::Caller};

type Limiter = RateLimiter<
    String,
    DashMapStateStore<String>,
    governor::clock::QuantaClock,
    StateInformationMiddleware,
>;

/// Counts requests. Clones share the counts.
#[derive(Debug, Clone)]
pub(crate) struct Rates {
    limiter: Arc<Limiter>,
    quota: u32,
}

impl Rates {
    /// So many within a minute, a third of them at once.
    pub(crate) fn new(within_a_minute: u32) -> Self {
        let rate = NonZeroU32::new(within_a_minute.max(3)).unwrap_or(NonZeroU32::MIN);
        let burst = NonZeroU32::new(rate.get() / 3).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_minute(rate).allow_burst(burst);
        Self {
            limiter: Arc::new(
                RateLimiter::keyed(quota).with_middleware::<StateInformationMiddleware>(),
            ),
            quota: burst.get(),
        }
    }

    /// Forgets callers who were not here lately.
    pub(crate) fn forget(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

/// Lets a request pass, or says when to come again.
pub(crate) async fn limit(
    State(server): State<Orchestrator>,
    request: Request,
    next: Next,
) -> Response {
    let caller = request.extensions().get::<Caller>();
    let key = match caller.map(|caller| &caller.0) {
        Some(Ok(principal)) => principal.identity(),
        _ => request
            .extensions()
            .get::<ConnectInfo<SocketAddr>>()
            .map_or_else(String::new, |from| format!("address:{}", from.0.ip())),
    };
    match server.rates.limiter.check_key(&key) {
        Ok(state) => {
            let mut response = next.run(request).await;
            tell(
                &mut response,
                server.rates.quota,
                state.remaining_burst_capacity(),
            );
            response
        }
        Err(wait) => {
            let wait = wait.wait_time_from(governor::clock::QuantaClock::default().now());
            let seconds = wait.max(Duration::from_millis(1)).as_secs() + 1;
            let problem = Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_requests",
                format!("too many requests; the next one is possible in {seconds} s"),
            )
            .with_help("ask less often, or listen to /api/v1/live instead")
            .retry_after(seconds);
            let mut response = problem.into_response();
            tell(&mut response, server.rates.quota, 0);
            response
        }
    }
}

fn tell(response: &mut Response, limit: u32, remaining: u32) {
    let text = format!("\"default\";r={remaining}");
    let policy = format!("\"default\";q={limit}");
    for (name, text) in [("ratelimit", text), ("ratelimit-policy", policy)] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().insert(name, value);
        }
    }
}

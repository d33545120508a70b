//! Requests that are sent again, because their answer was lost, do nothing a second time.

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use casare_access::Principal;
use casare_store::{Moment, Store, execute, fetch_optional, row, statements};
use sha2::{Digest, Sha256};
use std::time::Duration;

use crate::{Orchestrator, Problem, guard::Caller};

/// Larger answers are not kept: the request is done again then.
const LARGEST: usize = 1 << 20;
const LARGEST_REQUEST: usize = 8 << 20;
/// A first request that did not end within that is taken for lost.
const LOST: Duration = Duration::from_mins(5);

row! {
    struct Answer {
        digest: Vec<u8>,
        status: Option<i64>,
        body: Option<Vec<u8>>,
        created_at: Moment,
    }
}

statements! {
    BEGIN_ANSWER: "INSERT INTO answers (tenant_id, caller, key, digest, created_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant_id, caller, key) DO UPDATE SET digest = excluded.digest,
            created_at = excluded.created_at
        WHERE answers.status IS NULL AND answers.created_at < $6";
    FIND_ANSWER: "SELECT digest, status, body, created_at FROM answers
        WHERE tenant_id = $1 AND caller = $2 AND key = $3";
    KEEP_ANSWER: "UPDATE answers SET status = $4, body = $5
        WHERE tenant_id = $1 AND caller = $2 AND key = $3";
    DROP_ANSWER: "DELETE FROM answers WHERE tenant_id = $1 AND caller = $2 AND key = $3";
    FORGET_ANSWERS: "DELETE FROM answers WHERE created_at < $1";
}

/// Forgets answers of before `limit`.
pub(crate) async fn forget(
    store: &Store,
    limit: Moment,
) -> Result<u64, casare_store::DatabaseError> {
    let mut work = store.begin().await?;
    let gone = execute!(work.link(), FORGET_ANSWERS, limit)?;
    work.commit().await?;
    Ok(gone)
}

/// Answers a POST with an idempotency key from what it was answered before.
pub(crate) async fn once(
    State(server): State<Orchestrator>,
    request: Request,
    next: Next,
) -> Response {
    let key = request.headers().get("idempotency-key");
    let (true, Some(key)) = (request.method() == Method::POST, key) else {
        return next.run(request).await;
    };
    let caller = request.extensions().get::<Caller>();
    let Some(Ok(principal)) = caller.map(|caller| caller.0.clone()) else {
        return next.run(request).await;
    };
    let key = match key.to_str() {
        Ok(key) if !key.is_empty() && key.len() <= 200 => key.to_owned(),
        _ => {
            return Problem::new(
                StatusCode::BAD_REQUEST,
                "malformed",
                "`Idempotency-Key` must have 1 to 200 printable characters",
            )
            .into_response();
        }
    };
    let answered = repeated(&server, &principal, key, request, next).await;
    answered.unwrap_or_else(IntoResponse::into_response)
}

async fn repeated(
    server: &Orchestrator,
    principal: &Principal,
    key: String,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LARGEST_REQUEST).await.map_err(|_| {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "the body is too large",
        )
    })?;
    let mut digest = Sha256::new();
    digest.update(parts.uri.to_string());
    digest.update([0]);
    digest.update(&body);
    let digest = digest.finalize().to_vec();
    let (tenant, caller) = (principal.tenant, principal.identity());
    let now = server.queue.now();
    let mut work = server.store.begin().await?;
    let begun = execute!(
        work.link(),
        BEGIN_ANSWER,
        tenant,
        caller.as_str(),
        key.as_str(),
        digest.as_slice(),
        now,
        now - LOST
    )?;
    let found = fetch_optional!(
        work.link(),
        Answer,
        FIND_ANSWER,
        tenant,
        caller.as_str(),
        key.as_str()
    )?;
    work.commit().await?;
    if begun == 0 {
        return earlier(found, &digest);
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let status = response.status();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    // What failed here may succeed when it is sent again.
    let keep = !status.is_server_error()
        && status != StatusCode::TOO_MANY_REQUESTS
        && status != StatusCode::FORBIDDEN
        && body.len() <= LARGEST
        // Secrets are shown once and kept nowhere.
        && !holds_secret(&body);
    let mut work = server.store.begin().await?;
    if keep {
        execute!(
            work.link(),
            KEEP_ANSWER,
            tenant,
            caller.as_str(),
            key.as_str(),
            i64::from(status.as_u16()),
            body.to_vec()
        )?;
    } else {
        execute!(
            work.link(),
            DROP_ANSWER,
            tenant,
            caller.as_str(),
            key.as_str()
        )?;
    }
    work.commit().await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn holds_secret(body: &Bytes) -> bool {
    [b"\"csr_", b"\"cse_", b"\"csl_", b"\"css_", b"\"csb_"]
        .iter()
        .any(|prefix| body.windows(prefix.len()).any(|part| part == **prefix))
}

fn earlier(found: Option<Answer>, digest: &[u8]) -> Result<Response, Problem> {
    let found = found
        .filter(|found| found.digest == digest)
        .ok_or_else(|| {
            Problem::new(
                StatusCode::CONFLICT,
                "key_reused",
                "this idempotency key was used for another request",
            )
            .with_help("use a new key for each request, and the same only to repeat it")
        })?;
    let Some(status) = found.status else {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "under_way",
            format!("the same request is under way since {}", found.created_at),
        )
        .retry_after(1));
    };
    let status = u16::try_from(status)
        .ok()
        .and_then(|status| StatusCode::from_u16(status).ok())
        .unwrap_or(StatusCode::OK);
    let kind = if status.is_client_error() {
        "application/problem+json"
    } else {
        "application/json"
    };
    let mut response = (status, found.body.unwrap_or_default()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    Ok(response)
}

//! What callers are told when something cannot be done: problem documents as RFC 9457 has them,
//! with a code that stays the same.

use std::ops::Deref;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use casare_access::AccessError;
use casare_queue::QueueError;
use casare_store::DatabaseError;
use serde::Serialize;
use utoipa::ToSchema;

/// What went wrong, why, and what to do about it.
#[derive(Debug, Clone)]
pub struct Problem(Box<Document>);

/// A problem as it is answered.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Document {
    /// `https://casare.dev/problems/` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    /// Stays the same for the same reason: for programs to go by.
    pub code: String,
    /// What happened this time.
    pub detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Where exactly, such as the places in a workflow.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub problems: Vec<serde_json::Value>,
    /// Seconds to wait.
    #[serde(skip)]
    retry_after: Option<u64>,
}

impl Problem {
    /// A problem with this code.
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self(Box::new(Document {
            kind: format!("https://casare.dev/problems/{code}"),
            title: status.canonical_reason().unwrap_or("Problem").to_owned(),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: detail.into(),
            help: None,
            problems: Vec::new(),
            retry_after: None,
        }))
    }

    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    #[must_use]
    pub fn with_problems(mut self, problems: Vec<serde_json::Value>) -> Self {
        self.0.problems = problems;
        self
    }

    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    pub fn missing(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("there is no such {what}"),
        )
        .with_help("check the name or id; it may have been deleted")
    }

    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
    }

    pub fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "this needs somebody who is signed in, or an API key",
        )
        .with_help("send `Authorization: Bearer csr_…`, or sign in at /api/v1/sign-in")
    }

    /// What is wrong here and not with the request: its causes go to the log, not to the caller.
    pub(crate) fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(error = %chain(error), "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "something is wrong with this server",
        )
        .with_help("its log says more")
    }

    fn unavailable(error: &dyn std::error::Error) -> Self {
        tracing::warn!(error = %chain(error), "a request could not be served");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "the database cannot be used at the moment",
        )
        .with_help("try again in a moment; nothing of this request was done")
        .retry_after(2)
    }
}

/// An error with what was below it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

impl Deref for Problem {
    type Target = Document;

    fn deref(&self) -> &Document {
        &self.0
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after;
        let mut response = (status, Json(&*self.0)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<DatabaseError> for Problem {
    fn from(error: DatabaseError) -> Self {
        use DatabaseError as E;
        let (status, code) = match &error {
            E::Missing { .. } => (StatusCode::NOT_FOUND, "not_found"),
            E::Exists { .. } => (StatusCode::CONFLICT, "exists"),
            E::Changed { .. } => (StatusCode::PRECONDITION_FAILED, "changed"),
            E::Dangling { .. } => (StatusCode::CONFLICT, "in_use"),
            E::Invalid { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            E::DiskFull { .. } => (StatusCode::INSUFFICIENT_STORAGE, "disk_full"),
            E::Busy { .. } | E::Gone { .. } | E::Unreachable { .. } => {
                return Self::unavailable(&error);
            }
            _ => return Self::internal(&error),
        };
        Self::new(status, code, error.to_string()).with_help(error.help())
    }
}

impl From<QueueError> for Problem {
    fn from(error: QueueError) -> Self {
        use QueueError as E;
        let (status, code) = match &error {
            E::Database(error) => return error.clone().into(),
            E::NoSuchJob { .. } | E::NoSuchLetter { .. } | E::NoSuchQueue { .. } => {
                (StatusCode::NOT_FOUND, "not_found")
            }
            E::WrongState { .. } => (StatusCode::CONFLICT, "wrong_state"),
            E::LeaseLost { .. } | E::ItemLost { .. } => (StatusCode::CONFLICT, "lease_lost"),
            E::KeyReused { .. } => (StatusCode::CONFLICT, "key_reused"),
            E::ReferenceTaken { .. } => (StatusCode::CONFLICT, "exists"),
            E::Invalid { .. } | E::Unfit { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            E::Closed => return Self::unavailable(&error),
            _ => return Self::internal(&error),
        };
        Self::new(status, code, error.to_string()).with_help(error.help())
    }
}

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        use AccessError as E;
        let (status, code) = match &error {
            E::Database(error) => return error.clone().into(),
            E::WrongPassword => (StatusCode::UNAUTHORIZED, "wrong_password"),
            E::Unknown => (StatusCode::UNAUTHORIZED, "unknown_credentials"),
            E::TooMany { after } => {
                let seconds = after.as_secs().max(1);
                return Self::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "too_many_attempts",
                    error.to_string(),
                )
                .with_help(error.help())
                .retry_after(seconds);
            }
            E::Forbidden { .. } => (StatusCode::FORBIDDEN, "forbidden"),
            E::AboveOwnRole { .. } => (StatusCode::FORBIDDEN, "above_own_role"),
            E::LastOwner => (StatusCode::CONFLICT, "last_owner"),
            E::Invalid { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            E::Closed => return Self::unavailable(&error),
            _ => return Self::internal(&error),
        };
        Self::new(status, code, error.to_string()).with_help(error.help())
    }
}

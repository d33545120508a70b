//! What went wrong, in the words of workflows.

use casare_engine::{ErrorKind, NodeError, chain};
use object_store::Error;

use crate::http::guard::Refused;

/// Why `doing` failed.
pub(super) fn fault(doing: &str, error: &Error) -> NodeError {
    if let Some(refused) = Refused::behind(error) {
        return refused.into();
    }
    let text = chain(error);
    let (kind, help) = match error {
        Error::NotFound { .. } => (ErrorKind::NotFound, "check the path and the bucket"),
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            (ErrorKind::Denied, "check the credential and its rights")
        }
        Error::AlreadyExists { .. } | Error::Precondition { .. } => (
            ErrorKind::Conflict,
            "it is there already, or was changed meanwhile",
        ),
        Error::InvalidPath { .. } | Error::NotSupported { .. } => {
            (ErrorKind::Invalid, "check the path")
        }
        _ if text.contains("NoSuchBucket") => (ErrorKind::NotFound, "check `bucket`"),
        _ if text.contains("timed out") => (ErrorKind::Timeout, "try again"),
        _ => (
            ErrorKind::Unavailable,
            "check `endpoint`, and that the service can be reached",
        ),
    };
    NodeError::new(kind, format!("{doing}: {}", first_lines(&text))).with_help(help)
}

/// Answers of services are XML that goes on and on.
fn first_lines(text: &str) -> String {
    let flat: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match flat.char_indices().nth(400) {
        Some((end, _)) => format!("{}…", &flat[..end]),
        None => flat,
    }
}

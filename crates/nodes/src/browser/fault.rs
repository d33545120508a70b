//! What a browser's failure means to a workflow, with a picture of the page it happened on.

use std::time::Duration;

use casare_browser::{BrowserError, Check, Page, Shot};
use casare_engine::{ErrorKind, Node, NodeError, StepContext, chain};
use serde_json::json;
use tokio::time::Instant;

use super::live;

/// How long the picture of a failure may take; a page that hangs gives none.
const PICTURE_TIME: Duration = Duration::from_secs(3);

/// The node's error for a failure on `page`, with a screenshot among the run's files.
pub(super) async fn on_page(cx: &StepContext, page: &Page, error: BrowserError) -> NodeError {
    let failure = explain(&error);
    if let BrowserError::PageCrashed { .. } = error
        && let Ok(session) = live::session(cx)
    {
        session.reopen(page).await;
    }
    let told = matches!(
        error,
        BrowserError::NotActionable { .. }
            | BrowserError::Ambiguous { .. }
            | BrowserError::WaitTimeout { .. }
            | BrowserError::InvalidValue { .. }
            | BrowserError::NavigationTimeout { .. }
    );
    if !told {
        return failure;
    }
    let until = Instant::now() + PICTURE_TIME;
    let Ok(picture) = page.screenshot(&Shot::default(), until).await else {
        return failure;
    };
    match cx.artifact("failure.png", "image/png", &picture) {
        Ok(artifact) => failure.with_artifact(artifact.name),
        Err(_) => failure,
    }
}

/// What a node that works on an element may fail with.
pub(super) fn of_elements(node: Node) -> Node {
    of_pages(node)
        .fails(
            ErrorKind::NotFound,
            "No element matches until the step's time is over; `nearest` in the details has those that \
             come close.",
        )
        .fails(
            ErrorKind::Timeout,
            "The element is there, but not visible, at rest, enabled or free of others; `check` in the \
             details says which.",
        )
}

/// What a node that works on a page may fail with.
pub(super) fn of_pages(node: Node) -> Node {
    node.fails(
        ErrorKind::Unavailable,
        "The page or the browser has crashed or was closed, or an address cannot be reached. A page that \
         crashed is opened again for the next step.",
    )
}

/// The node's error for a failure without a page to show.
pub(super) fn explain(error: &BrowserError) -> NodeError {
    let mut failure = NodeError::new(kind(error), chain(error));
    if let Some(help) = error.help() {
        failure = failure.with_help(help);
    }
    failure = if error.is_transient() {
        failure.transient()
    } else {
        failure.permanent()
    };
    match error {
        BrowserError::NotActionable {
            locator,
            check,
            url,
            nearest,
            ..
        } => failure.with_details(json!({
            "target": locator.to_string(),
            "check": check.to_string(),
            "url": url,
            "nearest": nearest,
        })),
        BrowserError::Ambiguous {
            locator,
            url,
            matches,
            total,
        } => failure.with_details(json!({
            "target": locator.to_string(),
            "url": url,
            "matches": matches,
            "total": total,
        })),
        _ => failure,
    }
}

fn kind(error: &BrowserError) -> ErrorKind {
    match error {
        BrowserError::NotActionable {
            check: Check::NotAttached,
            ..
        }
        | BrowserError::NoPattern { .. } => ErrorKind::NotFound,
        BrowserError::NotActionable { .. }
        | BrowserError::NavigationTimeout { .. }
        | BrowserError::Unresponsive { .. }
        | BrowserError::WaitTimeout { .. } => ErrorKind::Timeout,
        BrowserError::Ambiguous { .. }
        | BrowserError::Unusable { .. }
        | BrowserError::InvalidValue { .. }
        | BrowserError::Script { .. }
        | BrowserError::Refused { .. }
        | BrowserError::Locator(_)
        | BrowserError::UnknownKey { .. } => ErrorKind::Invalid,
        BrowserError::Navigation { reason, .. } if reason.contains("AUTH_CREDENTIALS") => {
            ErrorKind::Denied
        }
        BrowserError::Navigation { reason, .. } if reason.contains("INVALID_URL") => {
            ErrorKind::Invalid
        }
        BrowserError::ProfileInUse { .. } => ErrorKind::Conflict,
        BrowserError::File { source, .. } => NodeError::io("", source).kind(),
        BrowserError::Protocol { .. } | BrowserError::Answer { .. } => ErrorKind::Bug,
        _ => ErrorKind::Unavailable,
    }
}

//! The robots that are connected.

use axum::Router;

use crate::Orchestrator;

/// The routes of robots, below `/api/v1/`.
pub(crate) fn routes() -> Router<Orchestrator> {
    Router::new()
}

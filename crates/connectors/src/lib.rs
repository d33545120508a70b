//! What nodes reach over a network: HTTP, databases, mail, file transfer, queues.
//!
//! One folder a category, as in `casare-nodes`; these are the categories whose libraries are heavy.

use casare_engine::Node;

mod http;
mod sql;

/// Every node of these categories.
pub fn standard() -> Vec<Node> {
    [http::nodes(), sql::nodes()]
        .into_iter()
        .flatten()
        .collect()
}

//! Databases: SQLite and PostgreSQL.
//!
//! A step names its database by a URL, or by a credential that holds one; connections are kept
//! open between the steps of a run and shared by them.

use casare_engine::Node;

mod connection;
mod execute;
mod query;
mod value;

pub(crate) fn nodes() -> Vec<Node> {
    vec![query::node(), execute::node()]
}

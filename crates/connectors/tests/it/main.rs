//! Connections as workflows use them, against real servers, a module a category.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs is there or the test fails"
)]

use casare_engine::Node;
use casare_node_testing::Office;

mod catalogue;
mod ftp;
mod http;
mod http_files;
mod http_lists;
mod http_logins;
mod http_more;
mod mail;
mod message;
mod redis;
mod remote;
mod s3;
mod sftp;
mod sql;
mod sql_more;
mod webdav;

/// Every node that a workflow of these tests may use.
fn all() -> Vec<Node> {
    [casare_connectors::standard(), casare_nodes::standard()].concat()
}

fn office() -> Office {
    Office::with(all())
}

/// An office that holds the files which examples read.
fn furnished() -> Office {
    Office::with_fixtures(all())
}

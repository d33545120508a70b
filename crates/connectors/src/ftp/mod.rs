//! Files on FTP servers, plain or encrypted.

use std::sync::LazyLock;

use casare_engine::Node;

use crate::remote::{self, Protocol};

mod connection;
mod fault;
mod listing;
mod remote_files;
mod session;

/// FTP and FTPS.
pub(crate) struct Ftp;

impl Protocol for Ftp {
    const CATEGORY: &'static str = "ftp";
    const SESSION: &'static str = "FTP session";
    const EXAMPLE: &'static str = "{ host: ftp.example.com, credential: partner }";
}

static NODES: LazyLock<Vec<Node>> = LazyLock::new(|| {
    let mut nodes = remote::nodes::<Ftp>();
    nodes.push(session::node());
    nodes
});

pub(crate) fn nodes() -> Vec<Node> {
    NODES.clone()
}

//! Files and commands on servers that speak SSH.

use std::sync::LazyLock;

use casare_engine::Node;

use crate::remote::{self, Protocol};

mod connection;
mod fault;
mod host_key;
mod login;
mod remote_files;
mod run;
mod session;

/// SFTP.
pub(crate) struct Sftp;

impl Protocol for Sftp {
    const CATEGORY: &'static str = "sftp";
    const SESSION: &'static str = "SFTP session";
    const EXAMPLE: &'static str = "{ host: sftp.example.com, credential: partner }";
}

static NODES: LazyLock<Vec<Node>> = LazyLock::new(|| {
    let mut nodes = remote::nodes::<Sftp>();
    nodes.push(session::node());
    nodes.push(run::node());
    nodes
});

pub(crate) fn nodes() -> Vec<Node> {
    NODES.clone()
}

//! Files on WebDAV servers: Nextcloud, SharePoint, Apache and others.

use std::sync::LazyLock;

use casare_engine::Node;

use crate::remote::{self, Protocol};

mod listing;
mod remote_files;
mod session;

/// WebDAV.
pub(crate) struct Webdav;

impl Protocol for Webdav {
    const CATEGORY: &'static str = "webdav";
    const SESSION: &'static str = "WebDAV session";
    const EXAMPLE: &'static str = "{ url: https://dav.example.com/files/, credential: cloud }";
}

static NODES: LazyLock<Vec<Node>> = LazyLock::new(|| {
    let mut nodes = remote::nodes::<Webdav>();
    nodes.push(session::node());
    nodes
});

pub(crate) fn nodes() -> Vec<Node> {
    NODES.clone()
}

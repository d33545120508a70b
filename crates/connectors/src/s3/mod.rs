//! Files in S3 buckets, of Amazon's and of all that speak like it.

use std::sync::LazyLock;

use casare_engine::Node;

use crate::remote::{self, Protocol};

mod fault;
mod presign;
mod remote_files;
mod session;

/// S3.
pub(crate) struct S3;

impl Protocol for S3 {
    const CATEGORY: &'static str = "s3";
    const SESSION: &'static str = "S3 session";
    const EXAMPLE: &'static str =
        "{ bucket: orders, endpoint: https://s3.example.com, credential: storage }";
}

static NODES: LazyLock<Vec<Node>> = LazyLock::new(|| {
    let mut nodes = remote::nodes::<S3>();
    nodes.push(session::node());
    nodes.push(presign::node());
    nodes
});

pub(crate) fn nodes() -> Vec<Node> {
    NODES.clone()
}

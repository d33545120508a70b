//! Requests over HTTP.

use casare_engine::Node;

mod guard;
mod request;
mod response;

pub(crate) fn nodes() -> Vec<Node> {
    vec![request::node()]
}

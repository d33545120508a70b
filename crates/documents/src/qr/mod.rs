//! QR codes.

use casare_engine::Node;

mod create;
mod read;

pub(crate) fn nodes() -> Vec<Node> {
    vec![create::node(), read::node()]
}

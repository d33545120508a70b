//! Text in pictures, by the program `tesseract`.

use casare_engine::Node;

mod read;
mod tesseract;

pub(crate) fn nodes() -> Vec<Node> {
    vec![read::node()]
}

//! Chance. It follows from the run's seed, so that a recorded run can be replayed.

use casare_engine::Node;

mod choice;
mod number;
mod shuffle;
mod text;
mod uuid;

pub(crate) fn nodes() -> Vec<Node> {
    vec![
        choice::node(),
        number::node(),
        shuffle::node(),
        text::node(),
        uuid::node(),
    ]
}

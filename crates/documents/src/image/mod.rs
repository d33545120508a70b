//! Pictures.
//!
//! | module | what it holds |
//! |---|---|
//! | [`picture`] | reading pictures within bounds, and writing them |
//! | [`marks`] | boxes, lines and text on pictures |

use casare_engine::Node;

mod annotate;
mod compare;
mod convert;
mod crop;
mod find;
mod info;
mod marks;
pub(crate) mod picture;
mod resize;
mod rotate;

pub(crate) fn nodes() -> Vec<Node> {
    vec![
        annotate::node(),
        compare::node(),
        convert::node(),
        crop::node(),
        find::node(),
        info::node(),
        resize::node(),
        rotate::node(),
    ]
}

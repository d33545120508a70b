//! Code of the author's own: JavaScript in a sandbox, Python and shell as programs.

use casare_engine::Node;

mod javascript;
mod program;
mod python;
mod shell;

pub(crate) use javascript::{Limits, evaluate};
pub(crate) use program::Program;
pub(crate) use python::with_packages;

pub(crate) fn nodes() -> Vec<Node> {
    vec![javascript::node(), python::node(), shell::node()]
}

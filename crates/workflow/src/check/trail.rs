//! Where a walk through a document stands, without building a path at every step.

use std::fmt::Write as _;

use crate::DocPath;

/// The way from a part of the document to what is looked at; costs nothing until it is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Trail<'a> {
    /// The document itself.
    Document,
    /// A part whose path is known, such as a step.
    Part(&'a DocPath),
    /// Under a key.
    Key(&'a Trail<'a>, &'a str),
    /// An item.
    Index(&'a Trail<'a>, usize),
}

impl Trail<'_> {
    /// The path in the document.
    pub(super) fn path(&self) -> DocPath {
        match self {
            Trail::Document => DocPath::default(),
            Trail::Part(path) => (*path).clone(),
            Trail::Key(up, key) => up.path().key(key),
            Trail::Index(up, index) => up.path().index(*index),
        }
    }

    /// What people call it: `headers.Accept`, `fields[2]`; from below `with` or `variables` on.
    pub(super) fn name(&self) -> String {
        match self {
            Trail::Document | Trail::Part(_) | Trail::Key(Trail::Document | Trail::Part(_), _) => {
                String::new()
            }
            Trail::Key(up, key) => {
                let mut name = up.name();
                if !name.is_empty() {
                    name.push('.');
                }
                name.push_str(key);
                name
            }
            Trail::Index(up, index) => {
                let mut name = up.name();
                // Writing to a String can't fail.
                let _ = write!(name, "[{index}]");
                name
            }
        }
    }
}

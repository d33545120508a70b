//! What is open while a text is read.

use super::{Comment, List, Map, SourceRange};

#[derive(Debug)]
pub(super) struct Pending {
    pub(super) comment: Comment,
    pub(super) column: usize,
}

/// A list or map that is not complete.
pub(super) struct Frame {
    pub(super) start: usize,
    pub(super) line: usize,
    /// Of a block: comments left of it do not belong to it.
    pub(super) column: usize,
    /// The comments before it and the empty line, where it is an item; a key has its own.
    pub(super) lead: Vec<Comment>,
    pub(super) blank: bool,
    pub(super) header: Option<String>,
    pub(super) open: Open,
    /// Where its last child stands.
    pub(super) last: Option<LastChild>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct LastChild {
    pub(super) start: usize,
    pub(super) end_line: usize,
}

pub(super) enum Open {
    List(List),
    Map(Map, Key),
}

/// What a map waits for.
pub(super) enum Key {
    /// A key.
    Wanted,
    /// The value of this one.
    Got {
        text: Box<str>,
        range: SourceRange,
        line: usize,
        lead: Vec<Comment>,
        blank: bool,
        header: Option<String>,
    },
    /// The value of a key that was refused.
    Refused,
}

impl Frame {
    pub(super) fn is_flow(&self) -> bool {
        match &self.open {
            Open::List(list) => list.flow,
            Open::Map(map, _) => map.flow,
        }
    }
}

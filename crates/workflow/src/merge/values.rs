//! Settings, comments and everything else that is no step.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::{Conflict, Side, Three, order::merge_order, same::same_child};
use crate::{
    DocPath, SourceRange,
    diff::outline::hash,
    document::{Child, Comment, Content, Entry, List, Map, Node},
};

/// Merges values, and collects the conflicts of one step.
pub(super) struct Values<'c> {
    pub(super) prefer: Side,
    /// The step they belong to, as people call it.
    pub(super) step: Option<&'c str>,
    pub(super) conflicts: &'c mut Vec<Conflict>,
}

impl Values<'_> {
    /// What stands at `at` in the merged document; `None` if nothing does.
    pub(super) fn child(&mut self, three: Three<Option<&Child>>, at: &DocPath) -> Option<Child> {
        if let Some(decided) = undisputed(three, same_child) {
            return decided.cloned();
        }
        let (Some(ours), Some(theirs)) = (three.ours, three.theirs) else {
            return self.removed(three, at);
        };
        let mut merged = ours.clone();
        merged.lead = comments(three.map(|child| child.map(|child| &child.lead)));
        merged.blank = pick(three.map(|child| child.is_some_and(|child| child.blank)));
        let nodes = three.map(|child| child.map(|child| &child.node));
        merged.node.header = pick(nodes.map(|node| node.and_then(|node| node.header.clone())));
        merged.node.trailing = pick(nodes.map(|node| node.and_then(|node| node.trailing.clone())));
        merged.node.content = self.content(nodes, (&ours.node, &theirs.node), at);
        Some(merged)
    }

    /// One side removed what the other changed; or only its comments.
    fn removed(&mut self, three: Three<Option<&Child>>, at: &DocPath) -> Option<Child> {
        let (side, left) = match (three.ours, three.theirs) {
            (Some(ours), None) => (Side::Ours, ours),
            (None, Some(theirs)) => (Side::Theirs, theirs),
            _ => return None,
        };
        if three
            .base
            .is_some_and(|base| hash(&base.node) == hash(&left.node))
        {
            return None;
        }
        let reason = format!("was changed by {side} and removed by {}", side.other());
        self.conflict(
            at,
            reason,
            three.map(|child| child.map(|child| &child.node)),
        );
        (side == self.prefer).then(|| left.clone())
    }

    fn content(
        &mut self,
        three: Three<Option<&Node>>,
        (ours, theirs): (&Node, &Node),
        at: &DocPath,
    ) -> Content {
        match (&ours.content, &theirs.content) {
            (Content::Map(our_map), Content::Map(their_map)) => {
                let base = three.base.and_then(Node::as_map);
                let maps = Three {
                    base,
                    ours: Some(our_map),
                    theirs: Some(their_map),
                };
                return Content::Map(self.map(maps, at));
            }
            (Content::List(our_list), Content::List(their_list)) => {
                let base = three.base.and_then(Node::as_list);
                if let Some(list) = self.list(base, our_list, their_list, at) {
                    return Content::List(list);
                }
            }
            _ => {}
        }
        let same = |one: &Node, other: &Node| hash(one) == hash(other);
        if let Some(Some(decided)) = undisputed(three, same) {
            return decided.content.clone();
        }
        let reason = if three.base.is_some() {
            "was changed by both"
        } else {
            "was added by both"
        };
        self.conflict(at, reason.to_owned(), three);
        match self.prefer {
            Side::Ours => ours.content.clone(),
            Side::Theirs => theirs.content.clone(),
        }
    }

    fn map(&mut self, three: Three<Option<&Map>>, at: &DocPath) -> Map {
        let mut merged = Map {
            flow: pick(three.map(|map| map.is_some_and(|map| map.flow))),
            tail: comments(three.map(|map| map.map(|map| &map.tail))),
            ..Map::default()
        };
        for key in keys(three) {
            let entries = three.map(|map| map.and_then(|map| map.entries.get(key)));
            let children = entries.map(|entry| entry.map(|entry| &entry.child));
            if let Some(child) = self.child(children, &at.key(key)) {
                merged.entries.insert(key.into(), entry(child));
            }
        }
        merged
    }

    /// `None` if the two changed the same items.
    fn list(
        &mut self,
        base: Option<&List>,
        ours: &List,
        theirs: &List,
        at: &DocPath,
    ) -> Option<List> {
        let base = base?;
        let three = Three { base, ours, theirs };
        let mut merged = List {
            flow: pick(three.map(|list| list.flow)),
            tail: comments(three.map(|list| Some(&list.tail))),
            ..List::default()
        };
        let length = base.items.len();
        if ours.items.len() == length && theirs.items.len() == length {
            for index in 0..length {
                let children = three.map(|list| list.items.get(index));
                merged.items.extend(self.child(children, &at.index(index)));
            }
            return Some(merged);
        }
        merged.items = spliced(three)?;
        Some(merged)
    }

    pub(super) fn conflict(&mut self, at: &DocPath, reason: String, three: Three<Option<&Node>>) {
        let data = |node: Option<&Node>| node.map(Node::to_json);
        self.conflicts.push(Conflict {
            step: self.step.map(str::to_owned),
            setting: at.to_string(),
            reason,
            values: [data(three.base), data(three.ours), data(three.theirs)],
        });
    }
}

/// What both agree on, or what the only side that changed it made of it.
#[expect(
    clippy::option_option,
    reason = "undecided, and decided that nothing stands there"
)]
fn undisputed<T>(three: Three<Option<&T>>, same: impl Fn(&T, &T) -> bool) -> Option<Option<&T>> {
    let equal = |one: Option<&T>, other: Option<&T>| match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => same(one, other),
        _ => false,
    };
    if equal(three.ours, three.theirs) || equal(three.base, three.theirs) {
        Some(three.ours)
    } else if equal(three.base, three.ours) {
        Some(three.theirs)
    } else {
        None
    }
}

/// What the side made of it that changed it; ours if both did.
pub(super) fn pick<T: PartialEq>(three: Three<T>) -> T {
    if three.base == three.ours {
        three.theirs
    } else {
        three.ours
    }
}

/// Comments of both sides; those of ours first where both changed them.
pub(super) fn comments(three: Three<Option<&Vec<Comment>>>) -> Vec<Comment> {
    static NONE: Vec<Comment> = Vec::new();
    let three = three.map(|comments| comments.unwrap_or(&NONE));
    if three.ours == three.theirs || three.theirs == three.base {
        return three.ours.clone();
    }
    if three.ours == three.base {
        return three.theirs.clone();
    }
    let mut merged = three.ours.clone();
    let is_new =
        |comment: &&Comment| !three.ours.contains(comment) && !three.base.contains(comment);
    merged.extend(three.theirs.iter().filter(is_new).cloned());
    merged
}

/// The keys of both sides in one order.
pub(super) fn keys<'d>(three: Three<Option<&'d Map>>) -> Vec<&'d str> {
    let lists = three.map(|map| -> Vec<&'d str> {
        let entries = map.iter().flat_map(|map| &map.entries);
        entries.map(|(key, _)| &**key).collect()
    });
    merge_order(&lists.base, &lists.ours, &lists.theirs, Side::Ours).order
}

pub(super) fn entry(child: Child) -> Entry {
    Entry {
        key_range: SourceRange::default(),
        child,
    }
}

/// The items of both sides, if they changed different stretches of the list.
fn spliced(three: Three<&List>) -> Option<Vec<Child>> {
    let hashes = three.map(|list| -> Vec<u64> {
        let items = list.items.iter();
        items.map(|item| hash(&item.node)).collect()
    });
    let ops = |side: &[u64]| capture_diff_slices(Algorithm::Myers, &hashes.base, side);
    let (our_ops, their_ops) = (ops(&hashes.ours), ops(&hashes.theirs));
    let is_change = |op: &&DiffOp| !matches!(op, DiffOp::Equal { .. });
    let mut ours = our_ops.iter().filter(is_change).peekable();
    let mut theirs = their_ops.iter().filter(is_change).peekable();
    let kept = |index: usize| -> Option<&Child> {
        let base = three.base.items.get(index)?;
        let our = same_item(&our_ops, index).and_then(|at| three.ours.items.get(at));
        let their = same_item(&their_ops, index).and_then(|at| three.theirs.items.get(at));
        // They differ in comments alone.
        match our {
            Some(our) if !same_child(our, base) => Some(our),
            _ => their.or(Some(base)),
        }
    };
    let (mut merged, mut at) = (Vec::new(), 0);
    loop {
        let (list, op) = match (ours.peek(), theirs.peek()) {
            (None, None) => break,
            (Some(our), Some(their)) => {
                let (our_range, their_range) = (our.old_range(), their.old_range());
                let same = our_range == their_range
                    && hashes.ours[our.new_range()] == hashes.theirs[their.new_range()];
                if same {
                    theirs.next();
                    (three.ours, ours.next()?)
                } else if our_range.end < their_range.start {
                    (three.ours, ours.next()?)
                } else if their_range.end < our_range.start {
                    (three.theirs, theirs.next()?)
                } else {
                    return None;
                }
            }
            (Some(_), None) => (three.ours, ours.next()?),
            (None, Some(_)) => (three.theirs, theirs.next()?),
        };
        merged.extend((at..op.old_range().start).filter_map(kept).cloned());
        merged.extend_from_slice(&list.items[op.new_range()]);
        at = op.old_range().end;
    }
    merged.extend((at..three.base.items.len()).filter_map(kept).cloned());
    Some(merged)
}

/// Where the item at `index` of the old list is in the new one, if it was left as it is.
fn same_item(ops: &[DiffOp], index: usize) -> Option<usize> {
    ops.iter().find_map(|op| match op {
        DiffOp::Equal { .. } if op.old_range().contains(&index) => {
            Some(op.new_range().start + index - op.old_range().start)
        }
        _ => None,
    })
}

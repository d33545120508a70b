//! What changed in a value.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::{ValueChange, outline::hash};
use crate::{
    DocPath,
    document::{Content, List, Node},
};

/// Adds what changed at `path` to `changes`, in its smallest parts.
pub(super) fn compare(
    path: &DocPath,
    old: Option<&Node>,
    new: Option<&Node>,
    changes: &mut Vec<ValueChange>,
) {
    if let (Some(old), Some(new)) = (old, new) {
        if hash(old) == hash(new) {
            return;
        }
        match (&old.content, &new.content) {
            (Content::Map(old), Content::Map(new)) => {
                let added = new.entries.keys();
                let added = added.filter(|key| !old.entries.contains_key(*key));
                for key in old.entries.keys().chain(added) {
                    let old = old.entries.get(key).map(|entry| &entry.child.node);
                    let new = new.entries.get(key).map(|entry| &entry.child.node);
                    compare(&path.key(key), old, new, changes);
                }
                return;
            }
            (Content::List(old), Content::List(new)) => {
                items(path, old, new, changes);
                return;
            }
            _ => {}
        }
    }
    if old.is_some() || new.is_some() {
        changes.push(ValueChange {
            path: path.to_string(),
            old: old.map(Node::to_json),
            new: new.map(Node::to_json),
        });
    }
}

fn items(path: &DocPath, old: &List, new: &List, changes: &mut Vec<ValueChange>) {
    let hashes =
        |list: &List| -> Vec<u64> { list.items.iter().map(|item| hash(&item.node)).collect() };
    for op in capture_diff_slices(Algorithm::Myers, &hashes(old), &hashes(new)) {
        let (_, old_range, new_range) = op.as_tag_tuple();
        if matches!(op, DiffOp::Equal { .. }) {
            continue;
        }
        for offset in 0..old_range.len().max(new_range.len()) {
            let (old_index, new_index) = (old_range.start + offset, new_range.start + offset);
            let was = old
                .items
                .get(old_index)
                .filter(|_| offset < old_range.len());
            let is = new
                .items
                .get(new_index)
                .filter(|_| offset < new_range.len());
            let index = if is.is_some() { new_index } else { old_index };
            let (was, is) = (was.map(|item| &item.node), is.map(|item| &item.node));
            compare(&path.index(index), was, is, changes);
        }
    }
}

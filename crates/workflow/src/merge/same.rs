//! Whether two parts are the same as they are written: data, comments, layout and order of keys.

use crate::document::{Child, Content, List, Map, Node};

pub(super) fn same_child(one: &Child, other: &Child) -> bool {
    one.lead == other.lead && one.blank == other.blank && same_node(&one.node, &other.node)
}

fn same_node(one: &Node, other: &Node) -> bool {
    one.header == other.header
        && one.trailing == other.trailing
        && match (&one.content, &other.content) {
            (Content::Scalar(one), Content::Scalar(other)) => one == other,
            (Content::List(one), Content::List(other)) => same_list(one, other),
            (Content::Map(one), Content::Map(other)) => same_map(one, other),
            (Content::Broken, Content::Broken) => true,
            _ => false,
        }
}

fn same_list(one: &List, other: &List) -> bool {
    one.flow == other.flow
        && one.tail == other.tail
        && one.items.len() == other.items.len()
        && one
            .items
            .iter()
            .zip(&other.items)
            .all(|(one, other)| same_child(one, other))
}

fn same_map(one: &Map, other: &Map) -> bool {
    one.flow == other.flow
        && one.tail == other.tail
        && one.entries.len() == other.entries.len()
        && one
            .entries
            .iter()
            .zip(&other.entries)
            .all(|((key, one), (other_key, other))| {
                key == other_key && same_child(&one.child, &other.child)
            })
}

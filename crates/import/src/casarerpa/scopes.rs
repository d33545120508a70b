//! What one node opens and another closes becomes a block around the steps between.

use super::{
    flow::Item,
    graph::{Graph, NodeNo},
    repair::closes,
};
use crate::library::{self, Form};

/// `items` with everything open in a block of its own.
pub(crate) fn wrap(items: Vec<Item>, graph: &Graph) -> Vec<Item> {
    let mut wrapped = Vec::new();
    let mut rest: std::collections::VecDeque<Item> = items.into();
    while let Some(item) = rest.pop_front() {
        match opener(&item, graph) {
            Some(node) => {
                let (body, close) = inside(node, &mut rest, graph);
                wrapped.push(Item::Scope {
                    node,
                    close,
                    body: wrap(body, graph),
                });
            }
            None => wrapped.push(within(item, graph)),
        }
    }
    wrapped
}

/// Takes the items that what `node` opens is open for, and says what closes it.
fn inside(
    node: NodeNo,
    rest: &mut std::collections::VecDeque<Item>,
    graph: &Graph,
) -> (Vec<Item>, Option<NodeNo>) {
    let Some(mut end) = closing(node, rest, graph) else {
        // Nothing closes it here: it is open to the end of the list.
        return (rest.drain(..).collect(), None);
    };
    let close = match &rest[end] {
        Item::Node(close) => Some(*close),
        _ => None,
    };
    rest.remove(end);
    // What is opened in between and closed later stays inside, up to where it is closed.
    let mut at = 0;
    while at < end {
        if let Some(inner) = opener(&rest[at], graph) {
            let later: std::collections::VecDeque<Item> =
                rest.iter().skip(at + 1).cloned().collect();
            if let Some(found) = closing(inner, &later, graph) {
                end = end.max(at + 1 + found + 1);
            }
        }
        at += 1;
    }
    let end = end.min(rest.len());
    (rest.drain(..end).collect(), close)
}

/// Where in `rest` what `node` opens is closed.
fn closing(node: NodeNo, rest: &std::collections::VecDeque<Item>, graph: &Graph) -> Option<usize> {
    let kind = acting(node, graph);
    let mut depth = 0_usize;
    for (at, item) in rest.iter().enumerate() {
        let Item::Node(other) = item else {
            continue;
        };
        if graph.nodes[*other].disabled {
            continue;
        }
        if opener(item, graph).is_some_and(|other| acting(other, graph) == kind) {
            depth += 1;
        } else if closes(&acting(*other, graph)).is_some_and(|opened| opened == kind) {
            match depth {
                0 => return Some(at),
                _ => depth -= 1,
            }
        }
    }
    None
}

/// The type whose work a node does: with one action setting, several.
fn acting(node: NodeNo, graph: &Graph) -> String {
    let kind = graph.kind(node);
    let Some(Form::By(setting, cases)) = library::successor(kind).map(|found| &found.form) else {
        return kind.to_owned();
    };
    let original = library::original(kind);
    let default = original.and_then(|original| original.settings.get(&**setting));
    let value = graph.nodes[node].config.get(&**setting).or(default);
    let case = value
        .and_then(serde_json::Value::as_str)
        .and_then(|value| cases.get(value));
    case.map_or_else(|| kind.to_owned(), |(kind, _)| kind.clone())
}

fn opener(item: &Item, graph: &Graph) -> Option<NodeNo> {
    let Item::Node(node) = item else {
        return None;
    };
    let opens = !graph.nodes[*node].disabled
        && matches!(
            library::successor(&acting(*node, graph)).map(|found| &found.form),
            Some(Form::Open(..))
        );
    opens.then_some(*node)
}

fn within(item: Item, graph: &Graph) -> Item {
    let named = |lists: Vec<(String, Vec<Item>)>| {
        lists
            .into_iter()
            .map(|(name, items)| (name, wrap(items, graph)))
            .collect()
    };
    let part =
        |part: Option<(NodeNo, Vec<Item>)>| part.map(|(node, items)| (node, wrap(items, graph)));
    match item {
        Item::Branch { node, arms } => Item::Branch {
            node,
            arms: named(arms),
        },
        Item::Loop { node, body } => Item::Loop {
            node,
            body: wrap(body, graph),
        },
        Item::Try {
            node,
            body,
            catch,
            finally,
        } => Item::Try {
            node,
            body: wrap(body, graph),
            catch: part(catch),
            finally: part(finally),
        },
        Item::Parallel {
            node,
            join,
            branches,
        } => Item::Parallel {
            node,
            join,
            branches: named(branches),
        },
        Item::Retry { node, body } => Item::Retry {
            node,
            body: wrap(body, graph),
        },
        Item::Machine(mut states) => {
            for state in &mut states {
                state.items = wrap(std::mem::take(&mut state.items), graph);
            }
            Item::Machine(states)
        }
        other => other,
    }
}

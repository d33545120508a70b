//! Where each node's step stands in the tree, and what is seen from where.

use std::collections::HashMap;

use super::{
    flow::Item,
    graph::{Graph, NodeNo},
    repair::is_loop,
};

/// A place in the tree: a list of steps and a position in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) list: usize,
    pub(crate) index: usize,
}

#[derive(Debug)]
struct List {
    /// The place of the step it belongs to.
    owner: Option<Place>,
    /// The node of that step, and which of its blocks this is.
    block: Option<(NodeNo, Inside)>,
    /// Whether its steps have run whenever what follows its owner runs.
    always_runs: bool,
}

/// Which block of a node's step a list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inside {
    Loop,
    Catch,
    Retry,
    Scope,
    Branch,
    Other,
}

/// Places of all nodes.
#[derive(Debug)]
pub(crate) struct Places {
    lists: Vec<List>,
    of: HashMap<NodeNo, Place>,
    /// Nodes whose block ends, such as the end of a loop, by the node they belong to.
    order: Vec<NodeNo>,
}

impl Places {
    pub(crate) fn new(items: &[Item], graph: &Graph) -> Self {
        let mut places = Self {
            lists: Vec::new(),
            of: HashMap::new(),
            order: Vec::new(),
        };
        places.add(items, None, None, true, graph);
        places
    }

    fn add(
        &mut self,
        items: &[Item],
        owner: Option<Place>,
        block: Option<(NodeNo, Inside)>,
        always_runs: bool,
        graph: &Graph,
    ) -> usize {
        let list = self.lists.len();
        self.lists.push(List {
            owner,
            block,
            always_runs,
        });
        for (index, item) in items.iter().enumerate() {
            let place = Place { list, index };
            self.item(item, place, graph);
        }
        list
    }

    fn put(&mut self, node: NodeNo, place: Place) {
        self.of.entry(node).or_insert(place);
        self.order.push(node);
    }

    fn item(&mut self, item: &Item, place: Place, graph: &Graph) {
        let inner = Some(place);
        match item {
            Item::Node(node) => self.put(*node, place),
            Item::Jump(_, node) => {
                if let Some(node) = node {
                    self.put(*node, place);
                }
            }
            Item::Branch { node, arms } => {
                self.put(*node, place);
                for (_, arm) in arms {
                    self.add(arm, inner, Some((*node, Inside::Branch)), false, graph);
                }
            }
            Item::Loop { node, body } => {
                self.put(*node, place);
                self.add(body, inner, Some((*node, Inside::Loop)), false, graph);
            }
            Item::Retry { node, body } => {
                self.put(*node, place);
                self.add(body, inner, Some((*node, Inside::Retry)), true, graph);
            }
            Item::Try {
                node,
                body,
                catch,
                finally,
            } => {
                self.put(*node, place);
                self.add(body, inner, Some((*node, Inside::Other)), false, graph);
                if let Some((part, items)) = catch {
                    let list = self.add(items, inner, Some((*part, Inside::Catch)), false, graph);
                    self.put(*part, Place { list, index: 0 });
                }
                if let Some((part, items)) = finally {
                    let list = self.add(items, inner, Some((*part, Inside::Other)), true, graph);
                    self.put(*part, Place { list, index: 0 });
                }
            }
            Item::Parallel {
                node,
                join,
                branches,
            } => {
                self.put(*node, place);
                if let Some(join) = join {
                    self.put(*join, place);
                }
                for (_, branch) in branches {
                    self.add(branch, inner, Some((*node, Inside::Other)), true, graph);
                }
            }
            Item::Machine(states) => {
                for state in states {
                    self.add(
                        &state.items,
                        inner,
                        Some((state.first, Inside::Other)),
                        false,
                        graph,
                    );
                    for (exit, _) in &state.exits {
                        if let Some((node, _)) = exit {
                            self.put(*node, place);
                        }
                    }
                }
            }
            Item::Scope { node, close, body } => {
                self.put(*node, place);
                self.add(body, inner, Some((*node, Inside::Scope)), true, graph);
                if let Some(close) = close {
                    self.put(*close, place);
                }
            }
        }
    }

    pub(crate) fn of(&self, node: NodeNo) -> Option<Place> {
        self.of.get(&node).copied()
    }

    /// Every node that has a step, in the order of the text.
    pub(crate) fn order(&self) -> &[NodeNo] {
        &self.order
    }

    /// `place` and the places of the steps around it, from the inside out.
    fn around(&self, place: Place) -> impl Iterator<Item = Place> {
        let mut next = Some(place);
        std::iter::from_fn(move || {
            let now = next?;
            next = self.lists[now.list].owner;
            Some(now)
        })
    }

    /// Whether what runs at `giver` has always run when `user` runs.
    pub(crate) fn has_run(&self, giver: NodeNo, user: Place) -> bool {
        let Some(mut giver) = self.of(giver) else {
            return false;
        };
        loop {
            let beside = self.around(user).find(|place| place.list == giver.list);
            if let Some(place) = beside {
                return giver.index < place.index;
            }
            let list = &self.lists[giver.list];
            match list.owner {
                Some(owner) if list.always_runs => giver = owner,
                _ => return false,
            }
        }
    }

    /// Whether `user` is inside this block of `node`.
    pub(crate) fn is_inside(&self, node: NodeNo, block: Inside, user: Place) -> bool {
        self.around(user)
            .any(|place| self.lists[place.list].block == Some((node, block)))
    }

    /// The loops around a place, the innermost first.
    pub(crate) fn loops(&self, user: Place, graph: &Graph) -> Vec<NodeNo> {
        self.around(user)
            .filter_map(|place| match self.lists[place.list].block {
                Some((node, Inside::Loop)) if is_loop(graph.kind(node)) => Some(node),
                _ => None,
            })
            .collect()
    }
}

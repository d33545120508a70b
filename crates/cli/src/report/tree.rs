//! What was kept of a run, as the tree that the workflow is.

use std::{collections::HashMap, sync::Arc};

use casare_engine::{StepPath, path::ListPath};

use super::{
    collect::Collected,
    record::{StepRecord, StepState},
};

/// Executions of steps, each with those in its blocks.
pub(super) struct Tree<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) lists: Vec<List>,
    pub(super) roots: Vec<usize>,
}

/// An execution of a step.
pub(super) struct Node<'a> {
    /// Nothing is known of a step that was left out, but holds one that was not.
    pub(super) record: Option<&'a StepRecord>,
    pub(super) path: StepPath,
    pub(super) lists: Vec<usize>,
    /// The worst that happened to it or to a step in it.
    pub(super) trouble: Trouble,
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    None,
    /// A step failed and was passed over.
    PassedOver,
    Failed,
}

/// A pass of a block.
pub(super) struct List {
    pub(super) block: Arc<str>,
    pub(super) pass: Option<u64>,
    pub(super) steps: Vec<usize>,
}

impl<'a> Tree<'a> {
    pub(super) fn of(collected: &'a Collected) -> Self {
        let mut growing = Growing {
            tree: Tree {
                nodes: Vec::new(),
                lists: Vec::new(),
                roots: Vec::new(),
            },
            by_path: HashMap::new(),
            by_list: HashMap::new(),
        };
        for record in &collected.steps {
            let node = growing.node(&record.path);
            growing.tree.nodes[node].record = Some(record);
        }
        let mut tree = growing.tree;
        tree.sort();
        tree.mark_trouble();
        tree
    }

    /// Steps in the order of the workflow, passes in the order of their numbers.
    fn sort(&mut self) {
        let Self {
            nodes,
            lists,
            roots,
        } = self;
        roots.sort_by_key(|node| nodes[*node].path.index);
        for list in lists.iter_mut() {
            list.steps.sort_by_key(|node| nodes[*node].path.index);
        }
        for node in nodes.iter_mut() {
            node.lists.sort_by_key(|list| lists[*list].pass);
        }
    }

    /// Nodes stand after the steps that hold them, so one walk from the end marks all.
    fn mark_trouble(&mut self) {
        for place in (0..self.nodes.len()).rev() {
            let Some(node) = self.nodes.get(place) else {
                continue;
            };
            let own = match node.record.map(|record| record.state) {
                Some(StepState::Failed { continued: true }) => Trouble::PassedOver,
                Some(StepState::Failed { continued: false }) => Trouble::Failed,
                _ => Trouble::None,
            };
            let inner = node
                .lists
                .iter()
                .map(|list| self.trouble_in(&self.lists[*list].steps))
                .max();
            self.nodes[place].trouble = own.max(inner.unwrap_or(Trouble::None));
        }
    }

    /// The worst that happened in several steps.
    pub(super) fn trouble_in(&self, steps: &[usize]) -> Trouble {
        let troubles = steps
            .iter()
            .filter_map(|step| self.nodes.get(*step))
            .map(|node| node.trouble);
        troubles.max().unwrap_or(Trouble::None)
    }
}

struct Growing<'a> {
    tree: Tree<'a>,
    by_path: HashMap<StepPath, usize>,
    by_list: HashMap<Arc<ListPath>, usize>,
}

impl Growing<'_> {
    /// The node at `path`; those that hold it are made before it.
    fn node(&mut self, path: &StepPath) -> usize {
        let mut missing = Vec::new();
        let mut next = Some(path.clone());
        while let Some(path) = next.filter(|path| !self.by_path.contains_key(path)) {
            next = path.list.as_ref().map(|list| list.step.clone());
            missing.push(path);
        }
        for path in missing.into_iter().rev() {
            let place = self.tree.nodes.len();
            self.tree.nodes.push(Node {
                record: None,
                path: path.clone(),
                lists: Vec::new(),
                trouble: Trouble::None,
            });
            match &path.list {
                None => self.tree.roots.push(place),
                Some(list) => {
                    let list = self.list(list);
                    self.tree.lists[list].steps.push(place);
                }
            }
            self.by_path.insert(path, place);
        }
        self.by_path.get(path).copied().unwrap_or_default()
    }

    /// The list at `path`, whose step has a node.
    fn list(&mut self, path: &Arc<ListPath>) -> usize {
        if let Some(list) = self.by_list.get(path) {
            return *list;
        }
        let place = self.tree.lists.len();
        self.tree.lists.push(List {
            block: path.block.clone(),
            pass: path.pass,
            steps: Vec::new(),
        });
        if let Some(owner) = self.by_path.get(&path.step) {
            self.tree.nodes[*owner].lists.push(place);
        }
        self.by_list.insert(path.clone(), place);
        place
    }
}

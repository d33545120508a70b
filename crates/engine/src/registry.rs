//! The nodes an engine knows.

use std::{collections::BTreeMap, sync::Arc};

use casare_workflow::{Catalogue, NodeSpec};

use crate::{Node, flow};

/// The nodes an engine knows, by name. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Registry {
    nodes: Arc<BTreeMap<String, Node>>,
}

impl Registry {
    /// The engine's own nodes (`flow.*`, `data.set`, `data.increment`) and `nodes`.
    ///
    /// A later node replaces an earlier one of the same name.
    pub fn new(nodes: impl IntoIterator<Item = Node>) -> Self {
        let nodes = flow::nodes()
            .into_iter()
            .chain(nodes)
            .map(|node| (node.name().to_owned(), node))
            .collect();
        Self {
            nodes: Arc::new(nodes),
        }
    }

    /// The node called `name`.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.nodes.get(name)
    }
}

impl Catalogue for Registry {
    fn node(&self, name: &str) -> Option<&NodeSpec> {
        self.nodes.get(name).map(Node::spec)
    }

    fn nodes(&self) -> Vec<&NodeSpec> {
        self.nodes.values().map(Node::spec).collect()
    }
}

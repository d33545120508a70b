//! The nodes an engine knows.

use std::{collections::BTreeMap, fmt, sync::Arc};

use casare_workflow::{Catalogue, Misformed, NodeSpec};

use crate::{Node, flow};

/// The nodes an engine knows, by name. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Registry {
    nodes: Arc<BTreeMap<String, Node>>,
    formats: Option<Formats>,
}

/// What knows the formats of texts that nodes bring along.
#[derive(Clone)]
struct Formats(Arc<Misforming>);

/// Says of a format and a text what is wrong.
type Misforming = dyn Fn(&str, &str) -> Option<Misformed> + Send + Sync;

impl fmt::Debug for Formats {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Formats")
    }
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
            formats: None,
        }
    }

    /// With what says whether a text is of a format that nodes bring along; see [`Catalogue::misformed`].
    #[must_use]
    pub fn with_formats(
        mut self,
        misformed: impl Fn(&str, &str) -> Option<Misformed> + Send + Sync + 'static,
    ) -> Self {
        self.formats = Some(Formats(Arc::new(misformed)));
        self
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

    fn misformed(&self, format: &str, text: &str) -> Option<Misformed> {
        let Formats(formats) = self.formats.as_ref()?;
        formats(format, text)
    }
}

//! A CasareRPA workflow as it stands in its file: nodes and wires.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

/// Number of a node.
pub(crate) type NodeNo = usize;

/// The kind of a node that stands for several wires at one execution output.
pub(crate) const FAN: &str = "fan-out";
/// The kind of a node that leaves the loop its paths ran out of.
pub(crate) const ESCAPE: &str = "escape";

/// A workflow of CasareRPA.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) wires: Vec<Wire>,
    pub(crate) variables: IndexMap<String, Variable>,
    pub(crate) frames: Vec<Frame>,
    /// Names of credentials the workflow was made for, with what they are.
    pub(crate) credentials: IndexMap<String, String>,
    /// What a subflow gives and takes.
    pub(crate) subflow: Option<Subflow>,
}

#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// As the file says.
    pub(crate) id: String,
    /// The id its step gets.
    pub(crate) step: String,
    /// The type, by its present name.
    pub(crate) kind: String,
    pub(crate) config: Map<String, Json>,
    pub(crate) title: Option<String>,
    pub(crate) disabled: bool,
    /// Remarks that stood before it in the flow.
    pub(crate) comments: Vec<String>,
    /// Another node that this one is a copy of.
    pub(crate) copy_of: Option<NodeNo>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wire {
    pub(crate) from: NodeNo,
    pub(crate) out: String,
    pub(crate) to: NodeNo,
    pub(crate) into: String,
    /// Whether control flows along it, not data.
    pub(crate) is_flow: bool,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Variable {
    pub(crate) kind: String,
    pub(crate) value: Json,
    pub(crate) description: Option<String>,
    pub(crate) sensitive: bool,
    /// Whoever starts the workflow is asked for it.
    pub(crate) asked: bool,
    pub(crate) required: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) title: String,
    pub(crate) nodes: Vec<String>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Subflow {
    pub(crate) inputs: Vec<Port>,
    pub(crate) outputs: Vec<Port>,
    pub(crate) parameters: Vec<Parameter>,
}

/// An input or output of a subflow.
#[derive(Debug, Clone, Default)]
pub(crate) struct Port {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) default: Json,
    pub(crate) required: bool,
    pub(crate) description: Option<String>,
    pub(crate) node: String,
    pub(crate) port: String,
}

/// A setting inside a subflow that its callers give.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) default: Json,
    pub(crate) description: Option<String>,
    pub(crate) node: String,
    pub(crate) setting: String,
}

impl Graph {
    pub(crate) fn find(&self, id: &str) -> Option<NodeNo> {
        self.nodes.iter().position(|node| node.id == id)
    }

    pub(crate) fn kind(&self, node: NodeNo) -> &str {
        &self.nodes[node].kind
    }

    /// Where control goes from an output, in the order of the file.
    pub(crate) fn flow(&self, from: NodeNo, out: &str) -> impl Iterator<Item = NodeNo> {
        self.wires
            .iter()
            .filter(move |wire| wire.is_flow && wire.from == from && wire.out == out)
            .map(|wire| wire.to)
    }

    /// The first place control goes from an output.
    pub(crate) fn next(&self, from: NodeNo, out: &str) -> Option<NodeNo> {
        self.flow(from, out).next()
    }

    /// The names of the outputs of a node that control leaves by, in the order of the file.
    pub(crate) fn exits(&self, from: NodeNo) -> Vec<&str> {
        let mut exits: Vec<&str> = Vec::new();
        for wire in self
            .wires
            .iter()
            .filter(|wire| wire.is_flow && wire.from == from)
        {
            if !exits.contains(&&*wire.out) {
                exits.push(&wire.out);
            }
        }
        exits
    }

    /// Every node that control reaches from `start` without going on after one of `stops`.
    pub(crate) fn reach(&self, start: &[NodeNo], stops: &[NodeNo]) -> Vec<NodeNo> {
        let mut seen = vec![false; self.nodes.len()];
        let mut after: Vec<Vec<NodeNo>> = vec![Vec::new(); self.nodes.len()];
        for wire in self.wires.iter().filter(|wire| wire.is_flow) {
            after[wire.from].push(wire.to);
        }
        let mut found = Vec::new();
        let mut todo: std::collections::VecDeque<NodeNo> = start.iter().copied().collect();
        while let Some(node) = todo.pop_front() {
            if std::mem::replace(&mut seen[node], true) || stops.contains(&node) {
                continue;
            }
            found.push(node);
            todo.extend(&after[node]);
        }
        found
    }

    /// Adds a node that is not in the file.
    pub(crate) fn invent(&mut self, kind: &str) -> NodeNo {
        let id = format!("{kind}_{}", self.nodes.len());
        self.nodes.push(Node {
            step: String::new(),
            id,
            kind: kind.to_owned(),
            config: Map::new(),
            title: None,
            disabled: false,
            comments: Vec::new(),
            copy_of: None,
        });
        self.nodes.len() - 1
    }

    pub(crate) fn connect(&mut self, from: NodeNo, out: &str, to: NodeNo) {
        self.wires.push(Wire {
            from,
            out: out.to_owned(),
            to,
            into: "exec_in".to_owned(),
            is_flow: true,
        });
    }
}

//! A graph of nodes and wires → a tree of blocks.
//!
//! Loops, tries, forks and retries are found by their pairs, branches by where they join again (the
//! nearest node that all ways on lead through). What has no such structure becomes a state machine.

mod blocks;
mod joins;

use std::collections::{HashMap, HashSet};

use self::joins::{between, circular, joins};
use super::{
    graph::{ESCAPE, FAN, Graph, NodeNo},
    repair::{after_loop, is_loop, named},
};
use crate::{
    ImportError,
    report::{Report, Weight},
};

/// How deep blocks may be nested.
const DEPTH: usize = 100;
/// How many nodes may be written twice, where ways join that have no common place.
const COPIES: usize = 300;

/// A step of the tree.
#[derive(Debug, Clone)]
pub(crate) enum Item {
    Node(NodeNo),
    Branch {
        node: NodeNo,
        arms: Vec<(String, Vec<Item>)>,
    },
    Loop {
        node: NodeNo,
        body: Vec<Item>,
    },
    Try {
        node: NodeNo,
        body: Vec<Item>,
        catch: Option<(NodeNo, Vec<Item>)>,
        finally: Option<(NodeNo, Vec<Item>)>,
    },
    Parallel {
        node: NodeNo,
        join: Option<NodeNo>,
        branches: Vec<(String, Vec<Item>)>,
    },
    Retry {
        node: NodeNo,
        body: Vec<Item>,
    },
    Machine(Vec<State>),
    Jump(Jump, Option<NodeNo>),
    /// Something open for the steps inside, from a later pass.
    Scope {
        node: NodeNo,
        close: Option<NodeNo>,
        body: Vec<Item>,
    },
}

/// A state of a state machine.
#[derive(Debug, Clone)]
pub(crate) struct State {
    /// The node it begins with, which names it.
    pub(crate) first: NodeNo,
    pub(crate) items: Vec<Item>,
    /// Where to go next; no state ends.
    pub(crate) exits: Vec<Exit>,
}

/// The branching node and the output it leaves by, and the state it leads to.
pub(crate) type Exit = (Option<(NodeNo, String)>, Option<usize>);

/// Ways out of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Jump {
    Break,
    Continue,
    Return,
}

/// A way joined another one where no structure has a place for it.
struct Tangled;

enum Stop {
    Tangled,
    Failed(ImportError),
}

impl From<Tangled> for Stop {
    fn from(Tangled: Tangled) -> Self {
        Self::Tangled
    }
}

/// Turns the part of `graph` that begins at `entry` into a tree.
pub(crate) fn structure(
    graph: &mut Graph,
    entry: Option<NodeNo>,
    report: &mut Report,
) -> Result<Vec<Item>, ImportError> {
    let Some(entry) = entry else {
        return Ok(Vec::new());
    };
    let has_fan = graph.nodes.iter().any(|node| node.kind == FAN);
    let mut builder = Builder {
        graph,
        report,
        written: HashSet::new(),
        attempts: 0,
        copies: 0,
        depth: 0,
    };
    let ending = if has_fan { None } else { Some(Jump::Return) };
    match builder.region(Some(entry), &[], ending) {
        Ok(items) => Ok(items),
        Err(Stop::Failed(error)) => Err(error),
        // Only inside an attempt, which catches it.
        Err(Stop::Tangled) => Err(ImportError::TooTangled),
    }
}

struct Builder<'g> {
    graph: &'g mut Graph,
    report: &'g mut Report,
    written: HashSet<NodeNo>,
    attempts: usize,
    copies: usize,
    depth: usize,
}

/// The nodes of one level, and where their ways join.
struct Level {
    /// What comes after each node, by output; stops and other levels left out.
    after: HashMap<NodeNo, Vec<(String, Option<NodeNo>)>>,
    /// Where the ways of a branching node join.
    join: HashMap<NodeNo, Option<NodeNo>>,
    /// Nodes that are part of a circle, or come after one.
    circular: HashSet<NodeNo>,
    /// What a way does that ends in the middle of the level.
    ending: Option<Jump>,
}

impl Builder<'_> {
    /// The steps from `entry` to where `stops` begin.
    fn region(
        &mut self,
        entry: Option<NodeNo>,
        stops: &[NodeNo],
        ending: Option<Jump>,
    ) -> Result<Vec<Item>, Stop> {
        let Some(entry) = entry.filter(|entry| !stops.contains(entry)) else {
            return Ok(Vec::new());
        };
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Stop::Failed(ImportError::TooDeep { limit: DEPTH }));
        }
        let level = self.level(entry, stops, ending);
        let items = self.walk(Some(entry), None, &level, false);
        self.depth -= 1;
        items
    }

    fn level(&self, entry: NodeNo, stops: &[NodeNo], ending: Option<Jump>) -> Level {
        let mut after: HashMap<NodeNo, Vec<(String, Option<NodeNo>)>> = HashMap::new();
        let mut order = Vec::new();
        let mut todo = vec![(entry, false)];
        let mut done: HashSet<NodeNo> = HashSet::new();
        // Depth first, without recursion; a node is in order once all after it are.
        while let Some((node, is_left)) = todo.pop() {
            if is_left {
                if done.insert(node) {
                    order.push(node);
                }
                continue;
            }
            if after.contains_key(&node) {
                continue;
            }
            let exits: Vec<(String, Option<NodeNo>)> = self
                .exits(node)
                .into_iter()
                .map(|(exit, target)| (exit, target.filter(|target| !stops.contains(target))))
                .collect();
            todo.push((node, true));
            todo.extend(
                exits
                    .iter()
                    .filter_map(|(_, target)| Some(((*target)?, false))),
            );
            after.insert(node, exits);
        }
        let circular = circular(&after, &order);
        let join = joins(&after, &order, ending, |node| self.is_terminal(node));
        Level {
            after,
            join,
            circular,
            ending,
        }
    }

    /// Where control can go after a node, on its own level.
    fn exits(&self, node: NodeNo) -> Vec<(String, Option<NodeNo>)> {
        let graph = &*self.graph;
        let next = |target: Option<NodeNo>| vec![("next".to_owned(), target)];
        let kind = graph.kind(node);
        if self.is_terminal(node) {
            return Vec::new();
        }
        match kind {
            _ if is_loop(kind) => next(after_loop(graph, node)),
            "TryNode" => next(self.after_try(node)),
            "ForkNode" => next(
                self.join_of(node)
                    .and_then(|join| graph.next(join, "exec_out")),
            ),
            "OnErrorNode" => next(graph.next(node, "exec_out")),
            "RetryNode" => {
                let arms = ["success", "failed"];
                if arms.iter().any(|arm| graph.next(node, arm).is_some()) {
                    return arms
                        .iter()
                        .map(|arm| ((*arm).to_owned(), graph.next(node, arm)))
                        .collect();
                }
                next(graph.next(node, "exec_out"))
            }
            "IfNode" => ["true", "false"]
                .iter()
                .map(|arm| ((*arm).to_owned(), graph.next(node, arm)))
                .collect(),
            "SwitchNode" => {
                let mut arms: Vec<(String, Option<NodeNo>)> = graph
                    .exits(node)
                    .into_iter()
                    .filter(|exit| *exit != "exec_out")
                    .map(|exit| (exit.to_owned(), graph.next(node, exit)))
                    .collect();
                if arms.is_empty() {
                    return next(graph.next(node, "exec_out"));
                }
                let default = graph.next(node, "default");
                arms.retain(|(exit, _)| exit != "default");
                arms.push(("default".to_owned(), default));
                arms
            }
            "ValidateNode" => {
                let arms = ["valid", "invalid"];
                if arms.iter().any(|arm| graph.next(node, arm).is_some()) {
                    return arms
                        .iter()
                        .map(|arm| ((*arm).to_owned(), graph.next(node, arm)))
                        .collect();
                }
                next(graph.next(node, "exec_out"))
            }
            _ => {
                let exits = graph.exits(node);
                match exits.as_slice() {
                    [] => next(None),
                    [one] if !is_error_exit(one) => next(graph.next(node, one)),
                    several => {
                        let mut arms: Vec<(String, Option<NodeNo>)> = several
                            .iter()
                            .map(|exit| ((*exit).to_owned(), graph.next(node, exit)))
                            .collect();
                        if kind != FAN && !several.iter().any(|exit| !is_error_exit(exit)) {
                            arms.insert(0, ("exec_out".to_owned(), None));
                        }
                        arms
                    }
                }
            }
        }
    }

    /// Whether no way leads on from it.
    fn is_terminal(&self, node: NodeNo) -> bool {
        match self.graph.kind(node) {
            "ThrowErrorNode" | "RetryFailNode" | ESCAPE => true,
            "BreakNode" | "ContinueNode" => !self.graph.nodes[node].disabled,
            _ => false,
        }
    }

    fn join_of(&self, fork: NodeNo) -> Option<NodeNo> {
        let graph = &*self.graph;
        let is_join = |node: &NodeNo| graph.kind(*node) == "JoinNode";
        named(graph, fork, "paired_join_id")
            .filter(is_join)
            .or_else(|| {
                let pairs = |node: &NodeNo| {
                    is_join(node) && named(graph, *node, "paired_fork_id") == Some(fork)
                };
                (0..graph.nodes.len()).find(pairs).or_else(|| {
                    let start: Vec<NodeNo> = graph
                        .exits(fork)
                        .iter()
                        .filter_map(|exit| graph.next(fork, exit))
                        .collect();
                    graph.reach(&start, &[fork]).into_iter().find(is_join)
                })
            })
    }

    /// The catch and finally of a try: by their pairing, else the next ones on the way.
    fn parts_of_try(&self, node: NodeNo) -> (Option<NodeNo>, Option<NodeNo>) {
        let graph = &*self.graph;
        let find = |kind: &str| {
            let of_kind = |other: &NodeNo| graph.kind(*other) == kind;
            let all: Vec<NodeNo> = (0..graph.nodes.len()).filter(of_kind).collect();
            let paired = |other: &&NodeNo| named(graph, **other, "paired_try_id") == Some(node);
            all.iter().find(paired).copied().or_else(|| {
                let start: Vec<NodeNo> = graph
                    .exits(node)
                    .iter()
                    .filter_map(|exit| graph.next(node, exit))
                    .collect();
                let free = |other: &NodeNo| {
                    of_kind(other) && named(graph, *other, "paired_try_id").is_none()
                };
                let reached = graph.reach(&start, &[node]);
                // A try inside comes with its own.
                let other_try = reached
                    .iter()
                    .position(|other| graph.kind(*other) == "TryNode");
                let found = reached.iter().position(free)?;
                (other_try.is_none_or(|other| found < other)).then(|| reached[found])
            })
        };
        (find("CatchNode"), find("FinallyNode"))
    }

    fn after_try(&self, node: NodeNo) -> Option<NodeNo> {
        let graph = &*self.graph;
        let (catch, finally) = self.parts_of_try(node);
        let parts: Vec<NodeNo> = [Some(node), catch, finally].into_iter().flatten().collect();
        let not_a_part = |target: &NodeNo| !parts.contains(target);
        if graph.next(node, "try_body").is_some()
            && let Some(target) = graph.next(node, "exec_out").filter(not_a_part)
        {
            return Some(target);
        }
        let from_finally = finally.and_then(|finally| graph.next(finally, "exec_out"));
        let from_catch = catch.and_then(|catch| graph.next(catch, "exec_out"));
        if let Some(target) = from_finally.or(from_catch).filter(not_a_part) {
            return Some(target);
        }
        // Where the ways of body and catch meet.
        let entries = |node: NodeNo, exits: [&str; 2]| -> Vec<NodeNo> {
            exits
                .iter()
                .find_map(|exit| graph.next(node, exit))
                .into_iter()
                .collect()
        };
        let body = graph.reach(&entries(node, ["try_body", "exec_out"]), &parts);
        let catch =
            catch.map(|catch| graph.reach(&entries(catch, ["catch_body", "catch_body"]), &parts));
        catch.and_then(|catch| body.iter().find(|node| catch.contains(node)).copied())
    }

    /// The steps from `node` up to `until`, exclusively.
    fn walk(
        &mut self,
        mut node: Option<NodeNo>,
        until: Option<NodeNo>,
        level: &Level,
        once: bool,
    ) -> Result<Vec<Item>, Stop> {
        let mut items = Vec::new();
        while let Some(mut now) = node.filter(|_| node != until) {
            if self.written.contains(&now) {
                if once {
                    // Several ways from one output: a node that two of them reach runs once.
                    return Ok(items);
                }
                if self.attempts > 0 {
                    return Err(Tangled.into());
                }
                let original = now;
                now = self.copy(now)?;
                let exits = level.after.get(&original).cloned().unwrap_or_default();
                items.push(Item::Node(now));
                node = exits.first().and_then(|(_, target)| *target);
                continue;
            }
            if level.circular.contains(&now) {
                items.push(self.machine(now, until, level)?);
                node = until;
                continue;
            }
            self.written.insert(now);
            let exits = level.after.get(&now).cloned().unwrap_or_default();
            if self.graph.kind(now) == FAN {
                let join = level.join.get(&now).copied().flatten();
                for (_, target) in exits {
                    let way = self.walk(target, join, level, true)?;
                    items.extend(way);
                }
                node = join;
                continue;
            }
            if exits.len() < 2 {
                items.push(self.single(now)?);
                node = exits.first().and_then(|(_, target)| *target);
                if node.is_none() && until.is_some() && !self.is_terminal(now) {
                    items.extend(level.ending.map(|jump| Item::Jump(jump, None)));
                }
                continue;
            }
            let join = level.join.get(&now).copied().flatten();
            match self.branch(now, &exits, join, level, once) {
                Ok(branch) => items.extend(branch),
                // The innermost branch that holds the whole tangle becomes the machine.
                Err(Stop::Tangled) if self.attempts == 0 || self.is_closed(now, join, level) => {
                    self.written.remove(&now);
                    items.push(self.machine(now, join, level)?);
                }
                Err(stop) => return Err(stop),
            }
            node = join;
        }
        Ok(items)
    }

    fn branch(
        &mut self,
        node: NodeNo,
        exits: &[(String, Option<NodeNo>)],
        join: Option<NodeNo>,
        level: &Level,
        once: bool,
    ) -> Result<Vec<Item>, Stop> {
        let before = self.written.clone();
        self.attempts += 1;
        self.depth += 1;
        let arms = if self.depth > DEPTH {
            Err(Stop::Failed(ImportError::TooDeep { limit: DEPTH }))
        } else {
            self.arms(exits, join, level, once)
        };
        self.depth -= 1;
        self.attempts -= 1;
        let arms = match arms {
            Ok(arms) => arms,
            Err(stop) => {
                self.written = before;
                return Err(stop);
            }
        };
        let mut items = Vec::new();
        // What a retry repeats comes before its ways on.
        if self.graph.kind(node) == "RetryNode" {
            let retry = self.retry(node)?;
            items.push(retry);
        }
        items.push(Item::Branch { node, arms });
        Ok(items)
    }

    fn arms(
        &mut self,
        exits: &[(String, Option<NodeNo>)],
        join: Option<NodeNo>,
        level: &Level,
        once: bool,
    ) -> Result<Vec<(String, Vec<Item>)>, Stop> {
        let mut arms = Vec::new();
        for (exit, target) in exits {
            let mut way = self.walk(*target, join, level, once)?;
            if target.is_none() && join.is_some() {
                way.extend(level.ending.map(|jump| Item::Jump(jump, None)));
            }
            arms.push((exit.clone(), way));
        }
        Ok(arms)
    }

    /// Whether nothing between `start` and `end` has been written elsewhere.
    fn is_closed(&self, start: NodeNo, end: Option<NodeNo>, level: &Level) -> bool {
        let inside = between(start, end, level);
        inside
            .iter()
            .all(|node| *node == start || !self.written.contains(node))
    }

    /// Everything from `start` up to `end` as a state machine.
    fn machine(&mut self, start: NodeNo, end: Option<NodeNo>, level: &Level) -> Result<Item, Stop> {
        let inside = between(start, end, level);
        let coming = |node: NodeNo| -> usize {
            let exits = inside
                .iter()
                .filter_map(|from| level.after.get(from))
                .flatten();
            exits.filter(|(_, target)| *target == Some(node)).count()
        };
        let is_branching =
            |node: NodeNo| level.after.get(&node).is_some_and(|exits| exits.len() > 1);
        // A state begins where ways meet or part.
        let begins = |node: NodeNo| {
            node == start
                || coming(node) > 1
                || inside.iter().any(|from| {
                    is_branching(*from)
                        && level.after[from]
                            .iter()
                            .any(|(_, target)| *target == Some(node))
                })
        };
        let firsts: Vec<NodeNo> = inside
            .iter()
            .copied()
            .filter(|node| begins(*node))
            .collect();
        let (id, kind) = (
            self.graph.nodes[start].id.clone(),
            self.graph.nodes[start].kind.clone(),
        );
        self.report.about(
            Weight::Look,
            (&id, &kind),
            "the ways from here cross each other; they became the states of a state machine",
        );
        let place = |target: Option<NodeNo>| {
            target.and_then(|target| firsts.iter().position(|first| *first == target))
        };
        let mut states = Vec::new();
        for first in &firsts {
            let mut items = Vec::new();
            let mut node = *first;
            let exits = loop {
                let now = if self.written.insert(node) {
                    node
                } else {
                    self.copy(node)?
                };
                let exits = level.after.get(&node).cloned().unwrap_or_default();
                if exits.len() > 1 {
                    if self.graph.kind(node) == "RetryNode" {
                        let retry = self.retry(now)?;
                        items.push(retry);
                    }
                    break exits
                        .into_iter()
                        .map(|(exit, target)| (Some((now, exit)), place(target)))
                        .collect();
                }
                items.push(self.single(now)?);
                match exits.first().and_then(|(_, target)| *target) {
                    Some(next) if place(Some(next)).is_none() && Some(next) != end => node = next,
                    Some(next) => break vec![(None, place(Some(next)))],
                    None => {
                        if end.is_some() && !self.is_terminal(node) {
                            items.extend(level.ending.map(|jump| Item::Jump(jump, None)));
                        }
                        break Vec::new();
                    }
                }
            };
            states.push(State {
                first: *first,
                items,
                exits,
            });
        }
        Ok(Item::Machine(states))
    }
}

pub(crate) fn is_error_exit(exit: &str) -> bool {
    matches!(exit, "error" | "exec_error" | "on_error" | "fallback")
}

//! Where branches meet again.

use std::collections::{HashMap, HashSet};

use super::{Jump, Level};
use crate::casarerpa::graph::NodeNo;

/// The nodes from `start` up to `end`, in the order of the flow.
pub(super) fn between(start: NodeNo, end: Option<NodeNo>, level: &Level) -> Vec<NodeNo> {
    let mut inside = Vec::new();
    let mut seen = HashSet::new();
    let mut todo = vec![start];
    while let Some(node) = todo.pop() {
        if Some(node) == end || !seen.insert(node) {
            continue;
        }
        inside.push(node);
        let exits = level.after.get(&node).into_iter().flatten();
        todo.extend(exits.rev().filter_map(|(_, target)| *target));
    }
    inside
}

/// The nodes from which a way leads back to themselves.
pub(super) fn circular(
    after: &HashMap<NodeNo, Vec<(String, Option<NodeNo>)>>,
    order: &[NodeNo],
) -> HashSet<NodeNo> {
    // In reverse order of leaving, every way leads forward, unless there is a circle.
    let place: HashMap<NodeNo, usize> = order
        .iter()
        .rev()
        .enumerate()
        .map(|(at, node)| (*node, at))
        .collect();
    let mut circular = HashSet::new();
    for (from, exits) in after {
        for to in exits.iter().filter_map(|(_, target)| *target) {
            if place[&to] > place[from] {
                continue;
            }
            // A way back: everything between is on a circle.
            let mut todo = vec![to];
            let mut seen = HashSet::new();
            while let Some(node) = todo.pop() {
                if seen.insert(node) {
                    todo.extend(after[&node].iter().filter_map(|(_, target)| *target));
                }
            }
            // Those of them that lead to `from`.
            circular.extend(leading_to(*from, &seen, after));
        }
    }
    circular
}

pub(super) fn leading_to(
    goal: NodeNo,
    among: &HashSet<NodeNo>,
    after: &HashMap<NodeNo, Vec<(String, Option<NodeNo>)>>,
) -> HashSet<NodeNo> {
    let mut found = HashSet::from([goal]);
    loop {
        let before = found.len();
        for node in among {
            let leads = after[node].iter().filter_map(|(_, target)| *target);
            if leads.into_iter().any(|target| found.contains(&target)) {
                found.insert(*node);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// Where the ways of each branching node join: the nearest node that most of them lead through.
pub(super) fn joins(
    after: &HashMap<NodeNo, Vec<(String, Option<NodeNo>)>>,
    order: &[NodeNo],
    ending: Option<Jump>,
    is_terminal: impl Fn(NodeNo) -> bool,
) -> HashMap<NodeNo, Option<NodeNo>> {
    let mut join: HashMap<NodeNo, Option<NodeNo>> = HashMap::new();
    // Nodes come after all that follow them.
    for node in order {
        let exits = &after[node];
        let found = match exits.as_slice() {
            [] => None,
            [(_, one)] => *one,
            several => common(several, &join, ending, &is_terminal),
        };
        join.insert(*node, found);
    }
    join
}

pub(super) fn common(
    exits: &[(String, Option<NodeNo>)],
    join: &HashMap<NodeNo, Option<NodeNo>>,
    ending: Option<Jump>,
    is_terminal: &impl Fn(NodeNo) -> bool,
) -> Option<NodeNo> {
    let chains: Vec<Vec<NodeNo>> = exits
        .iter()
        .map(|(_, target)| {
            let mut chain = Vec::new();
            let mut node = *target;
            while let Some(now) = node.filter(|now| !chain.contains(now)) {
                chain.push(now);
                node = join.get(&now).copied().flatten();
            }
            chain
        })
        .collect();
    let through = |node: NodeNo| chains.iter().filter(|chain| chain.contains(&node)).count();
    // A way that ends for good does not count; one that just stops does, unless it can say so.
    let dies = |chain: &Vec<NodeNo>| chain.last().is_some_and(|last| is_terminal(*last));
    let alive = chains.iter().filter(|chain| !dies(chain)).count();
    let mut best: Option<(usize, NodeNo)> = None;
    for chain in &chains {
        for node in chain {
            let count = through(*node);
            if best.is_none_or(|(most, _)| count > most) {
                best = Some((count, *node));
            }
        }
    }
    let (count, node) = best?;
    if count >= 2 {
        let all = count >= alive;
        return (all || ending.is_some()).then_some(node);
    }
    // One way goes on, the others end: what follows needs no nesting.
    let living: Vec<&Vec<NodeNo>> = chains.iter().filter(|chain| !dies(chain)).collect();
    match living.as_slice() {
        [one] if chains.len() > 1 => one.first().copied(),
        _ => {
            let longest = living.iter().max_by_key(|chain| chain.len())?;
            (ending.is_some() && longest.len() > 12).then(|| longest.first().copied())?
        }
    }
}

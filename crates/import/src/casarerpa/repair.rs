//! Puts a graph in order: no reroutes, one wire an output, loops paired, one entry.

use super::graph::{ESCAPE, FAN, Graph, NodeNo, Wire};
use crate::{
    library::{self, Form},
    report::{Report, Weight},
};

/// Repairs `graph`; answers where it starts.
pub(crate) fn repair(graph: &mut Graph, report: &mut Report) -> Option<NodeNo> {
    collapse_reroutes(graph);
    pair_loops(graph, report);
    drop_back_wires(graph);
    let entries = entries(graph, report);
    pull_in(graph, &entries, report);
    let entry = match entries.as_slice() {
        [] => None,
        [one] => Some(*one),
        several => {
            let fan = graph.invent(FAN);
            for (place, entry) in several.iter().enumerate() {
                graph.connect(fan, &(place + 1).to_string(), *entry);
            }
            Some(fan)
        }
    };
    leave_loops(graph);
    fan_out(graph);
    entry
}

/// Wires through reroutes become wires between the nodes at their ends.
fn collapse_reroutes(graph: &mut Graph) {
    let reroutes: Vec<NodeNo> = (0..graph.nodes.len())
        .filter(|node| graph.kind(*node) == "RerouteNode")
        .collect();
    for reroute in reroutes {
        let coming: Vec<Wire> = graph
            .wires
            .iter()
            .filter(|w| w.to == reroute)
            .cloned()
            .collect();
        let going: Vec<Wire> = graph
            .wires
            .iter()
            .filter(|w| w.from == reroute)
            .cloned()
            .collect();
        graph
            .wires
            .retain(|wire| wire.to != reroute && wire.from != reroute);
        for from in &coming {
            for to in &going {
                let is_flow = from.is_flow || to.is_flow || {
                    let exits = library::original(graph.kind(from.from));
                    exits.is_some_and(|original| original.exits.contains(&from.out))
                };
                let wire = Wire {
                    from: from.from,
                    out: from.out.clone(),
                    to: to.to,
                    into: to.into.clone(),
                    is_flow,
                };
                if wire.from != wire.to && !graph.wires.contains(&wire) {
                    graph.wires.push(wire);
                }
            }
        }
    }
}

/// The pairs of a graph: what begins and what ends.
const PAIRS: [(&str, &str); 2] = [
    ("ForLoopStartNode", "ForLoopEndNode"),
    ("WhileLoopStartNode", "WhileLoopEndNode"),
];

fn pair_loops(graph: &mut Graph, report: &mut Report) {
    for (start, end) in PAIRS {
        let starts = of_kind(graph, start);
        let mut free: Vec<NodeNo> = Vec::new();
        let mut taken: Vec<NodeNo> = Vec::new();
        for end in of_kind(graph, end) {
            match named(graph, end, "paired_start_id").filter(|found| starts.contains(found)) {
                Some(start) if !taken.contains(&start) => taken.push(start),
                _ => free.push(end),
            }
        }
        // The innermost loop first: the one whose body is smallest.
        let mut open: Vec<(usize, NodeNo, NodeNo)> = Vec::new();
        for start in starts.iter().filter(|start| !taken.contains(start)) {
            let body = graph.reach(&body_entries(graph, *start), &[*start]);
            for (distance, node) in body.iter().enumerate() {
                if free.contains(node) {
                    open.push((distance, *start, *node));
                }
            }
        }
        open.sort_unstable();
        let mut paired: Vec<NodeNo> = Vec::new();
        for (_, start, end) in open {
            if taken.contains(&start) || paired.contains(&end) {
                continue;
            }
            taken.push(start);
            paired.push(end);
            let id = graph.nodes[start].id.clone();
            let config = &mut graph.nodes[end].config;
            config.insert("paired_start_id".to_owned(), id.clone().into());
            let (at, kind) = (graph.nodes[end].id.clone(), graph.nodes[end].kind.clone());
            report.about(
                Weight::Look,
                (&at, &kind),
                format!("it named no loop; it was taken for the end of `{id}`"),
            );
        }
    }
}

pub(crate) fn body_entries(graph: &Graph, start: NodeNo) -> Vec<NodeNo> {
    graph.flow(start, "body").collect()
}

fn of_kind(graph: &Graph, kind: &str) -> Vec<NodeNo> {
    (0..graph.nodes.len())
        .filter(|node| graph.kind(*node) == kind)
        .collect()
}

/// The node that a setting of `node` names.
pub(crate) fn named(graph: &Graph, node: NodeNo, setting: &str) -> Option<NodeNo> {
    graph.find(graph.nodes[node].config.get(setting)?.as_str()?)
}

/// The end of a loop.
pub(crate) fn end_of(graph: &Graph, start: NodeNo) -> Option<NodeNo> {
    let is_end = |node: &NodeNo| {
        graph.kind(*node).ends_with("LoopEndNode")
            && named(graph, *node, "paired_start_id") == Some(start)
    };
    (0..graph.nodes.len()).find(is_end)
}

pub(crate) fn is_loop(kind: &str) -> bool {
    matches!(
        kind,
        "ForLoopStartNode" | "WhileLoopStartNode" | "ParallelForEachNode"
    )
}

/// The end of a loop jumps back by itself; wires that draw it are left out.
fn drop_back_wires(graph: &mut Graph) {
    let loops: Vec<(NodeNo, NodeNo)> = (0..graph.nodes.len())
        .filter(|node| is_loop(graph.kind(*node)))
        .filter_map(|start| Some((start, end_of(graph, start)?)))
        .collect();
    graph.wires.retain(|wire| {
        !loops
            .iter()
            .any(|(start, end)| wire.from == *end && wire.to == *start)
    });
}

/// Where control goes after a loop.
pub(crate) fn after_loop(graph: &Graph, start: NodeNo) -> Option<NodeNo> {
    graph
        .next(start, "completed")
        .or_else(|| end_of(graph, start).and_then(|end| graph.next(end, "exec_out")))
        // Drawn without a body, a loop is passed through.
        .or_else(|| graph.next(start, "exec_out"))
}

fn is_trigger(kind: &str) -> bool {
    library::original(kind).is_some_and(|original| original.category == "triggers")
}

fn entries(graph: &Graph, report: &mut Report) -> Vec<NodeNo> {
    let fed = |node: NodeNo| {
        graph
            .wires
            .iter()
            .any(|wire| wire.is_flow && wire.to == node)
    };
    let starts = of_kind(graph, "StartNode");
    let mut entries: Vec<NodeNo> = starts.iter().copied().filter(|node| !fed(*node)).collect();
    let triggers =
        (0..graph.nodes.len()).filter(|node| is_trigger(graph.kind(*node)) && !fed(*node));
    entries.extend(triggers.filter(|node| !graph.exits(*node).is_empty()));
    if entries.len() > 1 {
        report.add(
            Weight::Changed,
            None,
            "several nodes start it; their branches now run one after the other",
        );
    }
    if entries.is_empty() {
        // As the original's loader does when there is no StartNode.
        let begins = |node: &NodeNo| {
            !fed(*node)
                && !matches!(
                    graph.kind(*node),
                    "CommentNode" | "SubflowInputNode" | "SubflowOutputNode"
                )
        };
        let mut found: Vec<NodeNo> = (0..graph.nodes.len()).filter(begins).collect();
        let has_wires = |node: &NodeNo| !graph.exits(*node).is_empty();
        if found.iter().any(has_wires) {
            // What only gives data is fetched by what needs it.
            found.retain(|node| has_wires(node) || !feeds_data(graph, *node));
        }
        entries = found;
        if entries.is_empty() && !graph.nodes.is_empty() {
            report.add(
                Weight::Look,
                None,
                "nothing starts it: every node comes after another one; it begins with the first",
            );
            entries.push(0);
        }
    }
    entries
}

fn feeds_data(graph: &Graph, node: NodeNo) -> bool {
    graph
        .wires
        .iter()
        .any(|wire| !wire.is_flow && wire.from == node)
}

/// A node that is only wired by data goes before the first node that needs it.
fn pull_in(graph: &mut Graph, entries: &[NodeNo], report: &mut Report) {
    for _ in 0..graph.nodes.len() {
        let mut reached = vec![false; graph.nodes.len()];
        for node in graph.reach(entries, &[]) {
            reached[node] = true;
        }
        let found = graph
            .wires
            .iter()
            .find(|wire| !wire.is_flow && reached[wire.to] && !reached[wire.from])
            .map(|wire| (wire.from, wire.to));
        let Some((giver, user)) = found else {
            break;
        };
        if library::original(graph.kind(giver)).is_none() && graph.nodes[giver].kind.is_empty() {
            break;
        }
        let (id, kind) = (
            graph.nodes[giver].id.clone(),
            graph.nodes[giver].kind.clone(),
        );
        if matches!(&*kind, "SubflowInputNode") {
            // It is no step: nothing has to run for it.
            graph.wires.iter_mut().for_each(|wire| {
                if wire.from == giver {
                    wire.is_flow = false;
                }
            });
            if !pulled_input(graph, giver) {
                break;
            }
            continue;
        }
        report.about(
            Weight::Changed,
            (&id, &kind),
            "it was only wired by data, so it never ran; now it runs before what needs it",
        );
        graph
            .wires
            .retain(|wire| !(wire.is_flow && wire.from == giver));
        let before: Vec<usize> = (0..graph.wires.len())
            .filter(|at| graph.wires[*at].is_flow && graph.wires[*at].to == user)
            .collect();
        if before.is_empty() {
            break;
        }
        for at in before {
            if let Some(wire) = graph.wires.get_mut(at) {
                wire.to = giver;
            }
        }
        graph.connect(giver, "exec_out", user);
    }
}

/// Turns the wires of a subflow's input into references; whether there were any.
fn pulled_input(graph: &mut Graph, giver: NodeNo) -> bool {
    let id = graph.nodes[giver].id.clone();
    let mut found = false;
    let wires = std::mem::take(&mut graph.wires);
    for wire in wires {
        if wire.from == giver {
            let text = format!("{{{{{id}.{}}}}}", wire.out);
            graph.nodes[wire.to].config.insert(wire.into, text.into());
            found = true;
        } else {
            graph.wires.push(wire);
        }
    }
    found
}

/// A path from inside a loop to what follows the loop leaves it.
fn leave_loops(graph: &mut Graph) {
    for start in 0..graph.nodes.len() {
        if !is_loop(graph.kind(start)) {
            continue;
        }
        let Some(after) = graph.next(start, "completed") else {
            continue;
        };
        let mut stops = vec![start, after];
        stops.extend(end_of(graph, start));
        let body: std::collections::HashSet<NodeNo> = graph
            .reach(&body_entries(graph, start), &stops)
            .into_iter()
            .collect();
        let leaving: Vec<usize> = (0..graph.wires.len())
            .filter(|at| {
                let wire = &graph.wires[*at];
                wire.is_flow && wire.to == after && body.contains(&wire.from)
            })
            .collect();
        for at in leaving {
            let escape = graph.invent(ESCAPE);
            let id = graph.nodes[start].id.clone();
            let config = &mut graph.nodes[escape].config;
            config.insert("paired_loop_start_id".to_owned(), id.into());
            graph.wires[at].to = escape;
        }
    }
}

/// Several wires from one output go through a node that stands for them.
fn fan_out(graph: &mut Graph) {
    for node in 0..graph.nodes.len() {
        if graph.kind(node) == FAN {
            continue;
        }
        let exits: Vec<String> = graph.exits(node).into_iter().map(str::to_owned).collect();
        for exit in exits {
            let targets: Vec<NodeNo> = graph.flow(node, &exit).collect();
            if targets.len() < 2 {
                continue;
            }
            graph
                .wires
                .retain(|wire| !(wire.is_flow && wire.from == node && wire.out == exit));
            let fan = graph.invent(FAN);
            graph.connect(node, &exit, fan);
            for (place, target) in targets.into_iter().enumerate() {
                graph.connect(fan, &(place + 1).to_string(), target);
            }
        }
    }
}

/// Whether the successor of a type closes something.
pub(crate) fn closes(kind: &str) -> Option<&'static str> {
    match &library::successor(kind)?.form {
        Form::Close(opener) => Some(opener),
        _ => None,
    }
}

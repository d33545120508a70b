//! Nodes that hold others.

use super::{Builder, COPIES, Item, Jump, Stop};
use crate::{
    ImportError,
    casarerpa::{
        graph::{ESCAPE, NodeNo},
        repair::{body_entries, end_of, is_loop},
    },
    report::Weight,
};

impl Builder<'_> {
    /// A node with one way on, and what belongs inside it.
    pub(super) fn single(&mut self, node: NodeNo) -> Result<Item, Stop> {
        match self.graph.kind(node).to_owned().as_str() {
            kind if is_loop(kind) => self.loop_of(node),
            "TryNode" => self.try_of(node),
            "ForkNode" => self.fork(node),
            "RetryNode" => self.retry(node),
            "OnErrorNode" => self.on_error(node),
            "BreakNode" | ESCAPE => Ok(Item::Jump(Jump::Break, Some(node))),
            "ContinueNode" => Ok(Item::Jump(Jump::Continue, Some(node))),
            _ => Ok(Item::Node(node)),
        }
    }

    pub(super) fn loop_of(&mut self, node: NodeNo) -> Result<Item, Stop> {
        let mut stops = vec![node];
        stops.extend(end_of(self.graph, node));
        stops.extend(self.graph.next(node, "completed"));
        let entry = body_entries(self.graph, node).first().copied();
        let has_end =
            end_of(self.graph, node).is_some() || self.graph.kind(node) == "ParallelForEachNode";
        if !has_end && entry.is_some() {
            let (id, kind) = (
                self.graph.nodes[node].id.clone(),
                self.graph.nodes[node].kind.clone(),
            );
            self.report.about(
                Weight::Changed,
                (&id, &kind),
                "it has no end, so its body ran once; now it runs for every pass",
            );
        }
        let body = self.region(entry, &stops, Some(Jump::Continue))?;
        Ok(Item::Loop { node, body })
    }

    pub(super) fn try_of(&mut self, node: NodeNo) -> Result<Item, Stop> {
        let (catch, finally) = self.parts_of_try(node);
        let after = self.after_try(node);
        let stops: Vec<NodeNo> = [Some(node), catch, finally, after]
            .into_iter()
            .flatten()
            .collect();
        let entry = self
            .graph
            .next(node, "try_body")
            .or_else(|| self.graph.next(node, "exec_out"));
        let body = self.region(entry, &stops, None)?;
        let part = |this: &mut Self, part: Option<NodeNo>, exit: &str| {
            let Some(part) = part.filter(|part| !this.written.contains(part)) else {
                return Ok(None);
            };
            this.written.insert(part);
            let entry = this.graph.next(part, exit);
            Ok::<_, Stop>(Some((part, this.region(entry, &stops, None)?)))
        };
        let catch = part(self, catch, "catch_body")?;
        let finally = part(self, finally, "finally_body")?;
        Ok(Item::Try {
            node,
            body,
            catch,
            finally,
        })
    }

    pub(super) fn on_error(&mut self, node: NodeNo) -> Result<Item, Stop> {
        let [body, catch, finally] =
            ["protected_body", "on_error", "finally"].map(|exit| self.graph.next(node, exit));
        let stops: Vec<NodeNo> = [
            Some(node),
            self.graph.next(node, "exec_out"),
            body,
            catch,
            finally,
        ]
        .into_iter()
        .flatten()
        .collect();
        let mut part = |entry: Option<NodeNo>| {
            let others: Vec<NodeNo> = stops
                .iter()
                .copied()
                .filter(|stop| Some(*stop) != entry)
                .collect();
            self.region(entry, &others, None)
        };
        let (body, catch, finally) = (part(body)?, part(catch)?, part(finally)?);
        Ok(Item::Try {
            node,
            body,
            catch: (!catch.is_empty()).then_some((node, catch)),
            finally: (!finally.is_empty()).then_some((node, finally)),
        })
    }

    pub(super) fn fork(&mut self, node: NodeNo) -> Result<Item, Stop> {
        let join = self.join_of(node);
        let stops: Vec<NodeNo> = [Some(node), join].into_iter().flatten().collect();
        let exits: Vec<(String, NodeNo)> = self
            .graph
            .exits(node)
            .into_iter()
            .filter_map(|exit| Some((exit.to_owned(), self.graph.next(node, exit)?)))
            .collect();
        let mut branches = Vec::new();
        for (exit, entry) in exits {
            let branch = self.region(Some(entry), &stops, None)?;
            branches.push((exit, branch));
        }
        Ok(Item::Parallel {
            node,
            join,
            branches,
        })
    }

    pub(super) fn retry(&mut self, node: NodeNo) -> Result<Item, Stop> {
        let ways = ["success", "failed", "exec_out"].map(|exit| self.graph.next(node, exit));
        let mut stops: Vec<NodeNo> = ways.into_iter().flatten().collect();
        stops.push(node);
        let entry = self.graph.next(node, "retry_body");
        let body = self.region(entry, &stops, None)?;
        Ok(Item::Retry { node, body })
    }

    pub(super) fn copy(&mut self, node: NodeNo) -> Result<NodeNo, Stop> {
        self.copies += 1;
        if self.copies > COPIES {
            return Err(Stop::Failed(ImportError::TooTangled));
        }
        let (id, kind) = (
            self.graph.nodes[node].id.clone(),
            self.graph.nodes[node].kind.clone(),
        );
        self.report.about(
            Weight::Look,
            (&id, &kind),
            "two ways lead to it that never join; it stands in both",
        );
        let mut copy = self.graph.nodes[node].clone();
        copy.copy_of = Some(node);
        copy.id = format!("{}_{}", copy.id, self.graph.nodes.len());
        self.graph.nodes.push(copy);
        Ok(self.graph.nodes.len() - 1)
    }
}

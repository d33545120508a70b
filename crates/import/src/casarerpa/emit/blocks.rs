//! Blocks around other nodes: try, retry, branches side by side, states, subflows.

use super::{EMPTY_FORM, SILENT, setting_of};
use casare_workflow::{Block, Step};
use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use crate::{
    casarerpa::{
        flow::{Item, State},
        graph::NodeNo,
        names::{Context, Reader, sanitized},
        settings::cast::span,
    },
    expression::Val,
    report::Weight,
};

impl Context<'_> {
    pub(super) fn try_step(
        &self,
        node: NodeNo,
        body: &[Item],
        catch: Option<&(NodeNo, Vec<Item>)>,
        finally: Option<&(NodeNo, Vec<Item>)>,
    ) -> Vec<Step> {
        let inner = self.steps(body);
        let caught = catch.map(|(part, items)| {
            self.note_types(*part);
            let mut steps = self.caught_values(*part);
            steps.extend(self.steps(items));
            steps
        });
        let last = finally
            .map(|(_, items)| self.steps(items))
            .filter(|steps| !steps.is_empty());
        if inner.is_empty() && last.is_none() {
            self.remark(
                Weight::Look,
                node,
                "nothing is tried in it; it was left out",
            );
            return Vec::new();
        }
        if caught.is_none() && last.is_none() {
            self.remark(
                Weight::Look,
                node,
                "it has neither catch nor finally; an error goes on",
            );
            return inner;
        }
        let mut step = self.step(node, "flow.try");
        step.blocks.insert("do".to_owned(), Block::Steps(inner));
        if let Some(mut caught) = caught {
            if caught.is_empty() {
                caught.push(Self::bare(
                    "log.write",
                    json!({ "level": "warn", "message": "{{ error.message }}" }),
                ));
            }
            step.blocks.insert("catch".to_owned(), Block::Steps(caught));
        }
        if let Some(last) = last {
            step.blocks.insert("finally".to_owned(), Block::Steps(last));
        }
        vec![step]
    }

    pub(super) fn note_types(&self, catch: NodeNo) {
        let types = self.graph.nodes[catch]
            .config
            .get("error_types")
            .and_then(Json::as_str);
        if let Some(types) = types.filter(|types| !types.trim().is_empty()) {
            self.remark(
                Weight::Changed,
                catch,
                format!(
                    "it caught only `{types}`, names of Python's errors; now it catches every error"
                ),
            );
        }
    }

    pub(super) fn caught_values(&self, catch: NodeNo) -> Vec<Step> {
        let mut values = Map::new();
        for (giver, port) in self.exports.borrow().iter() {
            if *giver != catch {
                continue;
            }
            let value = match &**port {
                "error_message" => "{{ error.message }}",
                "error_type" => "{{ error.kind }}",
                "error_node" => "{{ error.step }}",
                _ => "{{ error.path }}",
            };
            values.insert(self.export_name(catch, port), value.into());
        }
        setting_of(values).into_iter().collect()
    }

    pub(super) fn parallel(&self, node: NodeNo, branches: &[(String, Vec<Item>)]) -> Vec<Step> {
        let mut named = IndexMap::new();
        for (exit, items) in branches {
            let steps = self.steps(items);
            if !steps.is_empty() {
                named.insert(sanitized(exit), steps);
            }
        }
        if named.is_empty() {
            return Vec::new();
        }
        self.remark(
            Weight::Changed,
            node,
            "the branches share the variables, and the first that fails stops the others",
        );
        let mut step = self.step(node, "flow.parallel");
        step.blocks
            .insert("branches".to_owned(), Block::Named(named));
        vec![step]
    }

    pub(super) fn retry_step(&self, node: NodeNo, body: &[Item]) -> Vec<Step> {
        let inner = self.steps(body);
        if inner.is_empty() {
            self.remark(
                Weight::Look,
                node,
                "nothing is repeated in it; it was left out",
            );
            return Vec::new();
        }
        let (form, reader) = (&*EMPTY_FORM, self.reader(node));
        let mut step = self.step(node, "flow.retry");
        let one = |name: &str, cast: &str| {
            self.pattern(&json!(format!("${name}:{cast}")), node, form, None, reader)
        };
        let attempts = one("max_attempts", "int").or_else(|| one("max_retries", "int"));
        step.with.insert(
            "attempts".to_owned(),
            attempts.map_or(json!(3), |value| value.setting()),
        );
        if let Some(delay) = one("initial_delay", "s") {
            step.with.insert("delay".to_owned(), delay.setting());
        }
        if let Some(backoff) = one("backoff_multiplier", "num") {
            step.with.insert("backoff".to_owned(), backoff.setting());
        }
        step.with.insert("jitter".to_owned(), false.into());
        // The original repeats whatever the error is.
        step.with.insert(
            "on".to_owned(),
            json!([
                "not_found",
                "timeout",
                "invalid",
                "denied",
                "unavailable",
                "conflict",
                "business",
                "bug"
            ]),
        );
        step.blocks.insert("do".to_owned(), Block::Steps(inner));
        let has_ways = ["success", "failed"]
            .iter()
            .any(|exit| self.graph.next(node, exit).is_some());
        if !has_ways {
            return vec![step];
        }
        let caught = Self::bare(
            "log.write",
            json!({ "level": "warn", "message": "{{ error.message }}" }),
        );
        let mut around = Self::bare("flow.try", Json::Null);
        around.id = Some(self.outcome(node));
        around
            .blocks
            .insert("do".to_owned(), Block::Steps(vec![step]));
        around
            .blocks
            .insert("catch".to_owned(), Block::Steps(vec![caught]));
        vec![around]
    }

    pub(super) fn machine(&self, states: &[State]) -> Step {
        let name = |place: usize| {
            states.get(place).map_or_else(
                || "end".to_owned(),
                |state| {
                    let node = &self.graph.nodes[state.first];
                    if node.step.is_empty() {
                        format!("state_{place}")
                    } else {
                        node.step.clone()
                    }
                },
            )
        };
        let mut blocks: IndexMap<String, Vec<Step>> = IndexMap::new();
        let mut transitions = Vec::new();
        let mut needs_end = false;
        for (place, state) in states.iter().enumerate() {
            let mut steps = self.steps(&state.items);
            if let Some((Some((node, _)), _)) = state.exits.first() {
                steps.extend(self.deciding(*node).0);
            }
            let last = state.exits.len().saturating_sub(1);
            for (at, (exit, target)) in state.exits.iter().enumerate() {
                if target.is_none() && at == last {
                    continue;
                }
                needs_end |= target.is_none();
                let mut transition = json!({
                    "from": name(place),
                    "to": target.map_or_else(|| "end".to_owned(), name),
                });
                if let (Some((node, exit)), true) = (exit, at < last) {
                    transition["when"] = self.decision(*node, exit).setting();
                }
                transitions.push(transition);
            }
            blocks.insert(name(place), steps);
        }
        if needs_end {
            blocks.insert("end".to_owned(), Vec::new());
        }
        let mut step = Self::bare("flow.state_machine", Json::Null);
        step.with.insert("start".to_owned(), name(0).into());
        step.with
            .insert("transitions".to_owned(), transitions.into());
        step.blocks
            .insert("states".to_owned(), Block::Named(blocks));
        step
    }

    pub(super) fn scope(&self, node: NodeNo, body: &[Item]) -> Vec<Step> {
        let inner = self.steps(body);
        let mut steps = self.by_successor(node, self.reader(node));
        if let Some(step) = steps.first_mut() {
            step.blocks.insert("do".to_owned(), Block::Steps(inner));
        }
        steps
    }

    pub(super) fn call(&self, node: NodeNo, reader: Reader) -> Vec<Step> {
        let config = &self.graph.nodes[node].config;
        let named = [
            "subflow_id",
            "subworkflow_id",
            "subflow_path",
            "workflow_path",
            "subflow_name",
        ];
        let file = named
            .iter()
            .filter_map(|name| config.get(*name)?.as_str())
            .find_map(|name| {
                let name = name.replace('\\', "/");
                let last = name
                    .rsplit('/')
                    .next()
                    .unwrap_or_default()
                    .trim_end_matches(".json")
                    .to_owned();
                self.siblings
                    .get(&name)
                    .or_else(|| self.siblings.get(&last))
                    .cloned()
            });
        let Some(file) = file else {
            let which = named.iter().find_map(|name| config.get(*name)?.as_str());
            let which = which
                .filter(|which| !which.is_empty())
                .unwrap_or("no workflow");
            return vec![self.missing(
                node,
                &format!("it calls `{which}`, which is not among the imported files; import them together"),
            )];
        };
        let mut inputs = Map::new();
        for wire in &self.graph.wires {
            if wire.to == node
                && !wire.is_flow
                && let Some(code) = self.output(wire.from, &wire.out, reader)
            {
                inputs.insert(sanitized(&wire.into), Val::Code(code).setting());
            }
        }
        for (name, value) in config {
            let is_own = named.contains(&&**name)
                || SILENT.contains(&&**name)
                || matches!(
                    &**name,
                    "execution_mode"
                        | "timeout_seconds"
                        | "wait_for_result"
                        | "poll_interval"
                        | "wait_for_completion"
                        | "promoted_values"
                );
            if !is_own {
                let value = self.value(value, reader).setting();
                inputs.entry(sanitized(name)).or_insert(value);
            }
        }
        if config.get("execution_mode").and_then(Json::as_str) == Some("async") {
            self.remark(
                Weight::Changed,
                node,
                "it is waited for; the original did not wait",
            );
        }
        let mut step = self.step(node, "flow.call");
        step.with
            .insert("workflow".to_owned(), relative(self.target, &file).into());
        if !inputs.is_empty() {
            step.with.insert("inputs".to_owned(), inputs.into());
        }
        if let Some(seconds) = config.get("timeout_seconds").and_then(Json::as_f64) {
            step.timeout = span(seconds * 1000.0).parse().ok();
        }
        vec![step]
    }
}

/// The path of `to` as the workflow in `from` writes it.
pub(super) fn relative(from: &str, to: &str) -> String {
    let folder = |path: &str| -> Vec<String> {
        let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
        parts.pop();
        parts
    };
    let (from, target) = (folder(from), folder(to));
    let same = from.iter().zip(&target).take_while(|(a, b)| a == b).count();
    let mut path: Vec<String> = vec!["..".to_owned(); from.len() - same];
    path.extend(target[same..].iter().cloned());
    path.extend(to.rsplit('/').next().map(str::to_owned));
    path.join("/")
}

//! Loops.

use super::{EMPTY_FORM, setting_of};
use casare_workflow::{Block, Step};
use serde_json::{Map, Value as Json, json};

use crate::{
    casarerpa::{
        flow::Item,
        graph::NodeNo,
        names::{Context, Reader},
    },
    expression::{Code, Kind, Val},
    report::Weight,
};

impl Context<'_> {
    pub(super) fn loop_step(&self, node: NodeNo, body: &[Item]) -> Step {
        let reader = self.reader(node);
        let mut inner = self.at_start_of_body(node);
        inner.extend(self.steps(body));
        if self.graph.kind(node) == "WhileLoopStartNode" {
            return self.while_step(node, inner, reader);
        }
        let mut step = self.step(node, "flow.for_each");
        step.with
            .insert("items".to_owned(), self.items_of(node, reader).setting());
        if let Some(name) = self.items.get(&node).filter(|name| **name != "item") {
            step.with.insert("as".to_owned(), name.as_str().into());
        }
        if self.graph.kind(node) == "ParallelForEachNode" {
            let config = &self.graph.nodes[node].config;
            let size = config.get("batch_size").and_then(Json::as_u64).unwrap_or(5);
            step.with
                .insert("parallel".to_owned(), size.clamp(1, 1000).into());
            self.remark(
                Weight::Changed,
                node,
                "passes run side by side without waiting for the others of their batch; the first that fails stops the rest",
            );
        }
        step.blocks.insert("do".to_owned(), Block::Steps(inner));
        step
    }

    /// Variables for what a loop tells and what is read where it can't be seen.
    pub(super) fn at_start_of_body(&self, node: NodeNo) -> Vec<Step> {
        let item = self
            .items
            .get(&node)
            .cloned()
            .unwrap_or_else(|| "item".to_owned());
        let by_key = self.goes_by_key(node);
        let mut values = Map::new();
        for (giver, port) in self.exports.borrow().iter() {
            if *giver != node {
                continue;
            }
            let value = match &**port {
                "current_item" if by_key => format!("{{{{ {item}.value }}}}"),
                "current_item" => format!("{{{{ {item} }}}}"),
                "current_key" => format!("{{{{ {item}.key }}}}"),
                _ => "{{ loop.index0 }}".to_owned(),
            };
            values.insert(self.export_name(node, port), value.into());
        }
        setting_of(values).into_iter().collect()
    }

    pub(super) fn items_of(&self, node: NodeNo, reader: Reader) -> Val {
        let form = &*EMPTY_FORM;
        let config = &self.graph.nodes[node].config;
        let number = |name: &str, default: i64| -> String {
            self.pattern(&json!(format!("${name}:num")), node, form, None, reader)
                .unwrap_or(Val::Literal(default.into()))
                .code()
                .text
        };
        let range = || {
            let (start, end, step) = (number("start", 0), number("end", 10), number("step", 1));
            let whole = |text: &str| text.strip_suffix(".0").unwrap_or(text).to_owned();
            let (start, end, step) = (whole(&start), whole(&end), whole(&step));
            let text = match (&*start, &*step) {
                ("0", "1") => format!("range({end})"),
                (_, "1") => format!("range({start}, {end})"),
                _ => format!("range({start}, {end}, {step})"),
            };
            Val::Code(Code::atom(text, Kind::List))
        };
        if config.get("mode").and_then(Json::as_str) == Some("range") {
            return range();
        }
        if let Some(items) = self
            .setting(node, "items", form, None, reader)
            .filter(|value| !value.is_empty())
        {
            return match items {
                Val::Literal(Json::String(text)) => match serde_json::from_str(&text) {
                    Ok(list @ (Json::Array(_) | Json::Object(_))) => Val::Literal(list),
                    _ => Val::Literal(
                        text.chars()
                            .map(|letter| Json::String(letter.to_string()))
                            .collect(),
                    ),
                },
                Val::Literal(one @ (Json::Number(_) | Json::Bool(_))) => Val::Literal(json!([one])),
                Val::Code(code) if code.kind == Kind::Text => {
                    Val::Code(code.filter("list", Kind::List))
                }
                other => other,
            };
        }
        let list = config.get("list_var").and_then(Json::as_str).map(str::trim);
        if let Some(list) = list.filter(|list| !list.is_empty())
            && let Some(code) = self.resolve(list, reader)
        {
            return Val::Code(code);
        }
        self.remark(
            Weight::Look,
            node,
            "it has no list; it counts from `start` to `end`, as in the original",
        );
        range()
    }

    pub(super) fn while_step(&self, node: NodeNo, inner: Vec<Step>, reader: Reader) -> Step {
        let mut step = self.step(node, "flow.while");
        let condition = self
            .condition(
                &["condition", "expression"],
                node,
                &EMPTY_FORM,
                None,
                reader,
            )
            .unwrap_or_else(|| {
                self.remark(
                    Weight::Look,
                    node,
                    "it has no condition, which counts as false",
                );
                Val::Literal(false.into())
            });
        let condition = match condition {
            Val::Literal(Json::Bool(value)) => {
                Val::Code(Code::atom(value.to_string(), Kind::Boolean))
            }
            other => other,
        };
        step.with
            .insert("condition".to_owned(), condition.setting());
        let limit = self.graph.nodes[node]
            .config
            .get("max_iterations")
            .and_then(Json::as_u64);
        if let Some(limit) = limit.filter(|limit| *limit > 0) {
            step.with.insert("max_passes".to_owned(), limit.into());
            if limit != 1000 {
                self.remark(
                    Weight::Changed,
                    node,
                    format!("after {limit} passes it fails; the original just went on"),
                );
            }
        }
        step.blocks.insert("do".to_owned(), Block::Steps(inner));
        step
    }
}

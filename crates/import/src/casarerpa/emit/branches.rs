//! Branches, switches and jumps.

use super::EMPTY_FORM;
use casare_workflow::{Block, Step};
use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use crate::{
    casarerpa::{
        flow::{Item, Jump, is_error_exit},
        graph::{ESCAPE, NodeNo},
        names::Context,
    },
    expression::{Binding, Code, Kind, Val, quoted, truth},
    report::Weight,
};

impl Context<'_> {
    pub(super) fn jump(&self, jump: Jump, node: Option<NodeNo>) -> Vec<Step> {
        let uses = match jump {
            Jump::Break => "flow.break",
            Jump::Continue => "flow.continue",
            Jump::Return => "flow.return",
        };
        let Some(node) = node else {
            return vec![Self::bare(uses, Json::Null)];
        };
        let place = self.reader(node).place;
        let around = self.places.loops(place, self.graph);
        let wanted = crate::casarerpa::repair::named(self.graph, node, "paired_loop_start_id");
        if around.is_empty() {
            self.remark(Weight::Look, node, "no loop is around it; it was left out");
            return Vec::new();
        }
        if let Some(wanted) = wanted.filter(|wanted| around.first() != Some(wanted)) {
            let id = &self.graph.nodes[wanted].id;
            self.remark(
                Weight::Changed,
                node,
                format!("it leaves `{id}`, which is not the innermost loop; here only the innermost is left"),
            );
        }
        if self.graph.kind(node) == ESCAPE {
            return vec![Self::bare(uses, Json::Null)];
        }
        vec![self.step(node, uses)]
    }

    pub(super) fn branch(&self, node: NodeNo, arms: &[(String, Vec<Item>)]) -> Vec<Step> {
        let (mut before, own) = self.deciding(node);
        let blocks: Vec<(&str, Vec<Step>)> = arms
            .iter()
            .map(|(exit, items)| (&**exit, self.steps(items)))
            .collect();
        if blocks.iter().all(|(_, steps)| steps.is_empty()) {
            return before;
        }
        if self.graph.kind(node) == "SwitchNode" {
            before.push(self.switch(node, blocks));
            return before;
        }
        let mut rest = blocks.into_iter();
        let Some((first_exit, mut then)) = rest.next() else {
            return before;
        };
        let Some((_, mut other)) = rest.next() else {
            before.append(&mut then);
            return before;
        };
        // More than two ways from something else than a switch: one after the other.
        for (_, mut more) in rest {
            other.append(&mut more);
        }
        let mut condition = self.decision(node, first_exit);
        if then.is_empty() {
            std::mem::swap(&mut then, &mut other);
            condition = negated(condition);
        }
        let mut step = if own {
            self.step(node, "flow.if")
        } else {
            Self::bare("flow.if", Json::Null)
        };
        step.with
            .insert("condition".to_owned(), condition.setting());
        step.blocks.insert("then".to_owned(), Block::Steps(then));
        if !other.is_empty() {
            step.blocks.insert("else".to_owned(), Block::Steps(other));
        }
        before.push(step);
        before
    }

    /// What runs before a node decides, and whether the deciding step is the node's own.
    pub(super) fn deciding(&self, node: NodeNo) -> (Vec<Step>, bool) {
        match self.graph.kind(node) {
            "IfNode" | "SwitchNode" => (Vec::new(), true),
            "RetryNode" => (Vec::new(), false),
            "ValidateNode" => (self.by_successor(node, self.reader(node)), false),
            _ => {
                let steps = self.node(node);
                let caught = Self::bare(
                    "log.write",
                    json!({ "level": "warn", "message": "{{ error.message }}" }),
                );
                let mut step = Self::bare("flow.try", Json::Null);
                step.id = Some(self.outcome(node));
                step.blocks.insert("do".to_owned(), Block::Steps(steps));
                step.blocks
                    .insert("catch".to_owned(), Block::Steps(vec![caught]));
                (vec![step], false)
            }
        }
    }

    /// The id of the try around a node that tells failure by an output.
    pub(super) fn outcome(&self, node: NodeNo) -> String {
        format!("{}_outcome", self.graph.nodes[node].step)
    }

    /// Whether control leaves `node` by `exit`.
    pub(super) fn decision(&self, node: NodeNo, exit: &str) -> Val {
        let reader = self.reader(node);
        let step = &self.graph.nodes[node].step;
        match self.graph.kind(node) {
            "IfNode" => {
                let form = &*EMPTY_FORM;
                let value = self
                    .condition(&["condition", "expression"], node, form, None, reader)
                    .unwrap_or_else(|| {
                        self.remark(
                            Weight::Look,
                            node,
                            "it has no condition, which counts as false",
                        );
                        Val::Literal(false.into())
                    });
                if exit == "true" {
                    value
                } else {
                    negated(value)
                }
            }
            "ValidateNode" => {
                let name = self.value_name(node, "is_valid", true);
                let code = Code::atom(format!("vars.{name}"), Kind::Boolean);
                let value = Val::Code(code);
                if exit == "valid" {
                    value
                } else {
                    negated(value)
                }
            }
            "RetryNode" => {
                let code = Code::atom(
                    format!("steps.{}.caught", self.outcome(node)),
                    Kind::Boolean,
                );
                let value = Val::Code(code);
                if exit == "failed" {
                    value
                } else {
                    negated(value)
                }
            }
            "SwitchNode" => {
                let value = self.switched(node).code();
                let name = self.case_name(node, exit);
                let text = format!(
                    "{} == {}",
                    value.filter("string", Kind::Text).operand(Binding::Sum),
                    quoted(&name)
                );
                Val::Code(Code::new(text, Kind::Boolean, Binding::Comparison))
            }
            _ => {
                let _ = step;
                let code = Code::atom(
                    format!("steps.{}.caught", self.outcome(node)),
                    Kind::Boolean,
                );
                let value = Val::Code(code);
                if is_error_exit(exit) {
                    value
                } else {
                    negated(value)
                }
            }
        }
    }

    pub(super) fn switched(&self, node: NodeNo) -> Val {
        let reader = self.reader(node);
        let value = self.setting(node, "value", &EMPTY_FORM, None, reader);
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            return value;
        }
        let written = self.graph.nodes[node]
            .config
            .get("expression")
            .and_then(Json::as_str);
        if let Some(text) = written.filter(|text| !text.trim().is_empty()) {
            match self.expression(text, reader) {
                Ok(code) => Val::Code(code),
                Err(fault) => {
                    self.remark(
                        Weight::Look,
                        node,
                        format!("`expression: {text}`: {fault}; `default` runs"),
                    );
                    Val::text("")
                }
            }
        } else {
            self.remark(
                Weight::Look,
                node,
                "it has no value to compare; `default` runs",
            );
            Val::text("")
        }
    }

    /// The value an exit `case_…` stands for.
    pub(super) fn case_name(&self, node: NodeNo, exit: &str) -> String {
        let name = exit.strip_prefix("case_").unwrap_or(exit);
        let as_text = |value: &Json| match value {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        let cases: Vec<String> = match self.graph.nodes[node].config.get("cases") {
            Some(Json::Array(cases)) => cases.iter().map(as_text).collect(),
            Some(Json::String(text)) => {
                text.split(',').map(|case| case.trim().to_owned()).collect()
            }
            Some(Json::Object(cases)) => cases.keys().cloned().collect(),
            _ => Vec::new(),
        };
        if cases.iter().any(|case| case == name) {
            return name.to_owned();
        }
        match name
            .parse::<usize>()
            .ok()
            .and_then(|place| cases.get(place))
        {
            Some(case) => {
                self.remark(
                    Weight::Look,
                    node,
                    format!("its output `{exit}` was read as the case `{case}`"),
                );
                case.clone()
            }
            None => name.to_owned(),
        }
    }

    pub(super) fn switch(&self, node: NodeNo, arms: Vec<(&str, Vec<Step>)>) -> Step {
        let mut step = self.step(node, "flow.switch");
        step.with
            .insert("value".to_owned(), self.switched(node).setting());
        let mut cases: IndexMap<String, Vec<Step>> = IndexMap::new();
        let mut default = Vec::new();
        for (exit, steps) in arms {
            if exit == "default" {
                default = steps;
            } else {
                cases.insert(self.case_name(node, exit), steps);
            }
        }
        step.blocks.insert("cases".to_owned(), Block::Named(cases));
        // Without it, a value that fits no case would be an error.
        step.blocks
            .insert("default".to_owned(), Block::Steps(default));
        step
    }
}

pub(super) fn negated(value: Val) -> Val {
    match value {
        Val::Literal(Json::Bool(value)) => Val::Literal((!value).into()),
        other => {
            let code = other.code();
            if let Some(inner) = code
                .text
                .strip_prefix("not ")
                .filter(|_| code.binding == Binding::Not)
            {
                return Val::Code(Code::new(
                    inner.to_owned(),
                    Kind::Boolean,
                    Binding::Comparison,
                ));
            }
            let text = format!("not {}", truth(&code).operand(Binding::Comparison));
            let text = if text.contains(" if ") {
                format!("not ({})", truth(&code).text)
            } else {
                text
            };
            Val::Code(Code::new(text, Kind::Boolean, Binding::Not))
        }
    }
}

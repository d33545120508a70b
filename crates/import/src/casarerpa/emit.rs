//! The tree of blocks → steps.

use casare_workflow::{Block, Retry, Span, Step};
use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use super::{
    flow::{Item, Jump, State, is_error_exit},
    graph::{ESCAPE, NodeNo},
    names::{Context, Reader, sanitized},
    settings::span,
};
use crate::{
    expression::{Binding, Code, Kind, Val, quoted, truth},
    library::{self, Form, Successor},
    report::Weight,
};

/// Settings that say nothing about what a node does.
const SILENT: [&str; 34] = [
    "label",
    "name",
    "comment",
    "color",
    "category",
    "description",
    "_cache_enabled",
    "_disabled",
    "paired_start_id",
    "paired_loop_start_id",
    "paired_try_id",
    "paired_fork_id",
    "paired_join_id",
    "highlight_before_click",
    "highlight_on_find",
    "anchor_config",
    "fast_mode",
    "slow_mo",
    "retry_count",
    "retry_interval",
    "retry_delay",
    "screenshot_path",
    "allow_dangerous_paths",
    "allow_dangerous",
    "page",
    "browser",
    "node_id",
    "type_",
    "icon",
    "include_timestamp",
    "include_node_id",
    "no_wait_after",
    "strict",
    "window_wait",
];

impl Context<'_> {
    /// The steps of a list of items.
    pub(crate) fn steps(&self, items: &[Item]) -> Vec<Step> {
        items.iter().flat_map(|item| self.item(item)).collect()
    }

    fn item(&self, item: &Item) -> Vec<Step> {
        match item {
            Item::Node(node) => self.node(*node),
            Item::Jump(jump, node) => self.jump(*jump, *node),
            Item::Branch { node, arms } => self.branch(*node, arms),
            Item::Loop { node, body } => vec![self.loop_step(*node, body)],
            Item::Try {
                node,
                body,
                catch,
                finally,
            } => self.try_step(*node, body, catch.as_ref(), finally.as_ref()),
            Item::Parallel { node, branches, .. } => self.parallel(*node, branches),
            Item::Retry { node, body } => self.retry_step(*node, body),
            Item::Machine(states) => vec![self.machine(states)],
            Item::Scope { node, body, .. } => self.scope(*node, body),
        }
    }

    /// A step with what every step of a node has: id, name, remarks.
    fn step(&self, node: NodeNo, uses: &str) -> Step {
        let from = &self.graph.nodes[node];
        let mut notes: Vec<String> = from.comments.clone();
        let own = from.config.get("comment").and_then(Json::as_str);
        notes.extend(
            own.filter(|text| !text.trim().is_empty())
                .map(str::to_owned),
        );
        for frame in &self.graph.frames {
            if frame.nodes.first().is_some_and(|first| *first == from.id) {
                notes.push(format!("Group: {}", frame.title));
            }
        }
        Step {
            uses: uses.to_owned(),
            id: (!from.step.is_empty()).then(|| from.step.clone()),
            name: from.title.clone(),
            disabled: from.disabled,
            note: (!notes.is_empty()).then(|| notes.join("\n")),
            ..Step::default()
        }
    }

    /// A step that no node stands for.
    pub(crate) fn bare(uses: &str, with: Json) -> Step {
        let with = match with {
            Json::Object(map) => map.into_iter().collect(),
            _ => IndexMap::new(),
        };
        Step {
            uses: uses.to_owned(),
            with,
            ..Step::default()
        }
    }

    fn node(&self, node: NodeNo) -> Vec<Step> {
        let reader = self.reader(node);
        match self.graph.kind(node) {
            "StartNode" | "EndNode" | "MergeNode" | "JoinNode" | "CommentNode"
            | "ForLoopEndNode" | "WhileLoopEndNode" | "CatchNode" | "FinallyNode"
            | "SubflowInputNode" | "SubflowOutputNode" | "RetrySuccessNode" | "RerouteNode" => {
                self.passed(node);
                Vec::new()
            }
            "SetVariableNode" => vec![self.set_variable(node, reader)],
            "IncrementVariableNode" => self.increment(node, reader),
            "GetVariableNode" => self.get_variable(node, reader),
            "EvalExpressionNode" => vec![self.evaluate(node, reader)],
            "IfNode" | "SwitchNode" => {
                self.remark(
                    Weight::Look,
                    node,
                    "nothing follows it, so it decides nothing",
                );
                Vec::new()
            }
            "RetryFailNode" | "ThrowErrorNode" => vec![self.throw(node, reader)],
            "SubflowNode" | "CallSubworkflowNode" | "ExecuteWorkflowNode" => {
                self.call(node, reader)
            }
            "ErrorRecoveryNode" => {
                self.remark(
                    Weight::Changed,
                    node,
                    "there is no policy for a whole run; use `on_error`, `retry` and `flow.try` at the steps",
                );
                Vec::new()
            }
            _ => self.by_successor(node, reader),
        }
    }

    fn passed(&self, node: NodeNo) {
        if self.graph.kind(node) == "CatchNode" || self.graph.kind(node) == "FinallyNode" {
            self.remark(Weight::Look, node, "it belongs to no try; it was left out");
        }
    }

    fn by_successor(&self, node: NodeNo, reader: Reader) -> Vec<Step> {
        let Some((form, also)) = self.form_of(node) else {
            return vec![self.unknown_kind(node)];
        };
        if let Some(changed) = &form.changed {
            self.remark(Weight::Changed, node, changed.clone());
        }
        if let Some(look) = &form.look {
            self.remark(Weight::Look, node, look.clone());
        }
        let mut steps = match &form.form {
            Form::Use(uses, patterns) | Form::Open(uses, patterns) => {
                let mut step = self.step(node, uses);
                step.with = self
                    .with(node, patterns, form, also, reader)
                    .into_iter()
                    .collect();
                self.repetition(node, &mut step);
                if step.uses == "flow.wait" {
                    step.retry = None;
                }
                vec![step]
            }
            Form::Set(ports) => vec![self.set_values(node, ports, form, also, reader)],
            Form::Pass(_) | Form::Flow(_) => Vec::new(),
            Form::Close(opener) => {
                self.remark(
                    Weight::Look,
                    node,
                    format!("what it closes (`{opener}`) is not open here; it closes by itself at the end of its block"),
                );
                Vec::new()
            }
            Form::Trigger(what) => {
                self.trigger(node, what);
                Vec::new()
            }
            Form::None(why) => vec![self.missing(node, why)],
            Form::By(setting, _) => {
                vec![self.missing(node, &format!("its `{setting}` is not known"))]
            }
            Form::Unknown => vec![self.unknown_kind(node)],
        };
        self.unused(node, form, also);
        self.keep_outputs(node, form, reader, &mut steps);
        steps
    }

    /// Repetition, as nodes of the original have it in their settings.
    fn repetition(&self, node: NodeNo, step: &mut Step) {
        let config = &self.graph.nodes[node].config;
        let number = |name: &str| -> Option<f64> {
            match config.get(name)? {
                Json::Number(number) => number.as_f64(),
                Json::String(text) => text.trim().parse().ok(),
                _ => None,
            }
        };
        let Some(count) = number("retry_count").filter(|count| *count >= 1.0) else {
            return;
        };
        let delay = number("retry_interval")
            .or_else(|| number("retry_delay").map(|seconds| seconds * 1000.0))
            .unwrap_or(1000.0);
        step.retry = Some(Retry {
            attempts: (count.min(1000.0) as u32) + 1,
            delay: span(delay).parse::<Span>().unwrap_or(Span::from_secs(1)),
            backoff: 1.0,
            jitter: false,
            ..Retry::default()
        });
    }

    fn set_values(
        &self,
        node: NodeNo,
        ports: &IndexMap<String, Json>,
        form: &Successor,
        also: Option<&super::settings::Also>,
        reader: Reader,
    ) -> Step {
        let mut values = Map::new();
        for (at, (port, pattern)) in ports.iter().enumerate() {
            let is_read = self.read.borrow().contains(&(node, port.clone()));
            if at > 0 && !is_read {
                continue;
            }
            let value = self
                .pattern(pattern, node, form, also, reader)
                .unwrap_or(Val::Literal(Json::Null));
            let name = self.value_name(node, port, at == 0);
            self.declared.borrow_mut().insert(name.clone());
            values.insert(name, value.setting());
        }
        let mut step = self.step(node, "data.set");
        if values.len() == 1 {
            for (name, value) in values {
                step.with.insert("name".to_owned(), name.into());
                step.with.insert("value".to_owned(), value);
            }
        } else {
            step.with.insert("values".to_owned(), values.into());
        }
        step
    }

    /// Variables for outputs that are read where the step's own are not seen, and those the node names.
    fn keep_outputs(&self, node: NodeNo, form: &Successor, reader: Reader, steps: &mut Vec<Step>) {
        let mut values = Map::new();
        let inside = Reader { node, ..reader };
        for (setting, port) in &form.stores {
            let default = library::original(self.graph.kind(node))
                .and_then(|original| original.settings.get(setting));
            let config = &self.graph.nodes[node].config;
            let Some(name) = config
                .get(setting)
                .or(default)
                .and_then(Json::as_str)
                .map(str::trim)
            else {
                continue;
            };
            let Some(variable) = self.variables.get(name).filter(|_| !name.is_empty()) else {
                continue;
            };
            let value = match &form.form {
                Form::Set(ports) => ports.get_index_of(port).map(|at| {
                    let own = self.value_name(node, port, at == 0);
                    Code::atom(format!("vars.{own}"), Kind::Any)
                }),
                _ => self.direct(node, port, inside),
            };
            if let (Some(value), Some(name)) = (value, variable.strip_prefix("vars.")) {
                values.insert(name.to_owned(), Val::Code(value).setting());
                self.declared.borrow_mut().insert(name.to_owned());
            }
        }
        let wanted: Vec<String> = self
            .exports
            .borrow()
            .iter()
            .filter(|(giver, _)| *giver == node || self.graph.nodes[node].copy_of == Some(*giver))
            .map(|(_, port)| port.clone())
            .collect();
        for port in wanted {
            if let Some(value) = self.direct(node, &port, inside)
                && !matches!(form.form, Form::None(_) | Form::Unknown | Form::Set(_))
            {
                values.insert(self.export_name(node, &port), Val::Code(value).setting());
            }
        }
        if !self.graph.nodes[node].disabled {
            steps.extend(setting_of(values));
        }
    }

    /// Says which settings have no successor.
    fn unused(&self, node: NodeNo, form: &Successor, also: Option<&super::settings::Also>) {
        if matches!(
            form.form,
            Form::None(_) | Form::Unknown | Form::Trigger(_) | Form::By(..)
        ) {
            return;
        }
        let kind = self.graph.kind(node);
        let defaults = library::original(kind);
        let patterns = format!("{:?} {:?}", form.form, form.out);
        for (name, value) in &self.graph.nodes[node].config {
            let empty = value.is_null() || value.as_str() == Some("");
            let default = defaults.and_then(|original| original.settings.get(name));
            let acting = also.is_some()
                && library::original(kind)
                    .is_some_and(|original| original.settings.contains_key(name));
            if empty
                || default == Some(value)
                || SILENT.contains(&&**name)
                || form.ignore.iter().any(|ignored| ignored == name)
                || form.stores.contains_key(name)
                || mentions(&patterns, name)
                || is_numbered(&patterns, name)
                || is_action(kind, name)
                || old_name(form, also, name).is_some_and(|new| mentions(&patterns, new))
                || (acting && default == Some(value))
            {
                continue;
            }
            if name == "screenshot_on_fail" {
                if *value == Json::Bool(true) {
                    self.remark(
                        Weight::Look,
                        node,
                        "a failing step of a browser always keeps a screenshot now",
                    );
                }
                continue;
            }
            self.remark(
                Weight::Changed,
                node,
                format!(
                    "its setting `{name}: {}` has no equivalent and was left out",
                    shortened(value)
                ),
            );
        }
    }

    fn set_variable(&self, node: NodeNo, reader: Reader) -> Step {
        let form = &*EMPTY_FORM;
        let config = &self.graph.nodes[node].config;
        let value = self
            .setting(node, "value", form, None, reader)
            .or_else(|| self.setting(node, "default_value", form, None, reader))
            .unwrap_or(Val::Literal(Json::Null));
        let kind = config
            .get("variable_type")
            .and_then(Json::as_str)
            .unwrap_or("String");
        let value = converted(value, kind);
        let name = config
            .get("variable_name")
            .and_then(Json::as_str)
            .unwrap_or_default()
            .trim();
        let mut step = self.step(node, "data.set");
        let Some(name) = self
            .variables
            .get(name)
            .and_then(|code| code.strip_prefix("vars."))
        else {
            return self.missing(node, "it names no variable");
        };
        step.with.insert("name".to_owned(), name.into());
        step.with.insert("value".to_owned(), value.setting());
        self.declared.borrow_mut().insert(name.to_owned());
        step
    }

    fn increment(&self, node: NodeNo, reader: Reader) -> Vec<Step> {
        let Some((form, also)) = self.form_of(node) else {
            return Vec::new();
        };
        let config = &self.graph.nodes[node].config;
        let name = config
            .get("variable_name")
            .and_then(Json::as_str)
            .unwrap_or_default()
            .trim();
        let Some(name) = self
            .variables
            .get(name)
            .and_then(|code| code.strip_prefix("vars."))
        else {
            return vec![self.missing(node, "it names no variable")];
        };
        let mut step = self.step(node, "data.increment");
        step.with.insert("name".to_owned(), name.into());
        if let Some(by) = self.pattern(&json!("$increment:num"), node, form, also, reader)
            && by != Val::Literal(json!(1))
            && by != Val::Literal(json!(1.0))
        {
            step.with.insert("by".to_owned(), by.setting());
        }
        self.declared.borrow_mut().insert(name.to_owned());
        let mut steps = vec![step];
        self.keep_outputs(node, form, reader, &mut steps);
        steps
    }

    fn get_variable(&self, node: NodeNo, reader: Reader) -> Vec<Step> {
        let config = &self.graph.nodes[node].config;
        let name = config
            .get("variable_name")
            .and_then(Json::as_str)
            .unwrap_or_default()
            .trim();
        let default = self.setting(node, "default_value", &EMPTY_FORM, None, reader);
        let value = if let Some(code) = self.resolve(name, reader) {
            Val::Code(match default.filter(|value| !value.is_empty()) {
                Some(default) => Code::new(
                    format!(
                        "{0} if {0} is not none else {1}",
                        code.operand(Binding::Atom),
                        default.code().operand(Binding::Or)
                    ),
                    Kind::Any,
                    Binding::Choice,
                ),
                None => code,
            })
        } else {
            self.remark(
                Weight::Look,
                node,
                format!("nothing sets the variable `{name}`"),
            );
            default.unwrap_or(Val::Literal(Json::Null))
        };
        let own = self.value_name(node, "value", true);
        self.declared.borrow_mut().insert(own.clone());
        let mut step = self.step(node, "data.set");
        step.with.insert("name".to_owned(), own.into());
        step.with.insert("value".to_owned(), value.setting());
        vec![step]
    }

    fn evaluate(&self, node: NodeNo, reader: Reader) -> Step {
        let written = self.graph.nodes[node]
            .config
            .get("expression")
            .and_then(Json::as_str);
        let value = match written {
            Some(text) => match self.expression(text, reader) {
                Ok(code) => Val::Code(code),
                Err(fault) => {
                    return self.missing(node, &format!("`{text}` can't be translated: {fault}"));
                }
            },
            None => self
                .setting(node, "expression", &EMPTY_FORM, None, reader)
                .unwrap_or(Val::Literal(Json::Null)),
        };
        let own = self.value_name(node, "result", true);
        self.declared.borrow_mut().insert(own.clone());
        let mut step = self.step(node, "data.set");
        step.with.insert("name".to_owned(), own.into());
        step.with.insert("value".to_owned(), value.setting());
        step
    }

    fn throw(&self, node: NodeNo, reader: Reader) -> Step {
        let mut step = self.step(node, "flow.fail");
        let message = self
            .setting(node, "error_message", &EMPTY_FORM, None, reader)
            .or_else(|| self.setting(node, "message", &EMPTY_FORM, None, reader))
            .filter(|value| !value.is_empty())
            .unwrap_or_else(|| Val::text("Custom error"));
        step.with.insert("message".to_owned(), message.setting());
        step
    }

    fn jump(&self, jump: Jump, node: Option<NodeNo>) -> Vec<Step> {
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
        let wanted = super::repair::named(self.graph, node, "paired_loop_start_id");
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

    fn branch(&self, node: NodeNo, arms: &[(String, Vec<Item>)]) -> Vec<Step> {
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
    fn deciding(&self, node: NodeNo) -> (Vec<Step>, bool) {
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
    fn outcome(&self, node: NodeNo) -> String {
        format!("{}_outcome", self.graph.nodes[node].step)
    }

    /// Whether control leaves `node` by `exit`.
    fn decision(&self, node: NodeNo, exit: &str) -> Val {
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

    fn switched(&self, node: NodeNo) -> Val {
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
    fn case_name(&self, node: NodeNo, exit: &str) -> String {
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

    fn switch(&self, node: NodeNo, arms: Vec<(&str, Vec<Step>)>) -> Step {
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

    fn loop_step(&self, node: NodeNo, body: &[Item]) -> Step {
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
    fn at_start_of_body(&self, node: NodeNo) -> Vec<Step> {
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

    fn items_of(&self, node: NodeNo, reader: Reader) -> Val {
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

    fn while_step(&self, node: NodeNo, inner: Vec<Step>, reader: Reader) -> Step {
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

    fn try_step(
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

    fn note_types(&self, catch: NodeNo) {
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

    fn caught_values(&self, catch: NodeNo) -> Vec<Step> {
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

    fn parallel(&self, node: NodeNo, branches: &[(String, Vec<Item>)]) -> Vec<Step> {
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

    fn retry_step(&self, node: NodeNo, body: &[Item]) -> Vec<Step> {
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

    fn machine(&self, states: &[State]) -> Step {
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

    fn scope(&self, node: NodeNo, body: &[Item]) -> Vec<Step> {
        let inner = self.steps(body);
        let mut steps = self.by_successor(node, self.reader(node));
        if let Some(step) = steps.first_mut() {
            step.blocks.insert("do".to_owned(), Block::Steps(inner));
        }
        steps
    }

    fn call(&self, node: NodeNo, reader: Reader) -> Vec<Step> {
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

    fn trigger(&self, node: NodeNo, what: &str) {
        let ports: Vec<String> = self
            .read
            .borrow()
            .iter()
            .filter(|(giver, _)| *giver == node)
            .map(|(_, port)| format!("{}_{}", self.graph.nodes[node].step, sanitized(port)))
            .collect();
        let inputs = if ports.is_empty() {
            String::new()
        } else {
            let mut ports = ports;
            ports.sort_unstable();
            format!("; what it gave is now asked as input: {}", ports.join(", "))
        };
        let weight = if self.graph.kind(node) == "WorkflowCallTriggerNode" {
            Weight::Look
        } else {
            Weight::Lost
        };
        self.remark(weight, node, format!("{what}{inputs}"));
    }

    /// A step that fails when it is reached, in the place of a node that has no successor.
    pub(crate) fn missing(&self, node: NodeNo, why: &str) -> Step {
        self.remark(
            Weight::Lost,
            node,
            format!("{why}; the step fails when it is reached"),
        );
        let from = &self.graph.nodes[node];
        let mut step = self.step(node, "flow.fail");
        let message = format!("{} ({}) was not imported: {why}", from.id, from.kind);
        step.with
            .insert("message".to_owned(), Val::text(message).setting());
        step.with.insert("kind".to_owned(), "invalid".into());
        let config: Map<String, Json> = from
            .config
            .iter()
            .filter(|(name, value)| {
                !value.is_null() && !SILENT.contains(&&***name) && !is_secret(name)
            })
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if !config.is_empty() {
            let settings = Json::Object(config).to_string();
            let settings: String = settings.chars().take(2_000).collect();
            let note = step.note.take();
            step.note = Some(match note {
                Some(note) => format!("{note}\nWas: {settings}"),
                None => format!("Was: {settings}"),
            });
        }
        step
    }

    fn unknown_kind(&self, node: NodeNo) -> Step {
        let kind = self.graph.kind(node);
        let by = library::successor(kind).map(|successor| &successor.form);
        let why = if let Some(Form::By(setting, _)) = by {
            let value = self.graph.nodes[node].config.get(&**setting).map(shortened);
            format!(
                "its `{setting}` is not known: {}",
                value.unwrap_or_default()
            )
        } else if kind.is_empty() {
            "it has no type".to_owned()
        } else if library::original(kind).is_some() {
            "it has no equivalent".to_owned()
        } else {
            format!("`{kind}` is not known")
        };
        self.missing(node, &why)
    }
}

/// A step that sets these variables.
fn setting_of(values: Map<String, Json>) -> Option<Step> {
    let with = match values.len() {
        0 => return None,
        1 => values
            .into_iter()
            .next()
            .map(|(name, value)| json!({ "name": name, "value": value }))?,
        _ => json!({ "values": values }),
    };
    Some(Context::bare("data.set", with))
}

/// A successor without patterns, for nodes that this module builds itself.
static EMPTY_FORM: std::sync::LazyLock<Successor> = std::sync::LazyLock::new(Successor::default);

/// Settings whose values are secrets.
pub(crate) fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    [
        "password",
        "token",
        "secret",
        "api_key",
        "apikey",
        "auth_header_value",
    ]
    .iter()
    .any(|part| name.contains(part))
}

fn is_action(kind: &str, name: &str) -> bool {
    matches!(library::successor(kind).map(|successor| &successor.form), Some(Form::By(by, _)) if by == name)
}

fn mentions(patterns: &str, name: &str) -> bool {
    patterns.match_indices(name).any(|(at, _)| {
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
        let before = patterns[..at].chars().next_back();
        let after = patterns[at + name.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// `key_1` and `value_1` of a pattern `pairs`.
fn is_numbered(patterns: &str, name: &str) -> bool {
    patterns.contains("\"pairs\"")
        && name.rsplit_once('_').is_some_and(|(part, number)| {
            matches!(part, "key" | "value") && number.parse::<u8>().is_ok_and(|number| number <= 10)
        })
}

fn shortened(value: &Json) -> String {
    let text = match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() <= 40 {
        text
    } else {
        text.chars().take(39).chain(['…']).collect()
    }
}

fn negated(value: Val) -> Val {
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

/// What a variable's declared type makes of a value.
fn converted(value: Val, kind: &str) -> Val {
    let text = value.as_text().map(str::to_owned);
    match (kind, text) {
        ("Boolean", Some(text)) => {
            let on = matches!(&*text.to_lowercase(), "true" | "1" | "yes" | "on");
            Val::Literal(on.into())
        }
        ("Int32" | "Float", Some(text)) => serde_json::from_str::<serde_json::Number>(text.trim())
            .map_or(value, |number| Val::Literal(number.into())),
        ("Int32", None) if !matches!(value, Val::Literal(_)) => {
            Val::Code(value.code().filter("int", Kind::Number))
        }
        ("Float", None) if !matches!(value, Val::Literal(_)) => {
            Val::Code(value.code().filter("float", Kind::Number))
        }
        ("Object" | "Dict" | "DataTable", Some(text)) => {
            serde_json::from_str(&text).map_or(value, Val::Literal)
        }
        ("Array" | "List", Some(text)) => match serde_json::from_str(&text) {
            Ok(list) => Val::Literal(list),
            Err(_) => Val::Literal(
                text.split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty())
                    .map(|item| Json::String(item.to_owned()))
                    .collect(),
            ),
        },
        _ => value,
    }
}

/// The path of `to` as the workflow in `from` writes it.
fn relative(from: &str, to: &str) -> String {
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

/// What the setting `name` was called in the type's older versions.
fn old_name<'a>(
    form: &'a Successor,
    also: Option<&'a super::settings::Also>,
    name: &str,
) -> Option<&'a str> {
    let found = form.also.get(name).or_else(|| also?.get(name));
    found.map(String::as_str)
}

//! The tree of blocks → steps.

mod blocks;
mod branches;
mod loops;
mod variables;

use casare_workflow::{Retry, Span, Step};
use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use super::{
    flow::Item,
    graph::NodeNo,
    names::{Context, Reader, sanitized},
    settings::cast::span,
};
use crate::{
    expression::{Code, Kind, Val},
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

/// What the setting `name` was called in the type's older versions.
fn old_name<'a>(
    form: &'a Successor,
    also: Option<&'a super::settings::Also>,
    name: &str,
) -> Option<&'a str> {
    let found = form.also.get(name).or_else(|| also?.get(name));
    found.map(String::as_str)
}

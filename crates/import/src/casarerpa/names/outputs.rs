//! What the outputs of nodes are called.

use serde_json::Value as Json;

use crate::{
    casarerpa::{
        graph::NodeNo,
        names::{Context, Reader, sanitized},
        places::Inside,
    },
    expression::{
        Code, Kind, member,
        references::{Part, parts},
    },
    library::{self, Form},
    report::Weight,
};

impl Context<'_> {
    /// The value of an output where `reader` reads it.
    pub(crate) fn output(&self, node: NodeNo, port: &str, reader: Reader) -> Option<Code> {
        let kind = self.graph.kind(node);
        let port = self.port_name(node, port, reader)?;
        let kind_of_value = library::original(kind)
            .and_then(|original| original.outputs.get(&*port).copied())
            .unwrap_or_default();
        self.read.borrow_mut().insert((node, port.to_string()));
        let seen = self.places.has_run(node, reader.place) && !self.copied.contains(&node);
        let special = match kind {
            _ if crate::casarerpa::repair::is_loop(kind) => {
                Some(self.loop_value(node, &port, reader)?)
            }
            "CatchNode" | "OnErrorNode" if port != "had_error" => Some(
                if self.places.is_inside(node, Inside::Catch, reader.place) {
                    error_value(&port)?
                } else {
                    self.exported(node, &port, kind_of_value)
                },
            ),
            "RetryNode" if port == "attempt" => Some(
                if self.places.is_inside(node, Inside::Retry, reader.place) {
                    Code::atom("attempt", Kind::Number)
                } else {
                    self.exported(node, &port, kind_of_value)
                },
            ),
            "SubflowInputNode" => {
                let name = self.graph.nodes[node]
                    .config
                    .get("port_name")
                    .and_then(Json::as_str);
                let name = sanitized(name.unwrap_or("input"));
                Some(Code::atom(member("inputs", &name), Kind::Any))
            }
            "SetVariableNode" => {
                let name = self.graph.nodes[node]
                    .config
                    .get("variable_name")?
                    .as_str()?;
                let code = self.variables.get(name)?;
                Some(Code::atom(
                    code.clone(),
                    self.kinds.get(name).copied().unwrap_or_default(),
                ))
            }
            _ => None,
        };
        if special.is_some() {
            return special;
        }
        let (form, _) = self.form_of(node)?;
        match &form.form {
            Form::Set(ports) => {
                let is_main = ports.get_index_of(&*port).is_some_and(|at| at == 0);
                if ports.contains_key(&*port) {
                    let name = self.value_name(node, &port, is_main);
                    self.declared.borrow_mut().insert(name.clone());
                    return Some(Code::atom(member("vars", &name), kind_of_value));
                }
                success(&port)
            }
            Form::Trigger(_) => {
                let name = format!("{}_{}", self.graph.nodes[node].step, sanitized(&port));
                Some(Code::atom(member("inputs", &name), kind_of_value))
            }
            Form::Unknown | Form::None(_) => Some(self.exported(node, &port, kind_of_value)),
            _ if seen => self.direct(node, &port, reader),
            _ => {
                // It has to be there, or there is nothing to keep.
                self.direct(node, &port, reader)?;
                Some(self.exported(node, &port, kind_of_value))
            }
        }
    }

    pub(super) fn exported(&self, node: NodeNo, port: &str, kind: Kind) -> Code {
        let name = self.export_name(node, port);
        self.exports.borrow_mut().insert((node, port.to_owned()));
        self.declared.borrow_mut().insert(name.clone());
        Code::atom(member("vars", &name), kind)
    }

    /// An output by its present name: files also use older ones.
    pub(super) fn port_name<'p>(
        &self,
        node: NodeNo,
        port: &'p str,
        reader: Reader,
    ) -> Option<std::borrow::Cow<'p, str>> {
        let kind = self.graph.kind(node);
        let Some(original) = library::original(kind) else {
            return Some(port.into());
        };
        let form = self.form_of(node);
        let has = |port: &str| {
            original.outputs.contains_key(port)
                || form.is_some_and(|(form, _)| form.out.contains_key(port))
        };
        if has(port)
            || matches!(
                kind,
                "SubflowNode" | "CallSubworkflowNode" | "ExecuteWorkflowNode" | "JoinNode"
            )
        {
            return Some(port.into());
        }
        let meant = match (kind, port) {
            ("ForLoopStartNode" | "ParallelForEachNode", "item" | "current" | "value") => {
                "current_item"
            }
            ("ForLoopStartNode" | "ParallelForEachNode", "index") => "current_index",
            ("CatchNode" | "OnErrorNode", "error" | "message") => "error_message",
            (_, "body" | "content" | "text" | "response") if has("response_body") => {
                "response_body"
            }
            (_, "json") if has("response_json") => "response_json",
            (_, "status") if has("status_code") => "status_code",
            (_, "path" | "saved_path" | "saved_file") if has("file_path") => "file_path",
            _ => original.outputs.keys().find(|port| {
                !matches!(
                    &***port,
                    "success" | "error" | "error_code" | "page" | "browser"
                )
            })?,
        };
        self.remark(
            Weight::Look,
            reader.node,
            format!(
                "`{}` has no output `{port}`; it was read as `{meant}`",
                self.graph.nodes[node].id
            ),
        );
        Some(meant.to_owned().into())
    }

    pub(super) fn loop_value(&self, node: NodeNo, port: &str, reader: Reader) -> Option<Code> {
        let item = self.items.get(&node)?;
        let inside = self.places.is_inside(node, Inside::Loop, reader.place);
        let innermost = self.places.loops(reader.place, self.graph).first() == Some(&node);
        let by_key = self.goes_by_key(node);
        match port {
            "current_item" if inside && by_key => {
                Some(Code::atom(format!("{item}.value"), Kind::Any))
            }
            "current_item" if inside => Some(Code::atom(item.clone(), self.item_kind(node))),
            "current_key" if inside => Some(Code::atom(format!("{item}.key"), Kind::Any)),
            "current_index" | "current_iteration" if innermost => {
                Some(Code::atom("loop.index0", Kind::Number))
            }
            "results" => Some(Code::atom(
                format!("steps.{}.results", self.graph.nodes[node].step),
                Kind::List,
            )),
            "current_item" | "current_key" | "current_index" | "current_iteration" => {
                Some(self.exported(node, port, Kind::Any))
            }
            _ => None,
        }
    }

    pub(super) fn item_kind(&self, node: NodeNo) -> Kind {
        let config = &self.graph.nodes[node].config;
        if config.get("mode").and_then(Json::as_str) == Some("range") {
            return Kind::Number;
        }
        let list = match config.get("items") {
            Some(Json::Array(list)) => Some(list),
            Some(Json::String(text)) => match parts(text).as_slice() {
                [Part::Reference(name, _)] => self.literal_list(name),
                _ => None,
            },
            _ => None,
        };
        let mut kinds = list.into_iter().flatten().map(Kind::of);
        let first = kinds.next().unwrap_or_default();
        if kinds.all(|kind| kind == first) {
            first
        } else {
            Kind::Any
        }
    }

    /// The list that a variable always holds, where it is set once, to a literal.
    pub(super) fn literal_list(&self, name: &str) -> Option<&Vec<Json>> {
        let mut found = self.graph.nodes.iter().filter(|node| {
            node.config.get("variable_name").and_then(Json::as_str) == Some(name)
                && node.kind != "GetVariableNode"
        });
        let (one, other) = (found.next()?, found.next());
        if other.is_some() {
            return None;
        }
        one.config
            .get("value")
            .or_else(|| one.config.get("default_value"))?
            .as_array()
    }

    /// Whether a loop goes over a map.
    pub(crate) fn goes_by_key(&self, node: NodeNo) -> bool {
        let config = &self.graph.nodes[node].config;
        let is_map = match config.get("items") {
            Some(Json::Object(_)) => true,
            Some(Json::String(text)) => match parts(text).as_slice() {
                [Part::Reference(path, _)] => self.kind_at(path) == Kind::Map,
                _ => false,
            },
            _ => false,
        };
        let id = &self.graph.nodes[node].id;
        let key = format!("{{{{{id}.current_key");
        is_map
            || self
                .graph
                .wires
                .iter()
                .any(|wire| wire.from == node && wire.out == "current_key")
            || self.graph.nodes.iter().any(|other| {
                other
                    .config
                    .values()
                    .any(|value| value.as_str().is_some_and(|text| text.contains(&key)))
            })
    }

    /// An output as a path below the step's own.
    pub(crate) fn direct(&self, node: NodeNo, port: &str, reader: Reader) -> Option<Code> {
        let (form, also) = self.form_of(node)?;
        let kind = library::original(self.graph.kind(node))
            .and_then(|original| original.outputs.get(port).copied())
            .unwrap_or_default();
        let step = format!("steps.{}", self.graph.nodes[node].step);
        let Some(written) = form.out.get(port) else {
            return success(port).or_else(|| self.subflow_output(node, port, &step));
        };
        let Some(inner) = written
            .strip_prefix("{{")
            .and_then(|rest| rest.strip_suffix("}}"))
        else {
            return Some(Code::atom(format!("{step}.{written}"), kind));
        };
        let text = inner.trim().replace('@', &step);
        let text = self.with_settings(&text, node, form, also, reader);
        Some(Code::new(text, kind, crate::expression::Binding::Choice))
    }

    pub(super) fn subflow_output(&self, node: NodeNo, port: &str, step: &str) -> Option<Code> {
        matches!(
            self.graph.kind(node),
            "SubflowNode" | "CallSubworkflowNode" | "ExecuteWorkflowNode"
        )
        .then(|| Code::atom(member(step, &sanitized(port)), Kind::Any))
    }
}

/// What every node answered besides its result: here, a step that failed does not go on.
pub(super) fn success(port: &str) -> Option<Code> {
    match port {
        "success" => Some(Code::atom("true", Kind::Boolean)),
        "error" | "error_code" | "error_message" => Some(Code::atom("''", Kind::Text)),
        _ => None,
    }
}

pub(super) fn error_value(port: &str) -> Option<Code> {
    let text = match port {
        "error_message" => "error.message",
        "error_type" => "error.kind",
        "error_node" => "error.step",
        "stack_trace" => "error.path",
        _ => return None,
    };
    Some(Code::atom(text, Kind::Text))
}

//! n8n: its nodes and connections as a graph of the kind that the rest of the import reads.
//!
//! What flows in n8n is a list of items; here it is the one value that the node before answered.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value as Json, json};

use crate::report::{Report, Weight};

/// Whether `root` is a workflow of n8n.
pub(crate) fn is_n8n(root: &Json) -> bool {
    let nodes = root["nodes"].as_array();
    nodes.is_some_and(|nodes| {
        nodes.iter().any(|node| {
            node["type"]
                .as_str()
                .is_some_and(|kind| kind.contains("n8n-nodes"))
        })
    }) && (root["connections"].is_object() || root["connections"].is_null())
}

/// `root` as a workflow with `nodes` and `connections`, and what is to be said about that.
pub(crate) fn as_graph(root: &Json) -> (Json, Report) {
    let mut reader = Reader::default();
    let nodes = root["nodes"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    for node in nodes {
        let name = node["name"].as_str().unwrap_or_default();
        let id = reader.id_for(name);
        reader.ids.insert(name.to_owned(), id);
    }
    reader.connect(root);
    for node in nodes {
        reader.node(node);
    }
    reader.close_loops();
    let graph = json!({
        "metadata": { "name": root["name"].as_str().unwrap_or("n8n workflow") },
        "nodes": reader.nodes,
        "connections": reader.wires.iter().map(|wire| json!({
            "source_node": wire.from, "source_port": wire.out, "target_node": wire.to, "target_port": "exec_in",
        })).collect::<Vec<Json>>(),
    });
    (graph, reader.report)
}

#[derive(Debug, Clone, PartialEq)]
struct Wire {
    from: String,
    /// The number of n8n's output, until the node says what it is.
    out: String,
    to: String,
}

#[derive(Default)]
struct Reader {
    ids: HashMap<String, String>,
    nodes: Map<String, Json>,
    wires: Vec<Wire>,
    /// The output that `$json` means, by node.
    results: HashMap<String, &'static str>,
    loops: Vec<String>,
    report: Report,
}

impl Reader {
    fn id_for(&self, name: &str) -> String {
        let plain: String = name
            .chars()
            .map(|letter| {
                if letter.is_ascii_alphanumeric() {
                    letter.to_ascii_lowercase()
                } else {
                    '_'
                }
            })
            .collect();
        let plain = plain.trim_matches('_').to_owned();
        let base = if plain.starts_with(|first: char| first.is_ascii_alphabetic()) {
            plain
        } else {
            format!("node_{plain}")
        };
        let mut id = base.clone();
        let mut number = 2;
        while self.ids.values().any(|taken| *taken == id) {
            id = format!("{base}_{number}");
            number += 1;
        }
        id
    }

    fn connect(&mut self, root: &Json) {
        for (from, outputs) in root["connections"].as_object().into_iter().flatten() {
            let Some(from) = self.ids.get(from) else {
                continue;
            };
            let outputs = outputs["main"].as_array().into_iter().flatten();
            for (out, targets) in outputs.enumerate() {
                for target in targets.as_array().into_iter().flatten() {
                    if let Some(to) = target["node"].as_str().and_then(|name| self.ids.get(name)) {
                        self.wires.push(Wire {
                            from: from.clone(),
                            out: out.to_string(),
                            to: to.clone(),
                        });
                    }
                }
            }
        }
    }

    /// The node whose result `$json` is at `id`.
    fn before(&self, id: &str) -> Option<(&str, &'static str)> {
        let wire = self.wires.iter().find(|wire| wire.to == id)?;
        Some((&wire.from, self.result(&wire.from)))
    }

    fn result(&self, id: &str) -> &'static str {
        self.results.get(id).copied().unwrap_or("result")
    }

    fn node(&mut self, node: &Json) {
        let name = node["name"].as_str().unwrap_or_default();
        let Some(id) = self.ids.get(name).cloned() else {
            return;
        };
        let kind = node["type"].as_str().unwrap_or_default();
        let short = kind.rsplit('.').next().unwrap_or_default();
        let parameters = &node["parameters"];
        let version = node["typeVersion"].as_f64().unwrap_or(1.0);
        let (kind, config, outputs) = self.converted(&id, short, kind, parameters, version);
        for wire in self.wires.iter_mut().filter(|wire| wire.from == id) {
            let place: usize = wire.out.parse().unwrap_or_default();
            if let Some(out) = outputs.get(place) {
                wire.out.clone_from(out);
            } else {
                "exec_out".clone_into(&mut wire.out);
            }
        }
        let mut config = config;
        if let Some(note) = node["notes"].as_str().filter(|note| !note.is_empty()) {
            config["comment"] = note.into();
        }
        if node["disabled"] == Json::Bool(true) {
            config["_disabled"] = true.into();
        }
        self.nodes.insert(
            id.clone(),
            json!({ "node_id": id, "node_type": kind, "name": name, "config": config }),
        );
    }

    /// The type, settings and outputs (by their numbers) of a node.
    fn converted(
        &mut self,
        id: &str,
        short: &str,
        kind: &str,
        parameters: &Json,
        version: f64,
    ) -> (String, Json, Vec<String>) {
        let plain =
            |kind: &str, config: Json| (kind.to_owned(), config, vec!["exec_out".to_owned()]);
        let text = |this: &mut Self, value: &Json| this.value(id, value);
        match short {
            short
                if short.ends_with("Trigger") || matches!(short, "start" | "webhook" | "cron") =>
            {
                self.results.insert(id.to_owned(), "params");
                plain("WorkflowCallTriggerNode", json!({ "call_alias": short }))
            }
            "httpRequest" => {
                self.results.insert(id.to_owned(), "response_json");
                let pairs = |this: &mut Self, key: &str| -> Json {
                    let list = parameters[key]["parameters"]
                        .as_array()
                        .into_iter()
                        .flatten();
                    let mut map = Map::new();
                    for pair in list {
                        let value = this.value(id, &pair["value"]);
                        map.insert(pair["name"].as_str().unwrap_or_default().to_owned(), value);
                    }
                    if map.is_empty() {
                        Json::Null
                    } else {
                        map.into()
                    }
                };
                let body = match &parameters["jsonBody"] {
                    Json::Null => pairs(self, "bodyParameters"),
                    body => self.value(id, body),
                };
                let method = parameters["method"]
                    .as_str()
                    .or_else(|| parameters["requestMethod"].as_str());
                let config = json!({
                    "url": self.value(id, &parameters["url"]), "method": method.unwrap_or("GET"), "body": body,
                    "params": pairs(self, "queryParameters"), "headers": pairs(self, "headerParameters"),
                });
                plain("HttpRequestNode", config)
            }
            "set" => {
                self.results.insert(id.to_owned(), "dict");
                let assignments = parameters["assignments"]["assignments"]
                    .as_array()
                    .into_iter()
                    .flatten();
                let older = parameters["values"].as_object().into_iter().flatten();
                let older = older.flat_map(|(_, list)| list.as_array().into_iter().flatten());
                let mut config = Map::new();
                for (place, pair) in assignments.chain(older).enumerate() {
                    let value = self.value(id, &pair["value"]);
                    config.insert(format!("key_{}", place + 1), pair["name"].clone());
                    config.insert(format!("value_{}", place + 1), value);
                }
                if parameters["includeOtherFields"] == Json::Bool(true) {
                    self.report.add(
                        Weight::Changed,
                        Some(id),
                        "only the fields that are set go on, not the others",
                    );
                }
                plain("CreateDictNode", config.into())
            }
            "if" | "filter" => {
                let expression = self.conditions(id, parameters);
                let outputs = vec!["true".to_owned(), "false".to_owned()];
                self.pass_through(id);
                (
                    "IfNode".to_owned(),
                    json!({ "expression": expression }),
                    outputs,
                )
            }
            "switch" => {
                self.pass_through(id);
                self.switch(id, parameters)
            }
            "merge" | "noOp" => {
                self.pass_through(id);
                plain("MergeNode", json!({}))
            }
            "splitInBatches" | "splitOut" => {
                let items = self
                    .before(id)
                    .map(|(before, port)| format!("{{{{{before}.{port}}}}}"));
                self.results.insert(id.to_owned(), "current_item");
                self.loops.push(id.to_owned());
                let outputs = if version >= 3.0 {
                    ["completed", "body"]
                } else {
                    ["body", "completed"]
                };
                let config = json!({ "items": items });
                (
                    "ForLoopStartNode".to_owned(),
                    config,
                    outputs.map(str::to_owned).to_vec(),
                )
            }
            "code" | "function" | "functionItem" => {
                let code = ["jsCode", "functionCode"]
                    .iter()
                    .find_map(|key| parameters[*key].as_str());
                let input = self
                    .before(id)
                    .map(|(before, port)| format!("{{{{{before}.{port}}}}}"));
                if parameters["language"]
                    .as_str()
                    .is_some_and(|language| language.starts_with("python"))
                {
                    let code = parameters["pythonCode"].as_str();
                    return plain(
                        "RunPythonScriptNode",
                        json!({ "code": code, "variables": { "input": input } }),
                    );
                }
                plain(
                    "RunJavaScriptNode",
                    json!({ "code": code, "input_data": input }),
                )
            }
            "wait" => {
                let unit = match parameters["unit"].as_str() {
                    Some("minutes") => 60.0,
                    Some("hours") => 3600.0,
                    Some("days") => 86_400.0,
                    _ => 1.0,
                };
                self.pass_through(id);
                plain(
                    "WaitNode",
                    json!({ "duration": parameters["amount"].as_f64().unwrap_or(1.0) * unit }),
                )
            }
            "stopAndError" => {
                let message = text(self, &parameters["errorMessage"]);
                plain("ThrowErrorNode", json!({ "error_message": message }))
            }
            "executeWorkflow" => {
                let called = parameters["workflowId"]["value"]
                    .as_str()
                    .or_else(|| parameters["workflowId"].as_str());
                plain("SubflowNode", json!({ "subflow_id": called }))
            }
            "emailSend" => {
                let one = |this: &mut Self, key: &str| this.value(id, &parameters[key]);
                let html = !parameters["html"].is_null();
                let config = json!({
                    "to_email": one(self, "toEmail"), "subject": one(self, "subject"), "is_html": html,
                    "body": if html { one(self, "html") } else { one(self, "text") },
                });
                plain("SendEmailNode", config)
            }
            "stickyNote" => plain("CommentNode", json!({ "comment": parameters["content"] })),
            _ => {
                let mut config = parameters.clone();
                if !config.is_object() {
                    config = json!({});
                }
                plain(kind, config)
            }
        }
    }

    /// A node that answers what it was given.
    fn pass_through(&mut self, id: &str) {
        let Some((before, port)) = self
            .before(id)
            .map(|(before, port)| (before.to_owned(), port))
        else {
            return;
        };
        let name = self
            .ids
            .iter()
            .find(|(_, taken)| **taken == before)
            .map(|(name, _)| name.clone());
        if let Some(name) = name {
            self.results.insert(id.to_owned(), port);
            // What comes after refers to the node before.
            self.ids.insert(format!("\u{0}{id}"), before);
            self.ids.entry(name).or_default();
        }
    }

    /// The node that really has the value which `id` passes on.
    fn giver(&self, id: &str) -> String {
        let mut id = id.to_owned();
        for _ in 0..50 {
            match self.ids.get(&format!("\u{0}{id}")) {
                Some(before) => id.clone_from(before),
                None => break,
            }
        }
        id
    }

    fn conditions(&mut self, id: &str, parameters: &Json) -> String {
        let mut parts = Vec::new();
        for one in parameters["conditions"]["conditions"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let operation = one["operator"]["operation"].as_str().unwrap_or("equals");
            parts.push(self.condition(id, &one["leftValue"], operation, &one["rightValue"]));
        }
        for kind in ["string", "number", "boolean"] {
            for one in parameters["conditions"][kind]
                .as_array()
                .into_iter()
                .flatten()
            {
                let operation = one["operation"].as_str().unwrap_or("equal");
                parts.push(self.condition(id, &one["value1"], operation, &one["value2"]));
            }
        }
        let is_any = [
            &parameters["conditions"]["combinator"],
            &parameters["combineOperation"],
        ]
        .iter()
        .any(|word| matches!(word.as_str(), Some("or" | "any")));
        parts.join(if is_any { " or " } else { " and " })
    }

    fn condition(&mut self, id: &str, left: &Json, operation: &str, right: &Json) -> String {
        let (a, b) = (self.operand(id, left), self.operand(id, right));
        match operation {
            "equals" | "equal" => format!("{a} == {b}"),
            "notEquals" | "notEqual" => format!("{a} != {b}"),
            "gt" | "larger" => format!("{a} > {b}"),
            "gte" | "largerEqual" => format!("{a} >= {b}"),
            "lt" | "smaller" => format!("{a} < {b}"),
            "lte" | "smallerEqual" => format!("{a} <= {b}"),
            "contains" => format!("{b} in {a}"),
            "notContains" => format!("{b} not in {a}"),
            "startsWith" => format!("startswith({a}, {b})"),
            "endsWith" => format!("endswith({a}, {b})"),
            "true" => format!("{a} == True"),
            "false" => format!("{a} == False"),
            "exists" | "isNotEmpty" | "notEmpty" => format!("not is_empty({a})"),
            "notExists" | "isEmpty" | "empty" => format!("is_empty({a})"),
            other => format!("{other}({a}, {b})"),
        }
    }

    /// A value as a condition writes it.
    fn operand(&mut self, id: &str, value: &Json) -> String {
        match self.value(id, value) {
            Json::String(text) if text.starts_with("{{") && text.ends_with("}}") => text,
            Json::String(text) => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
            Json::Null => "''".to_owned(),
            Json::Bool(value) => (if value { "True" } else { "False" }).to_owned(),
            other => other.to_string(),
        }
    }

    fn switch(&mut self, id: &str, parameters: &Json) -> (String, Json, Vec<String>) {
        let mut value = self.value(id, &parameters["value1"]);
        let mut cases = Vec::new();
        for rule in parameters["rules"]["rules"]
            .as_array()
            .into_iter()
            .flatten()
        {
            cases.push(self.value(id, &rule["value2"]));
        }
        for rule in parameters["rules"]["values"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let one = &rule["conditions"]["conditions"][0];
            let left = self.value(id, &one["leftValue"]);
            let is_equal = matches!(one["operator"]["operation"].as_str(), Some("equals") | None);
            if !is_equal || !(value.is_null() || value == left) {
                self.report.add(
                    Weight::Lost,
                    Some(id),
                    "its rules compare different things; only equal values of one thing are cases",
                );
            }
            value = left;
            cases.push(self.value(id, &one["rightValue"]));
        }
        let as_text = |case: &Json| {
            case.as_str()
                .map_or_else(|| case.to_string(), str::to_owned)
        };
        let mut outputs: Vec<String> = cases
            .iter()
            .map(|case| format!("case_{}", as_text(case)))
            .collect();
        outputs.push("default".to_owned());
        (
            "SwitchNode".to_owned(),
            json!({ "value": value, "cases": cases }),
            outputs,
        )
    }

    /// A parameter: `={{ … }}` becomes references to the nodes before.
    fn value(&mut self, id: &str, value: &Json) -> Json {
        match value {
            Json::String(text) => match text.strip_prefix('=') {
                Some(text) => self.expression(id, text).into(),
                None => text.as_str().into(),
            },
            Json::Array(items) => items.iter().map(|item| self.value(id, item)).collect(),
            Json::Object(map) => {
                let entries = map
                    .iter()
                    .map(|(key, value)| (key.clone(), self.value(id, value)));
                entries.collect::<Map<_, _>>().into()
            }
            other => other.clone(),
        }
    }

    fn expression(&mut self, id: &str, text: &str) -> String {
        let mut written = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            written.push_str(before);
            let Some((inside, next)) = after.split_once("}}") else {
                written.push_str("{{");
                rest = after;
                continue;
            };
            if let Some(path) = self.path(id, inside.trim()) {
                written.push_str(&format!("{{{{{path}}}}}"));
            } else {
                self.report.add(
                    Weight::Lost,
                    Some(id),
                    format!(
                        "the expression `{}` can't be translated; it stays text",
                        inside.trim()
                    ),
                );
                written.push_str(&format!("{{{{ {} }}}}", inside.trim()));
            }
            rest = next;
        }
        written.push_str(rest);
        written
    }

    /// A path such as `$json.a.b`, as a reference.
    fn path(&self, id: &str, text: &str) -> Option<String> {
        let (giver, port, rest) = if let Some(rest) = text.strip_prefix("$json") {
            let (before, port) = self.before(id)?;
            (self.giver(before), port, rest)
        } else if matches!(text, "$now" | "$now.toISO()" | "$today") {
            return Some("$currentDateTime".to_owned());
        } else {
            let (open, close) = if text.starts_with("$node[") {
                ("$node[", "]")
            } else {
                ("$(", ")")
            };
            let inside = text.strip_prefix(open)?;
            let (name, rest) = inside.split_once(close)?;
            let name = name.trim_matches(['"', '\'']);
            let from = self.ids.get(name)?;
            let rest = [".item", ".first()", ".last()", ".all()[0]"]
                .iter()
                .find_map(|step| rest.strip_prefix(step))
                .unwrap_or(rest);
            let rest = rest
                .strip_prefix(".json")
                .or_else(|| rest.strip_prefix(".data"))?;
            (self.giver(from), self.result(from), rest)
        };
        let path = format!("{giver}.{port}{rest}");
        crate::expression::references::is_path(&path).then_some(path)
    }

    /// Ways back into a loop end its body.
    fn close_loops(&mut self) {
        for start in self.loops.clone() {
            let mut body: HashSet<String> = HashSet::new();
            let mut todo: Vec<String> = self.targets(&start, "body");
            while let Some(node) = todo.pop() {
                if node != start && body.insert(node.clone()) {
                    todo.extend(
                        self.wires
                            .iter()
                            .filter(|wire| wire.from == node)
                            .map(|wire| wire.to.clone()),
                    );
                }
            }
            let end = format!("{start}_end");
            for wire in &mut self.wires {
                if wire.to == start && body.contains(&wire.from) {
                    wire.to.clone_from(&end);
                }
            }
            self.nodes.insert(
                end.clone(),
                json!({ "node_id": end, "node_type": "ForLoopEndNode", "config": { "paired_start_id": start } }),
            );
        }
    }

    fn targets(&self, from: &str, out: &str) -> Vec<String> {
        let wires = self
            .wires
            .iter()
            .filter(|wire| wire.from == from && wire.out == out);
        wires.map(|wire| wire.to.clone()).collect()
    }
}

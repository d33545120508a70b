//! A file's JSON → [`Graph`]: the three dialects of connections, old names, missing ids.

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use super::graph::{Frame, Graph, Node, NodeNo, Parameter, Port, Subflow, Variable, Wire};
use crate::{
    ImportError, library,
    report::{Report, Weight},
};

/// Nodes a workflow may have. The original stops at 1,000.
const MAX_NODES: usize = 5_000;
/// Connections a workflow may have.
const MAX_WIRES: usize = 25_000;

/// Execution outputs and inputs besides those that the types declare.
const FLOW_PORTS: [&str; 9] = [
    "exec",
    "loop_body",
    "then",
    "else",
    "on_success",
    "on_finally",
    "done",
    "finish",
    "next",
];

/// Reads the workflow in `root`: a workflow file, a template, a scenario or a subflow.
pub(crate) fn read(root: &Json, name: &str, report: &mut Report) -> Result<Graph, ImportError> {
    let top = root
        .as_object()
        .ok_or_else(|| not_a_workflow("it is not a JSON object"))?;
    let body = ["base_workflow", "workflow", "graph"]
        .iter()
        .find_map(|key| {
            top.get(*key)?
                .as_object()
                .filter(|inner| inner.contains_key("nodes"))
        })
        .unwrap_or(top);
    let written = body
        .get("nodes")
        .ok_or_else(|| not_a_workflow("it has no `nodes`"))?;
    let mut graph = Graph {
        name: name_of(top, body).unwrap_or_else(|| name.to_owned()),
        description: text(top, "description")
            .or_else(|| text(part(body, "metadata"), "description")),
        ..Graph::default()
    };
    let ids = nodes(written, &mut graph, report)?;
    wires(body, &ids, &mut graph, report)?;
    variables(top, body, &mut graph);
    frames(body, &mut graph);
    if top.contains_key("inputs") || top.contains_key("parameters") {
        graph.subflow = Some(subflow(top));
    }
    Ok(graph)
}

fn not_a_workflow(reason: &str) -> ImportError {
    ImportError::NotAWorkflow {
        reason: reason.to_owned(),
    }
}

static EMPTY: std::sync::LazyLock<Map<String, Json>> = std::sync::LazyLock::new(Map::new);

fn part<'j>(map: &'j Map<String, Json>, key: &str) -> &'j Map<String, Json> {
    map.get(key).and_then(Json::as_object).unwrap_or(&EMPTY)
}

fn text(map: &Map<String, Json>, key: &str) -> Option<String> {
    let text = map.get(key)?.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn name_of(top: &Map<String, Json>, body: &Map<String, Json>) -> Option<String> {
    text(part(body, "metadata"), "name").or_else(|| text(top, "name"))
}

/// Adds the nodes; answers their numbers by every name connections may use.
fn nodes(
    written: &Json,
    graph: &mut Graph,
    report: &mut Report,
) -> Result<IndexMap<String, NodeNo>, ImportError> {
    let entries: Vec<(Option<&str>, &Json)> = match written {
        Json::Object(map) => map.iter().map(|(id, node)| (Some(&**id), node)).collect(),
        Json::Array(list) => list.iter().map(|node| (None, node)).collect(),
        _ => return Err(not_a_workflow("its `nodes` are neither a map nor a list")),
    };
    if entries.is_empty() {
        return Err(not_a_workflow("it has no nodes"));
    }
    if entries.len() > MAX_NODES {
        return Err(ImportError::TooLarge {
            what: "nodes",
            count: entries.len(),
            limit: MAX_NODES,
        });
    }
    let mut ids = IndexMap::new();
    for (place, (key, entry)) in entries.into_iter().enumerate() {
        let Some(fields) = entry.as_object() else {
            report.add(
                Weight::Lost,
                Some(&key.map_or_else(|| format!("nodes[{place}]"), str::to_owned)),
                "it is no node: not a JSON object",
            );
            continue;
        };
        node(key, fields, place, graph, &mut ids, report);
    }
    if graph.nodes.is_empty() {
        return Err(not_a_workflow("none of its nodes is a JSON object"));
    }
    Ok(ids)
}

fn node(
    key: Option<&str>,
    fields: &Map<String, Json>,
    place: usize,
    graph: &mut Graph,
    ids: &mut IndexMap<String, NodeNo>,
    report: &mut Report,
) {
    let custom = part(fields, "custom");
    let inner = text(fields, "node_id")
        .or_else(|| text(fields, "id"))
        .or_else(|| text(custom, "node_id"));
    // A session's keys are addresses; its nodes' own ids are what texts refer to.
    let is_session = fields.contains_key("type_") || !custom.is_empty();
    let id = match (key, inner.clone()) {
        (Some(_), Some(inner)) if is_session => inner,
        (Some(key), Some(inner)) if key != inner => {
            report.add(
                Weight::Look,
                Some(key),
                format!("its node calls itself `{inner}`; the key counts"),
            );
            key.to_owned()
        }
        (Some(key), _) => key.to_owned(),
        (None, Some(inner)) => inner,
        (None, None) => format!("node_{}", place + 1),
    };
    if ids.contains_key(&id) && key.is_none() {
        report.add(
            Weight::Look,
            Some(&id),
            "two nodes have this id; wires go to the first",
        );
    }
    let written = text(fields, "node_type")
        .or_else(|| text(fields, "type_"))
        .or_else(|| text(custom, "node_type"))
        .or_else(|| text(fields, "type"))
        .unwrap_or_default();
    let mut config = part(fields, "config").clone();
    for (name, value) in custom.iter().chain(part(fields, "properties")) {
        if name != "node_id" && name != "node_type" {
            config.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    let disabled = [config.remove("_disabled"), fields.get("disabled").cloned()]
        .into_iter()
        .flatten()
        .any(|value| value == Json::Bool(true));
    let title = text(fields, "name")
        .or_else(|| text(fields, "display_name"))
        .or_else(|| text(&config, "label").filter(|_| !written.contains("Dialog")))
        .filter(|title| *title != id && *title != written);
    let kind = library::present_name(&written);
    if kind != written {
        let last = written.rsplit('.').next().unwrap_or_default();
        let is_alias = library::original(last).is_some_and(|original| original.alias.is_some());
        if last.strip_prefix("Visual") != Some(&kind) && !is_alias {
            report.about(
                Weight::Look,
                (&id, &written),
                format!("there is no type of that name; it was read as `{kind}`"),
            );
        }
    }
    let number = graph.nodes.len();
    graph.nodes.push(Node {
        step: String::new(),
        id: id.clone(),
        kind,
        config,
        title,
        disabled,
        comments: Vec::new(),
        copy_of: None,
    });
    ids.entry(id).or_insert(number);
    if let Some(key) = key {
        ids.entry(key.to_owned()).or_insert(number);
    }
}

fn wires(
    body: &Map<String, Json>,
    ids: &IndexMap<String, NodeNo>,
    graph: &mut Graph,
    report: &mut Report,
) -> Result<(), ImportError> {
    let Some(written) = body.get("connections").filter(|found| !found.is_null()) else {
        return Ok(());
    };
    let list = written
        .as_array()
        .ok_or_else(|| not_a_workflow("its `connections` are not a list"))?;
    if list.len() > MAX_WIRES {
        return Err(ImportError::TooLarge {
            what: "connections",
            count: list.len(),
            limit: MAX_WIRES,
        });
    }
    for (place, connection) in list.iter().enumerate() {
        let at = format!("connections[{place}]");
        let Some((from, out, to, into)) = ends(connection) else {
            report.add(
                Weight::Look,
                Some(&at),
                "it names no ports; it was left out",
            );
            continue;
        };
        let (Some(from), Some(to)) = (ids.get(&from).copied(), ids.get(&to).copied()) else {
            report.add(
                Weight::Look,
                Some(&at),
                format!("it goes from `{from}` to `{to}`, and one of them is not there"),
            );
            continue;
        };
        let (out, into) = (port(graph, from, &out, true), port(graph, to, &into, false));
        let is_flow = is_flow(graph, from, &out, to, &into);
        let wire = Wire {
            from,
            out,
            to,
            into,
            is_flow,
        };
        if from == to {
            report.add(
                Weight::Look,
                Some(&at),
                "it leads back to its own node; it was left out",
            );
        } else if !graph.wires.contains(&wire) {
            graph.wires.push(wire);
        }
    }
    Ok(())
}

/// From which node and port to which, in any of the dialects.
fn ends(connection: &Json) -> Option<(String, String, String, String)> {
    let fields = connection.as_object()?;
    let pair = |key: &str| -> Option<(String, String)> {
        let pair = fields.get(key)?.as_array()?;
        Some((
            pair.first()?.as_str()?.to_owned(),
            pair.get(1)?.as_str()?.to_owned(),
        ))
    };
    if let (Some((from, out)), Some((to, into))) = (pair("out"), pair("in")) {
        return Some((from, out, to, into));
    }
    let one = |names: [&str; 3]| names.iter().find_map(|name| text(fields, name));
    Some((
        one(["source_node", "from_node", "source"])?,
        one(["source_port", "from_port", "sourceHandle"]).unwrap_or_else(|| "exec_out".to_owned()),
        one(["target_node", "to_node", "target"])?,
        one(["target_port", "to_port", "targetHandle"]).unwrap_or_else(|| "exec_in".to_owned()),
    ))
}

/// Short names of ports in templates, in full.
fn port(graph: &Graph, node: NodeNo, port: &str, is_out: bool) -> String {
    let kind = graph.kind(node);
    if kind == "RerouteNode" {
        return port.to_owned();
    }
    match (port, is_out) {
        ("in", false) => "exec_in",
        ("out", true) => "exec_out",
        ("loop" | "loop_body", true) if kind.contains("Loop") || kind == "ParallelForEachNode" => {
            "body"
        }
        ("then", true) if kind == "IfNode" => "true",
        ("else", true) if kind == "IfNode" => "false",
        ("done" | "finish", true) if kind.contains("Loop") => "completed",
        (other, _) => other,
    }
    .to_owned()
}

fn is_flow(graph: &Graph, from: NodeNo, out: &str, to: NodeNo, into: &str) -> bool {
    let named = |port: &str| port.contains("exec") || FLOW_PORTS.contains(&port);
    if let Some(original) = library::original(graph.kind(from)) {
        if original.outputs.contains_key(out) {
            return false;
        }
        let is_case = graph.kind(from) == "SwitchNode" && out.starts_with("case_");
        let is_branch = graph.kind(from) == "ForkNode" && out.starts_with("branch_");
        if original.exits.iter().any(|exit| exit == out) || is_case || is_branch {
            return true;
        }
    }
    let _ = to;
    named(into) || (named(out) && into != "value")
}

fn variables(top: &Map<String, Json>, body: &Map<String, Json>, graph: &mut Graph) {
    for source in [part(body, "variables"), part(top, "variables")] {
        for (name, written) in source {
            let variable = variable(written);
            graph.variables.entry(name.clone()).or_insert(variable);
        }
    }
    if let Some(Json::Array(list)) = body.get("variables") {
        for written in list {
            let name = written.as_object().and_then(|fields| text(fields, "name"));
            if let Some(name) = name {
                graph
                    .variables
                    .entry(name)
                    .or_insert_with(|| variable(written));
            }
        }
    }
    let asked = top.get("default_variables").and_then(Json::as_array);
    for written in asked.into_iter().flatten() {
        let Some(fields) = written.as_object() else {
            continue;
        };
        if let Some(name) = text(fields, "name") {
            let variable = Variable {
                asked: true,
                required: fields.get("required") == Some(&Json::Bool(true)),
                ..variable(written)
            };
            graph.variables.insert(name, variable);
        }
    }
    let credentials = top.get("default_credentials").and_then(Json::as_array);
    for written in credentials
        .into_iter()
        .flatten()
        .filter_map(Json::as_object)
    {
        if let Some(alias) = text(written, "alias") {
            let what = text(written, "description").unwrap_or_default();
            graph.credentials.insert(alias, what);
        }
    }
}

/// A variable as files of any age write it.
pub(crate) fn variable(written: &Json) -> Variable {
    let Some(fields) = written.as_object() else {
        return bare(written);
    };
    let is_described = ["type", "data_type", "default_value"]
        .iter()
        .any(|key| fields.contains_key(*key));
    if !is_described {
        return bare(written);
    }
    let value = fields.get("default_value").or_else(|| fields.get("value"));
    Variable {
        kind: text(fields, "type")
            .or_else(|| text(fields, "data_type"))
            .unwrap_or_default(),
        value: value.cloned().unwrap_or(Json::Null),
        description: text(fields, "description"),
        sensitive: fields.get("sensitive") == Some(&Json::Bool(true)),
        asked: false,
        required: false,
    }
}

fn bare(value: &Json) -> Variable {
    Variable {
        value: value.clone(),
        ..Variable::default()
    }
}

fn frames(body: &Map<String, Json>, graph: &mut Graph) {
    let frames = body.get("frames").and_then(Json::as_array);
    for fields in frames.into_iter().flatten().filter_map(Json::as_object) {
        let nodes = fields
            .get("node_ids")
            .or_else(|| fields.get("contained_nodes"));
        let nodes = nodes.and_then(Json::as_array).into_iter().flatten();
        graph.frames.push(Frame {
            title: text(fields, "title").unwrap_or_else(|| "Group".to_owned()),
            nodes: nodes.filter_map(Json::as_str).map(str::to_owned).collect(),
        });
    }
}

fn subflow(top: &Map<String, Json>) -> Subflow {
    let list = |key: &str| -> Vec<&Map<String, Json>> {
        let list = top.get(key).and_then(Json::as_array).into_iter().flatten();
        list.filter_map(Json::as_object).collect()
    };
    let port = |fields: &&Map<String, Json>| -> Option<Port> {
        Some(Port {
            name: text(fields, "name")?,
            kind: text(fields, "type").unwrap_or_default(),
            default: fields.get("default_value").cloned().unwrap_or(Json::Null),
            required: fields.get("required") == Some(&Json::Bool(true)),
            description: text(fields, "description"),
            node: text(fields, "internal_node_id").unwrap_or_default(),
            port: text(fields, "internal_port_name").unwrap_or_default(),
        })
    };
    let parameter = |fields: &&Map<String, Json>| -> Option<Parameter> {
        Some(Parameter {
            name: text(fields, "name")?,
            default: fields.get("default_value").cloned().unwrap_or(Json::Null),
            description: text(fields, "description").or_else(|| text(fields, "label")),
            node: text(fields, "internal_node_id").unwrap_or_default(),
            setting: text(fields, "internal_property_name").unwrap_or_default(),
        })
    };
    Subflow {
        inputs: list("inputs").iter().filter_map(port).collect(),
        outputs: list("outputs").iter().filter_map(port).collect(),
        parameters: list("parameters").iter().filter_map(parameter).collect(),
    }
}

//! CasareRPA: workflow files, templates, scenarios, subflows and projects.
//!
//! | module | what it does |
//! |---|---|
//! | [`read`] | JSON → graph, in all its dialects |
//! | [`repair`] | puts the graph in order |
//! | [`flow`] | graph → tree of blocks |
//! | [`scopes`] | what is opened and closed becomes a block |
//! | [`places`] | what is seen from where |
//! | [`names`], [`settings`] | references and settings |
//! | [`emit`] | tree → steps |

use std::collections::HashSet;

use casare_workflow::{Input, InputKind, Workflow};
use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::{
    ImportError,
    expression::Val,
    report::{Report, Weight},
};

mod emit;
mod flow;
mod graph;
mod names;
mod places;
pub(crate) mod project;
mod read;
mod repair;
mod scopes;
mod settings;

pub(crate) use emit::is_secret;
use graph::{Graph, Variable};
use names::{Context, sanitized};
use places::Places;

/// What a workflow is imported with besides its own text.
pub(crate) struct Surroundings<'s> {
    /// Files of other workflows in this import, by id, name and path.
    pub(crate) siblings: &'s IndexMap<String, String>,
    /// The file this one goes to.
    pub(crate) target: &'s str,
    /// Variables that its project sets.
    pub(crate) variables: &'s IndexMap<String, Variable>,
    /// Credentials of its project.
    pub(crate) credentials: &'s IndexMap<String, String>,
}

/// Imports one workflow.
pub(crate) fn import(
    root: &Json,
    name: &str,
    around: &Surroundings<'_>,
) -> Result<(Workflow, Report), ImportError> {
    let mut report = Report::default();
    let mut graph = read::read(root, name, &mut report)?;
    for (name, variable) in around.variables {
        graph
            .variables
            .entry(name.clone())
            .or_insert_with(|| variable.clone());
    }
    for (name, what) in around.credentials {
        graph
            .credentials
            .entry(name.clone())
            .or_insert_with(|| what.clone());
    }
    report.total = graph.nodes.len();
    name_steps(&mut graph);
    let entry = repair::repair(&mut graph, &mut report);
    move_comments(&mut graph);
    let items = flow::structure(&mut graph, entry, &mut report)?;
    let items = scopes::wrap(items, &graph);
    let places = Places::new(&items, &graph);
    tell_unreached(&graph, &places, &mut report);
    let before = report.clone();
    let context = Context::new(&graph, places, report, around.siblings, around.target);
    // Twice: the first time finds out what is read where, the second writes what that needs.
    for _ in 0..2 {
        let _ = context.steps(&items);
        let _ = outputs(&context);
    }
    context.report.replace(before);
    let mut workflow = Workflow {
        name: graph.name.clone(),
        description: graph.description.clone(),
        steps: context.steps(&items),
        outputs: outputs(&context),
        ..Workflow::default()
    };
    declare(&context, &mut workflow);
    let mut report = context.report.into_inner();
    let lost: HashSet<&String> = report
        .remarks
        .iter()
        .filter(|remark| remark.weight == Weight::Lost)
        .filter_map(|remark| remark.at.as_ref())
        .collect();
    let is_lost = |node: &&graph::Node| lost.contains(&node.id);
    let real = || {
        graph
            .nodes
            .iter()
            .filter(|node| node.copy_of.is_none() && !node.step.is_empty())
    };
    let lost = real().filter(is_lost).count();
    report.converted = report.total.saturating_sub(lost);
    Ok((workflow, report))
}

/// Gives every node the id of its step: its own, made valid and unique.
fn name_steps(graph: &mut Graph) {
    let mut taken: HashSet<String> = HashSet::new();
    for node in &mut graph.nodes {
        let plain = sanitized(&node.id);
        let mut name = plain.clone();
        let mut number = 2;
        while !taken.insert(name.clone()) {
            name = format!("{plain}_{number}");
            number += 1;
        }
        node.step = name;
    }
}

/// Remarks in the flow become notes of what follows; others of the workflow.
fn move_comments(graph: &mut Graph) {
    for node in 0..graph.nodes.len() {
        if graph.kind(node) != "CommentNode" {
            continue;
        }
        let text = graph.nodes[node]
            .config
            .get("comment")
            .and_then(Json::as_str);
        let Some(text) = text
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
        else {
            continue;
        };
        let next = graph
            .exits(node)
            .first()
            .and_then(|exit| graph.next(node, exit));
        match next {
            Some(next) if !graph.nodes[next].step.is_empty() => {
                graph.nodes[next].comments.push(text);
            }
            _ => {
                let description = graph.description.get_or_insert_default();
                if !description.is_empty() {
                    description.push('\n');
                }
                description.push_str(&text);
            }
        }
    }
}

fn tell_unreached(graph: &Graph, places: &Places, report: &mut Report) {
    for (number, node) in graph.nodes.iter().enumerate() {
        let has_no_step = matches!(
            &*node.kind,
            "CommentNode"
                | "RerouteNode"
                | "ForLoopEndNode"
                | "WhileLoopEndNode"
                | "JoinNode"
                | "SubflowInputNode"
                | "SubflowOutputNode"
                | graph::FAN
                | graph::ESCAPE
        );
        if places.of(number).is_none() && !has_no_step {
            report.about(
                Weight::Look,
                (&node.id, &node.kind),
                "nothing leads to it, so it never ran; it was left out",
            );
        }
    }
}

/// The outputs of a subflow.
fn outputs(context: &Context<'_>) -> IndexMap<String, Json> {
    let graph = context.graph;
    let mut outputs = IndexMap::new();
    // What is read after everything else.
    let end = names::Reader {
        node: 0,
        place: places::Place {
            list: 0,
            index: usize::MAX,
        },
    };
    for (number, node) in graph.nodes.iter().enumerate() {
        if node.kind != "SubflowOutputNode" {
            continue;
        }
        let name = node
            .config
            .get("port_name")
            .and_then(Json::as_str)
            .unwrap_or("output");
        let wire = graph
            .wires
            .iter()
            .find(|wire| !wire.is_flow && wire.to == number);
        let value = match wire {
            Some(wire) => context.output(wire.from, &wire.out, end).map(Val::Code),
            None => node
                .config
                .get("value")
                .map(|value| context.value(value, end)),
        };
        if let Some(value) = value {
            outputs.insert(sanitized(name), value.setting());
        }
    }
    for port in graph.subflow.iter().flat_map(|subflow| &subflow.outputs) {
        let name = sanitized(&port.name);
        if let (Some(node), false) = (graph.find(&port.node), outputs.contains_key(&name))
            && let Some(code) = context.output(node, &port.port, end)
        {
            outputs.insert(name, Val::Code(code).setting());
        }
    }
    outputs
}

/// Inputs and variables.
fn declare(context: &Context<'_>, workflow: &mut Workflow) {
    let graph = context.graph;
    if let Some(subflow) = &graph.subflow {
        for port in &subflow.inputs {
            let input = Input {
                kind: input_kind(&port.kind),
                default: (!port.default.is_null()).then(|| port.default.clone()),
                required: port.required && port.default.is_null(),
                description: port.description.clone(),
                options: Vec::new(),
            };
            workflow.inputs.insert(sanitized(&port.name), input);
        }
        for parameter in &subflow.parameters {
            let input = Input {
                default: (!parameter.default.is_null()).then(|| parameter.default.clone()),
                description: parameter.description.clone(),
                ..Input::default()
            };
            workflow.inputs.insert(sanitized(&parameter.name), input);
        }
    }
    for node in graph
        .nodes
        .iter()
        .filter(|node| node.kind == "SubflowInputNode")
    {
        let name = node
            .config
            .get("port_name")
            .and_then(Json::as_str)
            .unwrap_or("input");
        workflow.inputs.entry(sanitized(name)).or_default();
    }
    for (number, port) in context.read.borrow().iter() {
        let node = &graph.nodes[*number];
        let is_trigger = matches!(
            context.form_of(*number).map(|(form, _)| &form.form),
            Some(crate::library::Form::Trigger(_))
        );
        if is_trigger {
            let name = format!("{}_{}", node.step, sanitized(port));
            let input = Input {
                description: Some(format!("What the {} gave as `{port}`.", node.kind)),
                ..Input::default()
            };
            workflow.inputs.insert(name, input);
        }
    }
    workflow.inputs.sort_keys();
    for (name, variable) in &graph.variables {
        declare_variable(context, workflow, name, variable);
    }
    for name in context.declared.borrow().iter() {
        workflow.variables.entry(name.clone()).or_insert(Json::Null);
    }
    // Variables that only other names of settings set.
    for code in context.variables.values() {
        if let Some(name) = code.strip_prefix("vars.") {
            workflow
                .variables
                .entry(name.to_owned())
                .or_insert(Json::Null);
        }
    }
}

fn declare_variable(
    context: &Context<'_>,
    workflow: &mut Workflow,
    name: &str,
    variable: &Variable,
) {
    let Some(code) = context.variables.get(name) else {
        return;
    };
    let plain = code.rsplit('.').next().unwrap_or_default().to_owned();
    if variable.sensitive
        || (is_secret(name)
            && variable
                .value
                .as_str()
                .is_some_and(|value| !value.is_empty()))
    {
        let mut report = context.report.borrow_mut();
        report.add(
            Weight::Lost,
            Some(name),
            "the value of this variable is a secret and was not taken over: keep it as a credential, and give steps its name",
        );
        workflow.variables.insert(plain, Json::Null);
        return;
    }
    let value = typed(&variable.value, &variable.kind);
    if variable.asked {
        let is_set = code.starts_with("vars.");
        let input = Input {
            kind: input_kind(&variable.kind),
            default: (!value.is_null()).then(|| Val::Literal(value).setting()),
            required: variable.required && variable.value.is_null(),
            description: variable.description.clone(),
            options: Vec::new(),
        };
        workflow.inputs.insert(plain.clone(), input);
        if is_set {
            workflow
                .variables
                .insert(plain.clone(), format!("{{{{ inputs.{plain} }}}}").into());
        }
        return;
    }
    workflow
        .variables
        .insert(plain, Val::Literal(value).setting());
}

/// A variable's value, by its declared type.
fn typed(value: &Json, kind: &str) -> Json {
    let Some(text) = value.as_str() else {
        return value.clone();
    };
    let parsed = || serde_json::from_str::<Json>(text).ok();
    match kind.to_lowercase().as_str() {
        "integer" | "float" | "int32" | "number" => parsed().filter(Json::is_number),
        "boolean" => parsed().filter(Json::is_boolean),
        "list" | "array" | "datatable" => parsed().filter(Json::is_array),
        "dict" | "object" => parsed().filter(Json::is_object),
        _ => None,
    }
    .unwrap_or_else(|| value.clone())
}

fn input_kind(kind: &str) -> InputKind {
    match kind.to_lowercase().as_str() {
        "string" => InputKind::String,
        "integer" | "int32" => InputKind::Integer,
        "float" | "number" => InputKind::Number,
        "boolean" => InputKind::Boolean,
        "list" | "array" | "datatable" => InputKind::List,
        "dict" | "object" => InputKind::Map,
        _ => InputKind::Any,
    }
}

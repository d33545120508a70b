//! What every node owes.

use casare_engine::{Node, Registry, RunState};
use casare_workflow::{Catalogue, NodeSpec, Severity, Source, check};
use serde_json::Value as Json;

use crate::Office;

/// Asserts that every node says what it does, what each setting and output means, refuses settings
/// that it does not know, and has a name of its own.
pub fn assert_described(nodes: &[Node]) {
    let engines = Registry::new(Vec::new());
    let mut names: Vec<&str> = nodes.iter().map(Node::name).collect();
    names.sort_unstable();
    let doubled = names.windows(2).find(|pair| pair[0] == pair[1]);
    assert_eq!(doubled, None, "two nodes have one name");
    assert_each(nodes, |spec| {
        let mut faults = Vec::new();
        if !spec.summary.ends_with('.') || spec.summary.len() > 160 {
            faults.push(format!(
                "the summary is no short sentence: {}",
                spec.summary
            ));
        }
        if spec.icon == "box" {
            faults.push("there is no icon".to_owned());
        }
        if spec.name.split('.').count() != 2 {
            faults.push("the name is not `category.action`".to_owned());
        }
        if engines.node(&spec.name).is_some() {
            faults.push("the engine has a node of this name".to_owned());
        }
        if spec.settings.get("additionalProperties") != Some(&Json::Bool(false)) {
            faults.push("unknown settings are taken".to_owned());
        }
        undescribed(&spec.settings, "settings.", &mut faults);
        undescribed(&spec.outputs, "outputs.", &mut faults);
        faults
    });
}

/// Asserts that every example uses its node and is a valid workflow; `all` are the nodes that it
/// may use besides.
pub fn assert_examples_are_valid(nodes: &[Node], all: Vec<Node>) {
    let registry = Registry::new(all);
    assert_each(nodes, |spec| {
        if !spec.example.contains(&format!("use: {}", spec.name)) {
            return vec!["the example does not use the node".to_owned()];
        }
        let text = format!("casare: 1\nname: example\nsteps:\n{}", spec.example);
        match Source::read("example.workflow.yaml", &text) {
            Ok((workflow, source)) => check(&workflow, &source, &registry)
                .into_iter()
                .filter(|problem| problem.severity == Severity::Error)
                .map(|problem| format!("example: {}", problem.message))
                .collect(),
            Err(problems) => vec![format!("example: {problems:?}")],
        }
    });
}

/// Runs the example of every node to its end in a folder of its own that holds the fixtures.
///
/// Not those of `served`: they need a server, which the tests of their category start (see
/// [`Office::example`]).
pub async fn assert_examples_run(nodes: &[Node], all: &[Node], served: &[&str]) {
    for name in served {
        let known = nodes.iter().any(|node| node.name() == *name);
        assert!(known, "there is no node {name} to be served");
    }
    let mut faults = Vec::new();
    for node in nodes.iter().filter(|node| !served.contains(&node.name())) {
        // Whoever is asked agrees.
        let office = Office::with_fixtures(all.iter().cloned()).answer("approved", true.into());
        let outcome = office.example(node.name(), &[]).await;
        if outcome.state != RunState::Succeeded {
            let why = outcome.error.map(|error| error.message);
            faults.push(format!("{}: {:?}: {why:?}", node.name(), outcome.state));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn assert_each(nodes: &[Node], look: impl Fn(&NodeSpec) -> Vec<String>) {
    let faults: Vec<String> = nodes
        .iter()
        .map(Node::spec)
        .flat_map(|spec| {
            let faults = look(spec);
            faults
                .into_iter()
                .map(move |fault| format!("{}: {fault}", spec.name))
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Properties of `schema` and of all schemas in it that have no description.
fn undescribed(schema: &Json, path: &str, found: &mut Vec<String>) {
    match schema {
        Json::Object(map) => {
            if let Some(Json::Object(properties)) = map.get("properties") {
                for (name, property) in properties {
                    let described = property.get("description").is_some_and(|text| text != "");
                    if !described {
                        found.push(format!("`{path}{name}` has no description"));
                    }
                }
            }
            for (key, inner) in map {
                undescribed(inner, &format!("{path}{key}."), found);
            }
        }
        Json::Array(items) => {
            for item in items {
                undescribed(item, path, found);
            }
        }
        _ => {}
    }
}

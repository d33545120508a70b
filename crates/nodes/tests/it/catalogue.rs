//! What every node owes.

use casare_engine::Registry;
use casare_workflow::{Catalogue, NodeSpec, Severity, Source, check};
use serde_json::Value as Json;

fn each_node(look: impl Fn(&NodeSpec) -> Vec<String>) {
    let nodes = casare_nodes::standard();
    let faults: Vec<String> = nodes
        .iter()
        .map(casare_engine::Node::spec)
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

#[test]
fn every_node_says_what_it_does_and_what_each_setting_and_output_means() {
    each_node(|spec| {
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
        undescribed(&spec.settings, "settings.", &mut faults);
        undescribed(&spec.outputs, "outputs.", &mut faults);
        faults
    });
}

#[test]
fn every_node_refuses_settings_that_it_does_not_know() {
    each_node(|spec| match spec.settings.get("additionalProperties") {
        Some(Json::Bool(false)) => Vec::new(),
        _ => vec!["unknown settings are taken".to_owned()],
    });
}

#[test]
fn every_example_is_a_valid_workflow() {
    let registry = Registry::new(casare_nodes::standard());
    each_node(|spec| {
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

#[test]
fn nodes_have_names_of_their_own() {
    let nodes = casare_nodes::standard();
    let own = Registry::new(Vec::new());

    let mut names: Vec<&str> = nodes.iter().map(|node| &*node.spec().name).collect();
    let taken = names.iter().find(|name| own.node(name).is_some());
    assert_eq!(taken, None, "the engine has a node of this name");
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}

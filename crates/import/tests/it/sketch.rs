//! Workflows of CasareRPA, written briefly.

use casare_engine::Registry;
use casare_import::{Outcome, Report, SourceFile, import};
use casare_node_testing::Office;
use casare_workflow::{Severity, Source, check};
use serde_json::{Map, Value as Json, json};

/// A workflow file: nodes as `[id, type, config]`, wires as `a > b; loop.body > c; a.x > d.y`.
pub(crate) fn file(nodes: &Json, wires: &str) -> Json {
    let mut map = Map::new();
    for node in nodes.as_array().unwrap() {
        let id = node[0].as_str().unwrap();
        let config = node.get(2).cloned().unwrap_or_else(|| json!({}));
        map.insert(
            id.to_owned(),
            json!({ "node_id": id, "node_type": node[1], "config": config, "position": [0, 0] }),
        );
    }
    let connections: Vec<Json> = wires
        .split(';')
        .filter(|wire| !wire.trim().is_empty())
        .map(|wire| {
            let (from, to) = wire.split_once('>').unwrap();
            let (from, out) = end(from, "exec_out");
            let (to, into) = end(to, "exec_in");
            json!({ "source_node": from, "source_port": out, "target_node": to, "target_port": into })
        })
        .collect();
    json!({ "metadata": { "name": "sketch" }, "nodes": map, "connections": connections })
}

fn end<'t>(text: &'t str, port: &'t str) -> (&'t str, &'t str) {
    text.trim().split_once('.').unwrap_or((text.trim(), port))
}

/// Every node that the tests' workflows may use.
pub(crate) fn registry() -> Registry {
    Registry::new(casare_nodes::standard())
}

/// The one workflow in `file`, checked.
pub(crate) fn imported(file: &Json) -> Outcome {
    let file = SourceFile {
        path: "sketch.json".to_owned(),
        text: file.to_string(),
    };
    let outcome = import(&[file], &registry()).remove(0).outcome.unwrap();
    assert_valid(&outcome);
    outcome
}

/// Fails unless `outcome` passes the check.
pub(crate) fn assert_valid(outcome: &Outcome) {
    let (workflow, source) = Source::read(&outcome.path, &outcome.text).unwrap();
    let errors: Vec<String> = check(&workflow, &source, &registry())
        .into_iter()
        .filter(|problem| problem.severity == Severity::Error)
        .map(|problem| problem.message)
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\n{}", outcome.text);
}

/// The steps of a sketch, without the head of the file.
pub(crate) fn steps(nodes: &Json, wires: &str) -> String {
    let text = imported(&file(nodes, wires)).text;
    text.split_once("steps:\n").unwrap().1.to_owned()
}

/// What is remarked about a sketch.
pub(crate) fn report(nodes: &Json, wires: &str) -> Report {
    imported(&file(nodes, wires)).report
}

/// Runs a sketch to its end; answers the messages it logged.
pub(crate) async fn logged(nodes: &Json, wires: &str) -> Vec<String> {
    logged_by(&imported(&file(nodes, wires)).text).await
}

/// Runs a workflow to its end; answers the messages it logged.
pub(crate) async fn logged_by(workflow: &str) -> Vec<String> {
    let office = Office::with(casare_nodes::standard());
    logged_in(&office, workflow).await
}

/// Runs a workflow in `office` to its end; answers the messages it logged.
pub(crate) async fn logged_in(office: &Office, workflow: &str) -> Vec<String> {
    let body = workflow.split_once("\nname:").unwrap().1;
    office.outputs(body.split_once('\n').unwrap().1).await;
    let heard = office.heard();
    let events = heard
        .lines()
        .map(|line| serde_json::from_str::<Json>(line).unwrap());
    events
        .filter(|event| {
            event["event"] == "log" || event["type"] == "log" || event.get("log").is_some()
        })
        .filter_map(|event| {
            let log = event.get("log").unwrap_or(&event);
            log["message"].as_str().map(str::to_owned)
        })
        .collect()
}

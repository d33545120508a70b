//! Folders with projects.

use casare_import::{SourceFile, import};
use serde_json::{Value as Json, json};

use crate::sketch::{assert_valid, file, registry};

fn source(path: &str, json: &Json) -> SourceFile {
    SourceFile {
        path: path.to_owned(),
        text: json.to_string(),
    }
}

#[test]
fn a_project_brings_its_variables_scenarios_and_subflows() {
    let project = json!({ "$schema_version": "1.0.0", "id": "proj_1", "name": "Office" });
    let variables = json!({ "scope": "project", "variables": { "region": { "type": "String", "default_value": "north" } } });
    let greet = json!({
        "id": "subflow_0123456789ab", "name": "Greet",
        "inputs": [{ "name": "who", "type": "STRING", "required": true, "internal_node_id": "make", "internal_port_name": "string_2" }],
        "outputs": [{ "name": "text", "type": "STRING", "internal_node_id": "make", "internal_port_name": "result" }],
        "nodes": { "make": { "node_id": "make", "node_type": "ConcatenateNode", "config": { "string_1": "Hello " } } },
        "connections": []
    });
    let mut scenario = json!({ "id": "scen_1", "name": "Morning", "project_id": "proj_1", "variable_values": { "region": "south" } });
    scenario["workflow"] = file(
        &json!([
            ["call", "SubflowNode", { "subflow_id": "subflow_0123456789ab", "who": "{{region}}" }],
            ["say", "LogNode", { "message": "{{call.text}}" }],
        ]),
        "call > say",
    );

    let imported = import(
        &[
            source("project.json", &project),
            source("variables.json", &variables),
            source("workflows/subflows/greet.json", &greet),
            source("scenarios/morning.json", &scenario),
        ],
        &registry(),
    );

    let [greet, morning] = imported.as_slice() else {
        panic!("{imported:#?}");
    };
    let (greet, morning) = (
        greet.outcome.as_ref().unwrap(),
        morning.outcome.as_ref().unwrap(),
    );
    assert_eq!(greet.path, "workflows/subflows/greet.workflow.yaml");
    assert!(
        greet.text.contains("'Hello ' ~") && greet.text.contains("inputs.who"),
        "{}",
        greet.text
    );
    assert!(greet.text.contains("outputs:\n  text:"), "{}", greet.text);
    assert!(
        morning
            .text
            .contains("workflow: ../workflows/subflows/greet.workflow.yaml"),
        "{}",
        morning.text
    );
    assert!(morning.text.contains("region: south"), "{}", morning.text);
    assert!(
        morning.text.contains("{{ steps.call.text }}"),
        "{}",
        morning.text
    );
    assert_valid(greet);
    assert_valid(morning);
    assert!(
        !morning.report.lost_something(),
        "{}",
        morning.report.to_text()
    );
}

//! The ways in which files write nodes and connections.

use serde_json::json;

use crate::sketch::{file, imported, logged_by};

#[tokio::test]
async fn templates_list_their_nodes_and_shorten_their_ports() {
    let template = json!({
        "id": "tmpl_1", "name": "Count", "category": "Demo",
        "default_variables": [
            { "name": "names", "data_type": "List", "default_value": ["x", "y"], "required": true },
            { "name": "total", "data_type": "Integer", "default_value": 0, "required": false }
        ],
        "base_workflow": {
            "nodes": [
                { "node_id": "s", "node_type": "StartNode", "config": {}, "display_name": "Start" },
                { "node_id": "each", "node_type": "ForLoopStartNode", "config": { "items": "{{names}}" } },
                { "node_id": "say", "node_type": "LogNode", "config": { "message": "{{each.item}}" }, "display_name": "Say" },
                { "node_id": "add", "node_type": "IncrementVariableNode", "config": { "variable_name": "total" } },
                { "node_id": "end", "node_type": "ForLoopEndNode", "config": {} },
                { "node_id": "last", "node_type": "LogNode", "config": { "message": "{{total}}" } },
                { "node_id": "e", "node_type": "EndNode", "config": {} }
            ],
            "connections": [
                { "from_node": "s", "from_port": "out", "to_node": "each", "to_port": "in" },
                { "from_node": "each", "from_port": "loop", "to_node": "say", "to_port": "in" },
                { "from_node": "say", "from_port": "out", "to_node": "add", "to_port": "in" },
                { "from_node": "add", "from_port": "out", "to_node": "end", "to_port": "in" },
                { "from_node": "end", "from_port": "out", "to_node": "last", "to_port": "in" },
                { "from_node": "last", "from_port": "out", "to_node": "e", "to_port": "in" }
            ]
        }
    });

    let outcome = imported(&template);

    assert!(outcome.text.contains("names:"), "{}", outcome.text);
    assert!(outcome.text.contains("name: Say\n"), "{}", outcome.text);
    assert_eq!(logged_by(&outcome.text).await, ["x", "y", "2"]);
}

#[tokio::test]
async fn sessions_of_the_old_editor_name_ports_in_pairs() {
    let session = json!({
        "nodes": {
            "0x1": { "type_": "casare_rpa.basic.VisualStartNode", "name": "Start", "custom": { "node_id": "start" } },
            "0x2": { "type_": "casare_rpa.variable.VisualSetVariableNode", "name": "Set",
                     "custom": { "node_id": "set", "variable_name": "x", "default_value": 3 } },
            "0x3": { "type_": "casare_rpa.utility.VisualLogNode", "name": "Log",
                     "custom": { "node_id": "say", "message": "x = {{x}}" } }
        },
        "connections": [
            { "out": ["0x1", "exec_out"], "in": ["0x2", "exec_in"] },
            { "out": ["0x2", "exec_out"], "in": ["0x3", "exec_in"] }
        ]
    });

    assert_eq!(logged_by(&imported(&session).text).await, ["x = 3"]);
}

#[tokio::test]
async fn reroutes_are_wires() {
    let file = file(
        &json!([
            ["make", "ConcatenateNode", { "string_1": "a", "string_2": "b" }],
            ["bend", "RerouteNode"],
            ["bow", "RerouteNode"],
            ["say", "LogNode"],
        ]),
        "make > bend.in; bend.out > say; make.result > bow.in; bow.out > say.message",
    );

    assert_eq!(logged_by(&imported(&file).text).await, ["ab"]);
}

#[test]
fn ids_that_can_not_be_ids_of_steps_are_made_so() {
    let file = file(
        &json!([
            ["1 read-csv", "TextSplitNode", { "text": "a b" }],
            ["say", "LogNode", { "message": "x" }],
        ]),
        "1 read-csv > say; 1 read-csv.result > say.message",
    );

    let text = imported(&file).text;

    assert!(text.contains("id: _1_read_csv"), "{text}");
    assert!(text.contains("{{ steps._1_read_csv.result }}"), "{text}");
}

#[test]
fn older_names_of_settings_and_outputs_are_known() {
    let file = file(
        &json!([
            ["cut", "TextSplitNode", { "text": "a;b", "delimiter": ";" }],
            ["pad", "TextPadNode", { "text": "7", "width": 3, "pad_char": "0", "side": "left" }],
            ["say", "LogNode", { "message": "{{cut.parts}} {{pad.result}}" }],
        ]),
        "cut > pad; pad > say",
    );

    let outcome = imported(&file);

    assert!(outcome.text.contains("separator: ;"), "{}", outcome.text);
    assert!(
        outcome.text.contains("'7' | pad_left(3, '0')"),
        "{}",
        outcome.text
    );
    assert!(
        !outcome.report.changed_something(),
        "{}",
        outcome.report.to_text()
    );
}

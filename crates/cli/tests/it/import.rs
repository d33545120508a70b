//! `casare import`

use std::{fs, path::Path};

use casare_import::{Standing, coverage, coverage_markdown, misfits};
use casare_workflow::Catalogue as _;
use serde_json::{Value as Json, json};

use crate::world::World;

/// A workflow of CasareRPA that logs `message`, and does `more` after it.
fn rpa(message: &str, more: &Json) -> String {
    let mut nodes = json!({
        "start": { "node_id": "start", "node_type": "StartNode", "config": {} },
        "say": { "node_id": "say", "node_type": "LogNode", "config": { "message": message, "level": "info" } },
    });
    let mut connections = vec![json!({
        "source_node": "start", "source_port": "exec_out", "target_node": "say", "target_port": "exec_in",
    })];
    if !more.is_null() {
        nodes["more"] = more.clone();
        connections.push(json!({
            "source_node": "say", "source_port": "exec_out", "target_node": "more", "target_port": "exec_in",
        }));
    }
    json!({ "metadata": { "name": "rpa" }, "nodes": nodes, "connections": connections }).to_string()
}

#[test]
fn an_imported_workflow_passes_the_check_and_runs() {
    let world = World::with("rpa.json", &rpa("hello from there", &Json::Null));

    let imported = world.call(&["import", "rpa.json", "-o", "out"]);
    let checked = world.call(&["check", "out/rpa.workflow.yaml"]);
    let ran = world.call(&["run", "out/rpa.workflow.yaml"]);

    assert_eq!(imported.code, 0, "{}", imported.err);
    assert!(
        imported.out.contains("2 of 2 converted"),
        "{}",
        imported.out
    );
    assert_eq!(checked.code, 0, "{}", checked.err);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("hello from there") || ran.out.contains("hello from there"));
}

#[test]
fn files_of_the_same_name_keep_their_folders() {
    let world = World::new();
    for (folder, message) in [("a", "one"), ("b", "two")] {
        fs::create_dir_all(world.path(folder)).unwrap();
        let path = world.path(&format!("{folder}/rpa.json"));
        fs::write(path, rpa(message, &Json::Null)).unwrap();
    }

    let imported = world.call(&["import", "a/rpa.json", "b/rpa.json", "-o", "out"]);

    assert_eq!(imported.code, 0, "{}", imported.err);
    for (folder, message) in [("a", "one"), ("b", "two")] {
        let path = world.path(&format!("out/{folder}/rpa.workflow.yaml"));
        assert!(fs::read_to_string(path).unwrap().contains(message));
    }
}

#[test]
fn workflows_that_call_each_other_in_a_circle_pass_the_check() {
    let calls = |name: &str| json!({ "node_id": "more", "node_type": "SubflowNode", "config": { "subflow_id": name } });
    let world = World::new();
    fs::create_dir_all(world.path("rpa")).unwrap();
    fs::write(world.path("rpa/a.json"), rpa("one", &calls("b"))).unwrap();
    fs::write(world.path("rpa/b.json"), rpa("two", &calls("a"))).unwrap();

    let imported = world.call(&["import", "rpa", "-o", "out"]);

    assert_eq!(imported.code, 1, "{}", imported.err);
    assert!(
        imported.out.contains("can't call itself"),
        "{}",
        imported.out
    );
    let checked = world.call(&["check", "out/a.workflow.yaml", "out/b.workflow.yaml"]);
    assert_eq!(checked.code, 0, "{}", checked.err);
}

#[test]
fn a_robot_of_rpa_framework_does_its_work() {
    let robot = "\
*** Settings ***
Library    RPA.Excel.Files
Library    RPA.Tables
Library    RPA.Dialogs

*** Variables ***
${FOLDER}    out
${BOOK}    ${FOLDER}${/}large.xlsx

*** Tasks ***
List Large Orders
    Add Heading    How large?
    Add Text Input    name=least
    ${answer}=    Run Dialog
    ${orders}=    Read Table From CSV    orders.csv    header=True
    Filter Table By Column    ${orders}    amount    >=    ${answer}[least]
    Create Workbook    ${BOOK}
    Append Rows To Worksheet    ${orders}    header=True
    Save Workbook
    ${status}=    Run Keyword And Return Status    Fail    no
    ${word}=    Set Variable If    $status    wrong    right
    FOR    ${order}    IN    @{orders}
        Log    ${word} ${order}[number]
    END
    Close Workbook
";
    let world = World::with("tasks.robot", robot);
    fs::write(
        world.path("orders.csv"),
        "number,amount\n1,20\n2,300\n3,100\n",
    )
    .unwrap();

    let imported = world.call(&["import", "tasks.robot", "-o", "."]);
    let ran = world.call(&["run", "tasks.workflow.yaml", "--answer", "least=100"]);

    assert_eq!(imported.code, 0, "{}{}", imported.out, imported.err);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let said: Vec<&str> = ran.err.lines().map(str::trim).collect();
    for line in ["right 2", "right 3"] {
        assert!(said.contains(&line), "{}", ran.err);
    }
    assert!(!said.contains(&"right 1"), "{}", ran.err);
    assert!(world.path("out/large.xlsx").exists());
}

#[test]
fn what_has_no_equivalent_is_told_and_makes_the_exit_code_1() {
    let keys =
        json!({ "node_id": "more", "node_type": "SendKeysNode", "config": { "keys": "abc" } });
    let world = World::with("rpa.json", &rpa("hello", &keys));

    let imported = world.call(&["import", "rpa.json", "-o", "out", "--json"]);

    assert_eq!(imported.code, 1, "{}", imported.err);
    let report: Json = serde_json::from_str(&imported.out).unwrap();
    assert_eq!(report["files"][0]["workflow"], "rpa.workflow.yaml");
    assert_eq!(report["files"][0]["no_equivalent"][0]["at"], "more");
    assert_eq!(world.call(&["check", "out/rpa.workflow.yaml"]).code, 0);
}

#[test]
fn a_workflow_that_is_there_already_is_only_replaced_by_force() {
    let world = World::with("rpa.json", &rpa("one", &Json::Null));
    world.call(&["import", "rpa.json", "-o", "out"]);
    fs::write(world.path("rpa.json"), rpa("two", &Json::Null)).unwrap();

    let refused = world.call(&["import", "rpa.json", "-o", "out"]);
    let forced = world.call(&["import", "rpa.json", "-o", "out", "--force"]);

    assert_ne!(refused.code, 0);
    assert!(refused.err.contains("--force"), "{}", refused.err);
    assert_eq!(forced.code, 0, "{}", forced.err);
    assert!(
        fs::read_to_string(world.path("out/rpa.workflow.yaml"))
            .unwrap()
            .contains("two")
    );
}

#[test]
fn what_is_no_workflow_is_told_with_what_to_do() {
    let world = World::with("bad.json", "{\"nodes\": ");

    let answer = world.call(&["import", "bad.json", "-o", "out"]);

    assert_eq!(answer.code, 3);
    assert!(answer.out.contains("not valid JSON"), "{}", answer.out);
    assert_eq!(world.call(&["import", "missing.json", "-o", "out"]).code, 2);
}

#[test]
fn successors_name_nodes_settings_and_outputs_that_are_there() {
    let registry = casare_engine::Registry::new(
        [
            casare_nodes::standard(),
            casare_documents::standard(),
            casare_connectors::standard(),
        ]
        .into_iter()
        .flatten(),
    );
    let is_known = |name: &str| registry.node(name).is_some();

    let all = coverage(&is_known);

    let awaited: Vec<&str> = all
        .iter()
        .filter(|one| one.standing == Standing::Awaited)
        .map(|one| one.kind)
        .collect();
    assert_eq!(awaited, Vec::<&str>::new());
    assert_eq!(misfits(&registry), Vec::<String>::new());
    let succeeded = all
        .iter()
        .filter(|one| !one.is_alias && one.standing == Standing::Succeeded)
        .count();
    assert!(succeeded >= 300, "{succeeded}");
    assert_eq!(all.len(), 455);

    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/coverage.md");
    assert!(
        fs::read_to_string(page).unwrap() == coverage_markdown(&is_known),
        "docs/coverage.md is out of date; run `casare import --coverage > docs/coverage.md`"
    );
}

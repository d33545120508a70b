//! Setting up a project.

use std::fs;

use crate::world::World;

#[test]
fn a_new_project_runs_and_is_valid() {
    let world = World::new();

    let answer = world.call(&["init", "shop", "--json"]);

    assert_eq!(answer.code, 0, "{}", answer.err);
    let made = answer.json()["created"].as_array().unwrap().len();
    assert_eq!(made, 11);
    let workflow = "shop/workflows/large-orders.workflow.yaml";
    let check = world.call(&["check", workflow]);
    assert_eq!((check.code, check.err.as_str()), (0, ""));
    assert_eq!(world.call(&["fmt", "--check", workflow]).code, 0);
    let run = world.call(&["run", workflow, "--json"]);
    assert_eq!(run.json()["outputs"]["total"], 3650.0);
    let listed = fs::read_to_string(world.path("shop/workflows/out/large.txt")).unwrap();
    assert_eq!(listed, "4711 Northwind\n4714 Northwind\n");
}

#[test]
fn what_is_there_already_is_left_as_it_is() {
    let world = World::with("README.md", "mine");

    let answer = world.call(&["init"]);

    assert_eq!(answer.code, 0, "{}", answer.err);
    assert!(answer.err.contains("left README.md"), "{}", answer.err);
    assert!(
        answer.err.contains("git config merge.casare.driver"),
        "{}",
        answer.err
    );
    assert_eq!(fs::read_to_string(world.path("README.md")).unwrap(), "mine");
}

#[test]
fn editors_are_told_which_schema_is_whose() {
    let world = World::new();
    world.call(&["init"]);
    let json = |name: &str| -> serde_json::Value {
        serde_json::from_str(&fs::read_to_string(world.path(name)).unwrap()).unwrap()
    };

    let schemas = &json(".vscode/settings.json")["yaml.schemas"];

    for (schema, files) in schemas.as_object().unwrap() {
        let schema = json(schema);
        assert!(schema["properties"].is_object(), "{files}");
    }
}

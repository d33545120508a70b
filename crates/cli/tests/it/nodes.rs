use insta::assert_snapshot;

use crate::world::World;

#[test]
fn the_manual_of_a_node_tells_its_settings_and_an_example() {
    assert_snapshot!(World::new().call(&["nodes", "log.write"]).out);
}

#[test]
fn nodes_are_found_by_what_they_do() {
    let found = World::new().call(&["nodes", "--search", "run's log"]).out;

    assert!(found.starts_with("log.write"), "{found}");
    assert_eq!(found.lines().count(), 1);
}

#[test]
fn a_misspelt_node_is_recognised() {
    let answer = World::new().call(&["nodes", "log.wrte"]);

    assert_eq!(answer.code, 2);
    assert!(
        answer.err.contains("did you mean `log.write`?"),
        "{}",
        answer.err
    );
}

#[test]
fn programs_get_the_schemas_of_all_nodes() {
    let nodes = World::new().call(&["nodes", "--json"]).json()["nodes"].clone();

    let names: Vec<&str> = nodes
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["name"].as_str().unwrap())
        .collect();
    assert!(names.is_sorted() && names.contains(&"flow.for_each") && names.contains(&"log.write"));
    assert!(
        nodes
            .as_array()
            .unwrap()
            .iter()
            .all(|node| node["settings"].is_object())
    );
}

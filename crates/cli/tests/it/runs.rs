use std::fs;

use crate::world::{GREET, REFUSE, World};

#[test]
fn runs_are_listed_shown_reported_and_deleted() {
    let world = World::with("greet.yaml", GREET);
    fs::write(world.path("refuse.yaml"), REFUSE).unwrap();
    let id = world.call(&["run", "greet.yaml", "--json"]).json()["run"]
        .as_str()
        .unwrap()
        .to_owned();
    world.call(&["run", "refuse.yaml"]);

    let listed = world.call(&["runs", "list", "--json"]).json();
    assert_eq!(listed["runs"][0]["workflow"], "refuse");
    assert_eq!(listed["runs"][1]["id"], id.as_str());
    let failed = world.call(&["runs", "list", "--state", "failed"]).out;
    assert!(
        failed.contains("refuse") && !failed.contains("greet"),
        "{failed}"
    );

    let shown = world.call(&["runs", "show", &id]).out;
    assert!(
        shown.contains("Hello, world") && shown.contains("log.write"),
        "{shown}"
    );

    let report = world.call(&["runs", "report", &id, "-o", "out.html"]);
    assert_eq!(report.out, "out.html\n", "{}", report.err);
    assert!(
        fs::read_to_string(world.path("out.html"))
            .unwrap()
            .contains("Hello, world")
    );

    let folder = world.path("home/runs").join(&id);
    assert!(folder.exists());
    assert_eq!(world.call(&["runs", "delete", &id]).code, 0);
    assert!(!folder.exists());
    assert_eq!(world.call(&["runs", "show", &id]).code, 2);
}

#[test]
fn a_failed_run_goes_on_where_it_stopped() {
    let text = r#"casare: 1
name: flaky
steps:
  - id: first
    use: file.append
    with: { path: log.txt, content: first }
  - id: second
    use: file.read
    with: { path: later.txt }
outputs:
  content: "{{ steps.second.content }}"
"#;
    let world = World::with("flaky.yaml", text);
    assert_eq!(world.call(&["run", "flaky.yaml"]).code, 1);
    fs::write(world.path("later.txt"), "there now").unwrap();

    let answer = world.call(&["resume", "last", "--json"]);

    assert_eq!(answer.code, 0, "{}", answer.err);
    assert_eq!(answer.json()["outputs"]["content"], "there now");
    assert_eq!(
        fs::read_to_string(world.path("log.txt")).unwrap(),
        "first\n"
    );
    let report = answer.report();
    assert!(report.contains("1 time") && report.contains("file.append"));
}

#[test]
fn a_run_that_succeeded_is_not_resumed() {
    let world = World::with("greet.yaml", GREET);
    world.call(&["run", "greet.yaml"]);

    let answer = world.call(&["resume", "last"]);

    assert_eq!(answer.code, 2);
    assert!(answer.err.contains("has succeeded"), "{}", answer.err);
}

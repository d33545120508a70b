use std::fs;

use insta::assert_snapshot;

use crate::world::{GREET, World};

const WRONG: &str = r#"casare: 1
name: wrong
steps:
  - use: log.wrte
    with: { message: "hello" }
  - use: log.write
    with: { message: "{{ vars.nothing }}" }
"#;

#[test]
fn what_is_wrong_is_shown_where_it_stands() {
    let world = World::with("wrong.yaml", WRONG);

    let answer = world.call(&["check", "wrong.yaml"]);

    assert_eq!(answer.code, 3);
    assert_snapshot!(answer.err);
}

#[test]
fn what_is_wrong_is_listed_for_programs_by_run_and_check_alike() {
    let world = World::with("wrong.yaml", WRONG);

    for verb in ["check", "run"] {
        let answer = world.call(&[verb, "wrong.yaml", "--json"]);

        assert_eq!(answer.code, 3);
        let problem = &answer.json()["problems"][0];
        assert_eq!(problem["file"], "wrong.yaml");
        assert_eq!(
            (&problem["line"], &problem["column"]),
            (&4.into(), &10.into())
        );
        assert_eq!(problem["severity"], "error");
    }
}

#[test]
fn a_valid_workflow_is_said_to_be_valid() {
    let world = World::with("greet.yaml", GREET);

    let answer = world.call(&["check", "greet.yaml", "--json"]);

    assert_eq!(
        (answer.code, answer.out.as_str()),
        (0, "{\"valid\":true,\"problems\":[]}\n")
    );
}

#[test]
fn fmt_writes_the_canonical_form_once_and_keeps_comments() {
    let untidy = GREET.replace("  - use: data.set", "  # say it\n  - use:    data.set");
    let world = World::with("greet.yaml", &untidy);

    assert_eq!(world.call(&["fmt", "--check", "greet.yaml"]).code, 1);
    assert_eq!(
        fs::read_to_string(world.path("greet.yaml")).unwrap(),
        untidy
    );
    assert_eq!(world.call(&["fmt", "greet.yaml"]).code, 0);

    let tidy = fs::read_to_string(world.path("greet.yaml")).unwrap();
    assert!(tidy.contains("# say it\n  - use: data.set"), "{tidy}");
    assert_eq!(world.call(&["fmt", "--check", "greet.yaml"]).code, 0);
}

//! The object repository of a project.

use std::fs;

use crate::world::World;

const OBJECTS: &str = r"objects:
  # The page to log in.
  login:
    user: label=User name
    submit:
      selector: role=button[name=Log in]
      alternatives: [css=#submit]
";

const WORKFLOW: &str = r"casare: 1
name: login

steps:
  - use: browser.session
    with: { url: https://shop.example.com/ }
    do:
      - use: browser.fill_form
        with:
          fields:
            object:login.user: ada # the tester
          submit: object:login.submit
      - use: browser.click
        with: { target: object:login.submit }
";

fn world() -> World {
    let world = World::with("objects.yaml", OBJECTS);
    fs::create_dir(world.path("flows")).unwrap();
    fs::write(world.path("flows/login.workflow.yaml"), WORKFLOW).unwrap();
    fs::write(
        world.path("flows/login.test.yaml"),
        "casare: 1\nworkflow: login.workflow.yaml\ncases: []\n",
    )
    .unwrap();
    world
}

#[test]
fn an_unknown_object_is_found_before_anything_runs_with_the_one_that_is_meant() {
    let world = world();
    assert_eq!(world.call(&["check", "flows/login.workflow.yaml"]).code, 0);

    let typo = WORKFLOW
        .replace("target: object:login.submit", "target: object:login.sumbit")
        .replace("object:login.user:", "object:login.usr:");
    fs::write(world.path("flows/login.workflow.yaml"), typo).unwrap();
    let answer = world.call(&["check", "flows/login.workflow.yaml", "--json"]);

    assert_eq!(answer.code, 3);
    let problems = answer.json()["problems"].clone();
    let messages: Vec<&str> = problems
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| problem["message"].as_str().unwrap())
        .collect();
    assert_eq!(
        messages,
        [
            "there is no object `login.usr`; did you mean `login.user`?",
            "`target`: there is no object `login.sumbit`; did you mean `login.submit`?",
        ]
    );
    assert_eq!(problems[1]["line"], 14);
}

#[test]
fn usages_tell_the_steps_and_tests_that_a_change_reaches() {
    let world = world();

    let listed = world.call(&["objects", "list", "--json"]).json();
    let usages = world
        .call(&["objects", "usages", "login.submit", "--json"])
        .json();
    let shown = world.call(&["objects", "show", "login.submit"]);

    assert_eq!(listed["objects"][0]["name"], "login.submit");
    assert_eq!(listed["objects"][0]["usages"], 2);
    assert_eq!(listed["objects"][1]["usages"], 1);
    assert_eq!(usages["usages"][0]["file"], "flows/login.workflow.yaml");
    assert_eq!(usages["usages"][0]["at"], "steps[0].do[0].with.submit");
    assert_eq!(usages["tests"][0], "flows/login.test.yaml");
    assert!(shown.out.contains("css=#submit"), "{}", shown.out);
    let unknown = world.call(&["objects", "usages", "login.go"]);
    assert_eq!(unknown.code, 2);
}

#[test]
fn an_object_is_renamed_everywhere_and_comments_stay() {
    let world = world();

    let renamed = world.call(&["objects", "rename", "login.user", "login.name", "--json"]);

    assert_eq!(renamed.code, 0, "{}", renamed.err);
    let objects = fs::read_to_string(world.path("objects.yaml")).unwrap();
    assert!(objects.contains("# The page to log in."), "{objects}");
    assert!(objects.contains("    name: label=User name"), "{objects}");
    let flow = fs::read_to_string(world.path("flows/login.workflow.yaml")).unwrap();
    assert_eq!(flow, WORKFLOW.replace("login.user", "login.name"));
    assert_eq!(world.call(&["check", "flows/login.workflow.yaml"]).code, 0);
}

//! Testing workflows, recording and replaying runs.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    process::Stdio,
    thread,
};

use serde_json::Value as Json;

use crate::world::{GREET, World};

const TEST: &str = r#"test: 1
workflow: greet.workflow.yaml
cases:
  - name: somebody is greeted
    inputs: { who: Ada }
    expect:
      outputs: { greeting: "Hello, Ada" }
      log: ["Hello, Ada"]
  - name: the world is greeted
    expect:
      outputs: { greeting: { $starts: Hello } }
"#;

fn greeting(test: &str) -> World {
    let world = World::with("greet.workflow.yaml", GREET);
    fs::write(world.path("greet.test.yaml"), test).unwrap();
    world
}

#[test]
fn tests_that_pass_exit_with_0() {
    let world = greeting(TEST);

    let answer = world.call(&["test"]);

    assert_eq!(answer.code, 0, "{}{}", answer.out, answer.err);
    assert!(
        answer.out.contains("✔ somebody is greeted"),
        "{}",
        answer.out
    );
    assert!(answer.out.contains("✔ 2 passed in"), "{}", answer.out);
}

#[test]
fn a_test_that_fails_tells_its_line_what_was_expected_and_what_came() {
    let world =
        greeting(&TEST.replace("greeting: \"Hello, Ada\"", "greeting: \"Good day,\\nAda\""));

    let answer = world.call(&["test", "--junit", "out/junit.xml"]);

    assert_eq!(answer.code, 1);
    for part in [
        "✘ somebody is greeted",
        "outputs.greeting is not as expected greet.test.yaml:7",
        "          - Good day,\n          - Ada\n          + Hello, Ada\n",
        "✘ 1 passed, 1 failed in",
    ] {
        assert!(answer.out.contains(part), "{part} in {}", answer.out);
    }
    let junit = fs::read_to_string(world.path("out/junit.xml")).unwrap();
    assert!(junit.contains(r#"tests="2" failures="1""#), "{junit}");
    let json = world.call(&["test", "--json"]).json();
    let failure = &json["files"][0]["cases"][0]["failures"][0];
    assert_eq!(failure["line"], 7);
    assert_eq!(failure["mismatches"][0]["actual"], "Hello, Ada");
}

#[test]
fn a_mistake_in_a_test_is_shown_where_it_is() {
    let world = greeting(&TEST.replace("outputs: { greeting: {", "outputs: { greting: {"));

    let answer = world.call(&["test"]);

    assert_eq!(answer.code, 3);
    for part in [
        "the workflow has no output `greting`",
        "greet.test.yaml:11:18",
        "did you mean `greeting`?",
    ] {
        assert!(answer.out.contains(part), "{part} in {}", answer.out);
    }
}

#[test]
fn cases_are_chosen_by_name() {
    let world = greeting(TEST);

    let json = world
        .call(&["test", "--filter", "SOMEBODY", "--json"])
        .json();
    let none = world.call(&["test", "--filter", "nobody"]);

    assert_eq!(
        (json["passed"].as_u64(), json["failed"].as_u64()),
        (Some(1), Some(0))
    );
    assert_eq!(none.code, 2);
    assert!(
        none.err.contains("no case has `nobody` in its name"),
        "{}",
        none.err
    );
}

#[test]
fn coverage_is_a_table_and_json() {
    let world = greeting(TEST);

    let answer = world.call(&["test", "--coverage", "--coverage-json", "cover.json"]);

    assert!(
        answer
            .out
            .contains("greet.workflow.yaml  100 % of 2  100 % of 0"),
        "{}",
        answer.out
    );
    let json: Json =
        serde_json::from_str(&fs::read_to_string(world.path("cover.json")).unwrap()).unwrap();
    assert_eq!(json["workflows"][0]["steps"]["covered"], 2);
}

#[test]
fn the_example_of_a_new_project_passes_its_test() {
    let world = World::new();
    world.call(&["init", "shop"]);

    let mut command = world.command(&["test", "--coverage"]);
    let answer =
        crate::world::Answer::of(command.current_dir(world.path("shop")).output().unwrap());

    assert_eq!(answer.code, 0, "{}{}", answer.out, answer.err);
    assert!(answer.out.contains("✔ 2 passed"), "{}", answer.out);
    assert!(answer.out.contains("100 % of 6"), "{}", answer.out);
    let fmt = world.call(&["fmt", "--check", "shop/tests/large-orders.test.yaml"]);
    assert_eq!(fmt.code, 0, "{}", fmt.err);
}

#[test]
fn editors_get_a_schema_of_tests() {
    let answer = World::new().call(&["schema", "--tests"]);

    let schema: Json = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(schema["title"], "Casare test");
    assert!(schema["$defs"]["stub"]["properties"]["sequence"].is_object());
}

#[test]
#[cfg(unix)]
fn watched_tests_run_again_when_a_file_changes() {
    let world = greeting(TEST);
    let mut command = world.command(&["test", "--watch"]);
    let mut watch = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut err = BufReader::new(watch.stderr.take().unwrap()).lines();
    let mut line_with = |part: &str| {
        out.find(|line| line.as_ref().unwrap().contains(part))
            .is_some()
    };
    assert!(line_with("2 passed"));
    // Said once the folders are watched.
    err.find(|line| line.as_ref().unwrap().contains("waiting for changes"))
        .unwrap()
        .unwrap();

    fs::write(
        world.path("greet.workflow.yaml"),
        GREET.replace("Hello", "Hi"),
    )
    .unwrap();

    assert!(line_with("2 failed"));
    watch.kill().unwrap();
    watch.wait().unwrap();
}

/// Answers each request with its number, until the test ends.
fn counting_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).unwrap();
            let body = format!("{{\"number\": {}}}", number + 1);
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
            write!(
                stream,
                "{head}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
            .unwrap();
        }
    });
    address
}

/// Asks a server, reads a file, and leaves something behind.
const FETCH: &str = r#"casare: 1
name: fetch
inputs:
  server: { type: string, required: true }
  api_token: { type: string, default: "" }
steps:
  - id: page
    use: http.request
    with:
      url: "{{ inputs.server }}/next"
      headers: { x-token: "{{ inputs.api_token }}" }
      allow: [private]
  - id: note
    use: file.read
    with: { path: note.txt }
  - use: file.append
    with: { path: out.txt, content: "{{ steps.page.body.number }} {{ steps.note.content }}" }
outputs:
  number: "{{ steps.page.body.number }}"
"#;

fn fetched() -> (World, String) {
    let world = World::with("fetch.workflow.yaml", FETCH);
    fs::write(world.path("note.txt"), "kept").unwrap();
    let server = counting_server();
    let answer = world.call(&[
        "run",
        "fetch.workflow.yaml",
        "-i",
        &format!("server={server}"),
        "-i",
        "api_token=tok-4711-secret",
        "--record",
        "fetch.recording.json",
        "--json",
    ]);
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert_eq!(answer.json()["outputs"]["number"], 1);
    (world, server)
}

#[test]
fn a_recorded_run_is_replayed_offline() {
    let (world, _) = fetched();
    fs::remove_file(world.path("out.txt")).unwrap();

    let answer = world.call(&["replay", "fetch.recording.json"]);

    assert_eq!(answer.code, 0, "{}{}", answer.out, answer.err);
    assert_eq!(answer.out, "✔ 3 steps replayed: as recorded\n");
    assert!(!world.path("out.txt").exists(), "a replay writes nothing");
    let recording = fs::read_to_string(world.path("fetch.recording.json")).unwrap();
    assert!(!recording.contains("tok-4711-secret"), "{recording}");
}

#[test]
fn a_replay_of_a_changed_workflow_names_step_and_line() {
    let (world, _) = fetched();
    let changed = FETCH.replace("body.number }} {{", "body.number + 1 }} {{");
    fs::write(world.path("fetch.workflow.yaml"), changed).unwrap();

    let answer = world.call(&[
        "replay",
        "fetch.recording.json",
        "--workflow",
        "fetch.workflow.yaml",
    ]);

    assert_eq!(answer.code, 1, "{}", answer.err);
    assert!(
        answer.out.contains(
            "file.append 2, line 16: with.content: \"2 kept\" now, \"1 kept\" in the recording"
        ),
        "{}",
        answer.out
    );
}

#[test]
fn a_test_answers_http_out_of_a_recording() {
    let (world, server) = fetched();
    let test = format!(
        "test: 1
workflow: fetch.workflow.yaml
inputs: {{ server: '{server}', api_token: x }}
files: {{ note.txt: {{ content: new }} }}
http: fetch.recording.json
expect:
  outputs: {{ number: 1 }}
  files: {{ out.txt: \"1 new\\n\" }}
  http: [{{ method: GET, url: '*/next', times: 1 }}]
"
    );
    fs::write(world.path("fetch.test.yaml"), test).unwrap();

    let answer = world.call(&["test"]);

    assert_eq!(answer.code, 0, "{}{}", answer.out, answer.err);
}

#[test]
fn a_past_run_becomes_a_test() {
    let (world, _) = fetched();

    let answer = world.call(&["test", "--from-run", "last", "-o", "again.test.yaml"]);

    assert_eq!(answer.code, 0, "{}", answer.err);
    assert!(
        answer.err.contains("the input `api_token` was taken out"),
        "{}",
        answer.err
    );
    let test = fs::read_to_string(world.path("again.test.yaml")).unwrap();
    assert!(
        test.contains("step: page") && !test.contains("tok-4711"),
        "{test}"
    );
    let run = world.call(&["test", "again.test.yaml"]);
    assert_eq!(run.code, 0, "{}{}\n{test}", run.out, run.err);
    let twice = world.call(&["test", "--from-run", "last", "-o", "again.test.yaml"]);
    assert_eq!(twice.code, 2, "nothing is overwritten");
}

use std::{
    fs,
    io::{BufRead, BufReader},
    process::Stdio,
};

use crate::world::{Answer, GREET, REFUSE, World};

#[test]
fn a_run_answers_one_json_object_and_writes_a_report() {
    let world = World::with("greet.yaml", GREET);

    let answer = world.call(&["run", "greet.yaml", "-i", "who=Ada", "--json"]);

    assert_eq!(answer.code, 0, "{}", answer.err);
    assert_eq!(answer.out.lines().count(), 1);
    let json = answer.json();
    assert_eq!(json["state"], "succeeded");
    assert_eq!(json["steps"], 2);
    assert_eq!(json["outputs"]["greeting"], "Hello, Ada");
    assert!(json["duration_ms"].is_u64() && json["run"].is_string());
    assert!(answer.report().contains("Hello, Ada"));
}

#[test]
fn people_get_outputs_on_stdout_and_all_else_on_stderr() {
    let world = World::with("greet.yaml", GREET);

    let answer = world.call(&["run", "greet.yaml"]);

    assert_eq!(answer.out, "greeting: Hello, world\n");
    assert!(
        answer.err.contains("✔ greet succeeded: 2 steps in"),
        "{}",
        answer.err
    );
}

#[test]
fn a_failed_run_tells_the_step_its_line_and_exits_with_1() {
    let world = World::with("refuse.yaml", REFUSE);

    let answer = world.call(&["run", "refuse.yaml", "--json"]);

    assert_eq!(answer.code, 1);
    let error = &answer.json()["error"];
    assert_eq!(error["message"], "customer 17 is not known");
    assert_eq!(error["kind"], "business");
    assert_eq!(error["step"], "Look up the customer");
    assert!(answer.err.contains("refuse.yaml:4"), "{}", answer.err);
    assert!(answer.report().contains("customer 17 is not known"));
}

#[test]
fn events_come_as_lines_before_the_closing_object() {
    let world = World::with("greet.yaml", GREET);

    let answer = world.call(&["run", "greet.yaml", "--events", "--no-journal"]);

    let events: Vec<String> = answer
        .out
        .lines()
        .filter_map(|line| {
            let json: serde_json::Value = serde_json::from_str(line).unwrap();
            json["event"].as_str().map(str::to_owned)
        })
        .collect();
    assert_eq!(events.first().unwrap(), "run_started");
    assert_eq!(events.last().unwrap(), "run_finished");
    assert_eq!(answer.json()["state"], "succeeded");
}

#[test]
fn inputs_come_from_files_and_the_command_line_goes_before_them() {
    let world = World::with("greet.yaml", GREET);
    fs::write(world.path("inputs.yaml"), "who: Grace # a remark\n").unwrap();
    fs::write(world.path("name.txt"), "Ada @ home").unwrap();
    let who = |args: &[&str]| {
        let args = [&["run", "greet.yaml", "--json"], args].concat();
        world.call(&args).json()["outputs"]["greeting"].clone()
    };

    assert_eq!(who(&["--inputs", "inputs.yaml"]), "Hello, Grace");
    assert_eq!(
        who(&["--inputs", "inputs.yaml", "-i", "who=Ada"]),
        "Hello, Ada"
    );
    assert_eq!(who(&["-i", "who=@name.txt"]), "Hello, Ada @ home");
    assert_eq!(who(&["-i", "who=@@name.txt"]), "Hello, @name.txt");
}

#[test]
fn files_among_the_inputs_start_where_the_command_was_typed() {
    let text = r#"casare: 1
name: where
inputs:
  file: { type: file, required: true }
steps: []
outputs:
  file: "{{ inputs.file }}"
"#;
    let world = World::new();
    fs::create_dir(world.path("workflows")).unwrap();
    fs::write(world.path("workflows/where.yaml"), text).unwrap();

    let answer = world.call(&["run", "workflows/where.yaml", "-i", "file=a.csv", "--json"]);

    assert_eq!(
        answer.json()["outputs"]["file"],
        world.path("a.csv").to_str().unwrap()
    );
}

#[test]
fn a_run_without_a_required_input_is_a_wrong_command_line() {
    let needs = GREET.replace("default: world", "required: true");
    let world = World::with("greet.yaml", &needs);

    let answer = world.call(&["run", "greet.yaml", "--json"]);

    assert_eq!(answer.code, 2);
    assert!(
        answer.json()["error"]["message"]
            .as_str()
            .unwrap()
            .contains("-i who="),
        "{}",
        answer.out
    );
}

#[test]
#[cfg(unix)]
fn a_signal_ends_a_run_in_good_order() {
    let text = r#"casare: 1
name: patient
steps:
  - use: flow.try
    do:
      - use: flow.wait
        with: { duration: 10m }
    finally:
      - use: log.write
        with: { message: "tidied up" }
"#;
    let world = World::with("patient.yaml", text);
    let mut command = world.command(&["run", "patient.yaml", "--events"]);
    let mut run = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(run.stdout.take().unwrap()).lines();
    let waits = |line: &String| line.contains("step_started") && line.contains("flow.wait");
    lines
        .find(|line| waits(line.as_ref().unwrap()))
        .unwrap()
        .unwrap();

    let pid = run.id().to_string();
    std::process::Command::new("kill")
        .args(["-TERM", &pid])
        .status()
        .unwrap();
    let last = lines.map(Result::unwrap).last().unwrap();

    let answer = Answer::of(run.wait_with_output().unwrap());
    assert_eq!(answer.code, 4);
    assert!(last.contains(r#""state":"cancelled""#), "{last}");
    assert!(answer.err.contains("tidied up"), "{}", answer.err);
}

#[test]
fn what_a_step_answers_is_no_markup_in_the_report() {
    let text = r#"casare: 1
name: "<b>bold</b>"
variables:
  page: ""
steps:
  - name: "<img src=x onerror=alert(1)>"
    use: data.set
    with: { name: page, value: "<script>alert('1')</script>" }
  - use: log.write
    with: { message: "{{ vars.page }}" }
outputs:
  page: "{{ vars.page }}"
"#;
    let world = World::with("hostile.yaml", text);

    let report = world.call(&["run", "hostile.yaml", "--json"]).report();

    for markup in ["<script", "<img", "<b>bold"] {
        assert!(!report.contains(markup), "{markup}");
    }
    assert!(report.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"));
}

#[test]
fn the_report_of_a_long_loop_stays_small() {
    let text = r#"casare: 1
name: long
variables:
  total: 0
steps:
  - use: flow.for_each
    with: { items: "{{ range(30000) }}", as: n }
    do:
      - use: data.set
        with: { name: total, value: "{{ vars.total + 1 }}" }
outputs:
  total: "{{ vars.total }}"
"#;
    let world = World::with("long.yaml", text);

    let answer = world.call(&["run", "long.yaml", "--json", "--no-journal"]);

    assert_eq!(answer.json()["outputs"]["total"], 30_000);
    let report = answer.report();
    assert!(report.len() < 200_000, "{} bytes", report.len());
    assert!(report.contains("29,880 steps not shown of 30,000 passes"));
}

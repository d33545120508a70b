use casare_workflow::{
    Block, DocPath, Document, InputKind, OnError, Source, Span, Workflow, document::MAX_DEPTH,
    format,
};
use serde_json::json;

fn read(text: &str) -> Workflow {
    match Source::read("orders.workflow.yaml", text) {
        Ok((workflow, _)) => workflow,
        Err(problems) => panic!("{problems}: {:#}", problems.to_json()),
    }
}

#[test]
fn a_workflow_is_read_with_all_its_parts() {
    let workflow = read(
        r#"
casare: 1
description: All orders.
inputs:
  file: { type: file, default: orders.xlsx, description: The workbook }
  region: string
variables: { sent: 0 }
env: [HOME]
limits: { passes: 10, inline_output: 1MiB, grace: 5s }
steps:
  - id: rows
    use: excel.read
    with: { path: "{{ inputs.file }}" }
    when: "{{ true }}"
    retry: { attempts: 5, on: timeout }
    timeout: 1m30s
    on_error: continue
  - use: flow.try
    do: []
    catch:
      timeout:
        - use: log.write
outputs: { sent: "{{ vars.sent }}" }
"#,
    );

    assert_eq!(workflow.name, "orders");
    assert_eq!(workflow.inputs["file"].kind, InputKind::File);
    assert_eq!(workflow.inputs["region"].kind, InputKind::String);
    assert_eq!(workflow.limits.inline_output, Some(1 << 20));
    let [rows, attempt] = &workflow.steps[..] else {
        panic!("{:?}", workflow.steps);
    };
    assert_eq!(rows.with["path"], json!("{{ inputs.file }}"));
    assert_eq!(rows.timeout, Some(Span::from_secs(90)));
    assert_eq!(rows.on_error, OnError::Continue);
    assert_eq!(rows.retry.as_ref().unwrap().on, ["timeout"]);
    assert_eq!(attempt.blocks["do"], Block::Steps(vec![]));
    let Block::Named(catches) = &attempt.blocks["catch"] else {
        panic!("{:?}", attempt.blocks);
    };
    assert_eq!(
        catches["timeout"][0].at.to_string(),
        "steps[1].catch.timeout[0]"
    );
}

#[test]
fn a_source_knows_where_everything_stands() {
    let text = "casare: 1\nsteps:\n  - use: a.b\n    with: { x: [1, 22] }\n";
    let (workflow, source) = Source::read("a", text).unwrap();
    let at = |path: &DocPath| {
        let range = source.range(path).unwrap();
        &text[range.start..range.end]
    };
    let step = &workflow.steps[0].at;

    assert_eq!(at(step), "use: a.b\n    with: { x: [1, 22] }");
    assert_eq!(at(&step.key("with").key("x").index(1)), "22");
    let key = source.key_range(&step.key("with")).unwrap();
    assert_eq!(&text[key.start..key.end], "with");
    assert_eq!(source.key_range(step), None);
    assert_eq!(source.range(&step.key("then")), None);
}

/// 200 steps inside each other, by blocks with names: three levels of YAML each.
#[test]
fn two_hundred_steps_inside_each_other_are_read_and_written() {
    let mut text = String::from("casare: 1\nname: deep\nsteps:\n");
    for depth in 0..200 {
        let indent = " ".repeat(depth * 6 + 2);
        for line in ["- use: flow.parallel", "  branches:", "    only:"] {
            text = text + &indent + line + "\n";
        }
    }
    text = text + &" ".repeat(1202) + "- use: log.write\n";

    let workflow = read(&text);

    let mut depth = 0;
    let mut step = &workflow.steps[0];
    while let Some(Block::Named(lists)) = step.blocks.get("branches") {
        step = &lists["only"][0];
        depth += 1;
    }
    assert_eq!(depth, 200);
    let written = format::write(&workflow);
    assert_eq!(read(&written), workflow.clone());
    assert_eq!(super::fmt(&written), written);
}

#[test]
fn nesting_that_would_exhaust_the_stack_is_refused() {
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", "")] {
        let deepest = open.repeat(MAX_DEPTH) + "x" + &close.repeat(MAX_DEPTH);
        let canonical = super::fmt(&deepest);
        assert_eq!(super::fmt(&canonical), canonical);
        let document = Document::parse("a", &deepest).unwrap();
        assert_eq!(
            document.clone().to_json(),
            Document::from_json(&document.to_json()).to_json()
        );

        let deeper = open.repeat(100_000) + &close.repeat(100_000);
        let problems = format::canonical("a", &deeper).unwrap_err();
        assert_eq!(problems.problems[0].code, "too-deep");
    }
}

#[test]
fn data_that_is_nested_too_deep_is_refused() {
    let value = "[".repeat(200) + &"]".repeat(200);
    let text = format!("casare: 1\nsteps:\n  - use: a.b\n    with: {{ x: {value} }}\n");

    let problems = Source::read("a", &text).unwrap_err();

    assert_eq!(problems.problems[0].code, "too-deep");
}

#[test]
fn ten_thousand_steps_are_read_at_once() {
    let step = "  - use: data.set\n    with: { name: x, value: \"{{ vars.x + 1 }}\" }\n";
    let text = format!("casare: 1\nsteps:\n{}", step.repeat(10_000));

    assert_eq!(read(&text).steps.len(), 10_000);
}

/// Two levels of YAML each: as many as the limit lets through.
#[test]
fn the_deepest_steps_that_are_read_can_be_copied_and_dropped() {
    let depth = (MAX_DEPTH - 3) / 2;
    let open = "[{use: flow.try, do: ".repeat(depth);
    let close = "}]".repeat(depth);
    let workflow = read(&format!("{{casare: 1, steps: {open}[]{close}}}"));

    let copy = workflow.clone();

    assert_eq!(copy, workflow);
    assert_eq!(read(&format::write(&copy)).steps, workflow.steps);
}

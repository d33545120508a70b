//! What an editor can do.

use std::fs;

use casare_debug::dap::DapError;
use serde_json::{Value as Json, json};

use crate::{client::Client, host::Lab};

const THOUSAND: &str = r#"casare: 1
name: thousand
variables: { total: 0 }
steps:
  - use: flow.repeat
    with: { times: 1000 }
    do:
      - id: add
        use: data.increment
        with: { name: total, by: "{{ loop.index }}" }
outputs: { total: "{{ vars.total }}" }
"#;

#[tokio::test]
async fn in_pass_500_of_a_loop_a_variable_is_changed_and_the_result_is_right() {
    let lab = Lab::with(THOUSAND);
    let mut editor = Client::launch(&lab).await;
    let set = editor
        .breakpoints(
            &lab,
            json!([{ "line": 8, "condition": "loop.index == 500" }]),
        )
        .await;
    assert_eq!(set[0]["verified"], true, "{set}");

    let (stopped, frames) = editor.run_to_stop().await;

    assert_eq!(stopped["reason"], "breakpoint");
    assert_eq!(stopped["hitBreakpointIds"], json!([set[0]["id"]]));
    assert_eq!(frames[0]["line"], 8);
    assert_eq!(frames[0]["name"], "add · pass 500");
    assert_eq!(frames[1]["name"], "flow.repeat");
    let (variables, items) = editor.scope(&frames[0], "Variables").await;
    assert_eq!(items[0]["name"], "total");
    assert_eq!(items[0]["value"], "124750");
    let changed = json!({ "variablesReference": variables, "name": "total", "value": "1000000" });
    assert_eq!(editor.ask("setVariable", changed).await["value"], "1000000");
    editor.ask("continue", json!({ "threadId": 1 })).await;

    // 1,000,000 and all from 500 to 1000.
    let output = editor.output_to_end().await;
    assert!(output.contains("total: 1375750\n"), "{output}");
    editor.ask("disconnect", Json::Null).await;
    editor.server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_breakpoint_counts_says_something_or_explains_why_it_can_do_neither() {
    let lab = Lab::with(THOUSAND);
    let mut editor = Client::launch(&lab).await;

    let set = editor
        .breakpoints(
            &lab,
            json!([
                { "line": 8, "hitCondition": "% 400", "logMessage": "at {loop.index}: {vars.total}" },
                { "line": 3 },
                { "line": 10, "hitCondition": "1000" },
                { "line": 11 },
                { "line": 8, "condition": "1 +" },
                { "line": 8, "hitCondition": "often" },
            ]),
        )
        .await;

    let told: Vec<String> = set
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            format!(
                "{} {} {}",
                one["line"],
                one["verified"],
                one["message"].as_str().unwrap_or("")
            )
            .trim_end()
            .to_owned()
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    8 true
    5 true
    8 true
    11 false there is no step on line 11 or after it
    8 false the condition `1 +`: can't read this expression: unexpected end, expected expression
    8 false the hit count `often` is not understood; write `5`, `>= 5` or `% 10`
    ");
    let (stopped, frames) = editor.run_to_stop().await;
    assert_eq!(stopped["hitBreakpointIds"], json!([set[1]["id"]]));
    assert_eq!(frames[0]["line"], 5);
    editor.ask("continue", json!({ "threadId": 1 })).await;
    let said = editor.event("output").await;
    assert_eq!(said["output"], "at 400: 79800\n");
    assert_eq!(said["line"], 8);
    let (stopped, _) = editor.stopped().await;
    assert_eq!(stopped["hitBreakpointIds"], json!([set[2]["id"]]));
}

#[tokio::test]
async fn a_condition_that_cannot_be_evaluated_stops_and_says_why() {
    let lab = Lab::with(THOUSAND);
    let mut editor = Client::launch(&lab).await;
    editor
        .breakpoints(&lab, json!([{ "line": 8, "condition": "vars.totl > 3" }]))
        .await;

    let (stopped, _) = editor.run_to_stop().await;

    let text = stopped["text"].as_str().unwrap();
    assert!(
        text.starts_with("the condition `vars.totl > 3` can't be evaluated"),
        "{text}"
    );
}

const NESTED: &str = r#"casare: 1
name: nested
variables: { seen: none, people: [{ name: Ada, age: 36 }, { name: Bob, age: 7 }] }
steps:
  - use: flow.try
    name: guard
    do:
      - { id: call, use: flow.call, with: { workflow: part.workflow.yaml, inputs: { who: Ada } } }
    catch:
      - { use: data.set, name: caught, with: { name: seen, value: "{{ error.message }}" } }
  - { use: test.note, name: last, with: { text: "{{ vars.seen }}" } }
outputs: { seen: "{{ vars.seen }}" }
"#;

const PART: &str = r#"casare: 1
name: part
inputs: { who: { type: string } }
variables: { own: 7 }
steps:
  - { id: hello, use: test.note, with: { text: "hello {{ inputs.who }}" } }
  - { id: refuse, use: flow.fail, with: { message: "{{ inputs.who }} is unknown", kind: not_found } }
"#;

#[tokio::test]
async fn one_steps_into_a_called_workflow_and_sees_it_and_its_caller() {
    let lab = Lab::with(NESTED);
    lab.write("part.workflow.yaml", PART);
    let mut editor = Client::connect(&lab);
    editor.ask("initialize", Json::Null).await;
    let launch = json!({ "program": lab.main(), "stopOnEntry": true });
    editor.ask("launch", launch).await;
    let sources = editor.ask("loadedSources", Json::Null).await;
    assert_eq!(sources["sources"][1]["name"], "part.workflow.yaml");
    fs::remove_file(lab.path("part.workflow.yaml")).unwrap();
    let mut sources = editor.ask("loadedSources", Json::Null).await;
    let gone = sources["sources"][1]["sourceReference"].take();
    let source = editor
        .ask("source", json!({ "sourceReference": gone }))
        .await;
    assert_eq!(source["content"], PART);

    let (stopped, _) = editor.run_to_stop().await;
    assert_eq!(stopped["reason"], "entry");
    let mut seen = Vec::new();
    for step in ["stepIn", "stepIn", "next", "stepOut", "next"] {
        editor.ask(step, json!({ "threadId": 1 })).await;
        let (stopped, frames) = editor.stopped().await;
        let frames = frames.as_array().unwrap();
        let names: Vec<&str> = frames
            .iter()
            .map(|one| one["name"].as_str().unwrap())
            .collect();
        seen.push(format!(
            "{step}: {} {}",
            stopped["reason"],
            names.join(" < ")
        ));
        if names[0] == "refuse" {
            let (_, own) = editor.scope(&frames[0], "Variables").await;
            assert_eq!(
                (&own[0]["name"], &own[0]["value"]),
                (&json!("own"), &json!("7"))
            );
            let (_, callers) = editor.scope(&frames[1], "Variables").await;
            assert_eq!(callers[1]["name"], "people");
            assert_eq!(callers[1]["indexedVariables"], 2);
        }
    }

    insta::assert_snapshot!(seen.join("\n"), @r#"
    stepIn: "step" call < guard
    stepIn: "step" hello < call < guard
    next: "step" refuse < call < guard
    stepOut: "step" caught < guard
    next: "step" last
    "#);
}

#[tokio::test]
async fn failures_stop_where_they_happen_handled_or_not_as_one_likes() {
    let lab = Lab::with(NESTED);
    lab.write("part.workflow.yaml", PART);
    let mut editor = Client::launch(&lab).await;
    editor
        .ask("setExceptionBreakpoints", json!({ "filters": ["all"] }))
        .await;

    let (stopped, frames) = editor.run_to_stop().await;

    assert_eq!(stopped["reason"], "exception");
    assert_eq!(stopped["text"], "Ada is unknown");
    assert_eq!(frames[0]["source"]["name"], "part.workflow.yaml");
    let info = editor.ask("exceptionInfo", json!({ "threadId": 1 })).await;
    assert_eq!(
        (&info["exceptionId"], &info["breakMode"]),
        (&json!("not_found"), &json!("always"))
    );
    editor.ask("next", json!({ "threadId": 1 })).await;
    let (_, frames) = editor.stopped().await;
    assert_eq!(frames[0]["name"], "caught");
    let error = json!({ "expression": "error.message", "frameId": frames[0]["id"] });
    assert_eq!(
        editor.ask("evaluate", error).await["result"],
        "\"Ada is unknown\""
    );

    // The same run again, stopping only where a failure ends it: nowhere.
    editor
        .ask(
            "setExceptionBreakpoints",
            json!({ "filters": ["unhandled"] }),
        )
        .await;
    editor.ask("restart", Json::Null).await;
    let output = editor.output_to_end().await;
    assert!(output.contains("seen: \"Ada is unknown\"\n"), "{output}");
}

#[tokio::test]
async fn a_frame_restarts_with_what_came_before_it() {
    let text = r#"casare: 1
name: mended
steps:
  - { id: first, use: test.note, with: { text: "first" } }
  - use: flow.for_each
    with: { items: [1, 2, 3], as: n }
    do:
      - { id: second, use: test.note, with: { text: "{{ n }} after {{ steps.first.text }}" } }
"#;
    let lab = Lab::with(text);
    let mut editor = Client::launch(&lab).await;
    editor
        .breakpoints(&lab, json!([{ "line": 8, "condition": "n == 2" }]))
        .await;
    let (_, frames) = editor.run_to_stop().await;
    lab.write(
        "main.workflow.yaml",
        &text.replace("} after", "} mended after"),
    );

    editor
        .ask("restartFrame", json!({ "frameId": frames[0]["id"] }))
        .await;
    editor.stopped().await;
    editor.breakpoints(&lab, json!([])).await;
    editor.ask("continue", json!({ "threadId": 1 })).await;
    editor.output_to_end().await;

    assert_eq!(
        lab.notes(),
        [
            "first",
            "1 after first",
            "2 mended after first",
            "3 mended after first"
        ]
    );
}

#[tokio::test]
async fn long_lists_come_in_pages_and_deep_values_can_be_changed() {
    let lab = Lab::with(
        r#"casare: 1
name: rows
variables: { rows: "{{ range(5000) | list }}", person: { name: Ada, tags: [a, b] } }
steps:
  - { use: test.note, with: { text: "{{ vars.rows | length }} {{ vars.person.tags | join(',') }}" } }
"#,
    );
    let mut editor = Client::launch(&lab).await;
    editor.breakpoints(&lab, json!([{ "line": 5 }])).await;
    let (_, frames) = editor.run_to_stop().await;
    let (_, items) = editor.scope(&frames[0], "Variables").await;
    let summary = items[0]["value"].as_str().unwrap();
    assert!(summary.starts_with("[0, 1, 2, 3,"), "{summary}");
    assert!(summary.ends_with(", …] (5000 items)"), "{summary}");

    let page = json!({
        "variablesReference": items[0]["variablesReference"], "filter": "indexed", "start": 4998, "count": 10,
    });
    let page = editor.ask("variables", page).await;
    assert_eq!(page["variables"][1]["evaluateName"], "vars.rows[4999]");
    assert_eq!(page["variables"].as_array().unwrap().len(), 2);

    let set = json!({ "expression": "vars.person.tags[1]", "value": "'changed'", "frameId": frames[0]["id"] });
    editor.ask("setExpression", set).await;
    let why = editor
        .refused(
            "setExpression",
            json!({ "expression": "inputs.x", "value": "1" }),
        )
        .await;
    assert_eq!(
        why,
        "`inputs` can't be changed; variables and outputs of steps can"
    );
    editor.ask("continue", json!({ "threadId": 1 })).await;
    let output = editor.output_to_end().await;
    assert!(output.contains("5000 a,changed\n"), "{output}");
}

#[tokio::test]
async fn each_branch_is_a_thread_of_its_own() {
    let lab = Lab::with(
        r"casare: 1
name: branches
steps:
  - use: flow.parallel
    name: both
    branches:
      left:
        - { id: l, use: test.note, with: { text: left } }
      right:
        - { id: r, use: test.note, with: { text: right } }
  - { use: test.note, with: { text: after } }
",
    );
    let mut editor = Client::launch(&lab).await;
    let names = json!({ "breakpoints": [{ "name": "l" }, { "name": "@0.branches:right.0" }, { "name": "nowhere" }] });
    let set = editor.ask("setFunctionBreakpoints", names).await;
    assert_eq!(set["breakpoints"][1]["verified"], true, "{set}");
    assert_eq!(
        set["breakpoints"][2]["message"],
        "there is no step `nowhere`; ids: l, r"
    );

    let (left, _) = editor.run_to_stop().await;
    let (right, _) = editor.stopped().await;
    let threads = editor.ask("threads", Json::Null).await;
    assert_eq!(threads["threads"][1]["name"], "both: left");
    let go = json!({ "threadId": right["threadId"], "singleThread": true });
    editor.ask("continue", go).await;
    assert_eq!(editor.event("output").await["output"], "right\n");
    editor
        .ask("next", json!({ "threadId": left["threadId"] }))
        .await;

    // The branch ends with that step: one steps on outside.
    let (stopped, frames) = editor.stopped().await;
    assert_eq!(
        (&stopped["threadId"], &frames[0]["line"]),
        (&json!(1), &json!(11))
    );
    assert_eq!(lab.notes(), ["right", "left"]);
}

#[tokio::test]
async fn secrets_are_not_shown() {
    let lab = Lab::with(
        r#"casare: 1
name: secret
variables: { kept: "" }
steps:
  - { id: portal, use: test.login }
  - { use: data.set, with: { name: kept, value: "{{ steps.portal.text }}" } }
  - { id: end, use: flow.fail, with: { message: "refused {{ vars.kept }}" } }
"#,
    );
    let mut editor = Client::launch(&lab).await;
    editor
        .ask(
            "setExceptionBreakpoints",
            json!({ "filters": ["unhandled"] }),
        )
        .await;
    editor
        .breakpoints(
            &lab,
            json!([{ "line": 7, "logMessage": "kept {vars.kept}" }]),
        )
        .await;
    let (stopped, frames) = editor.run_to_stop().await;
    let mut shown = vec![stopped.to_string()];
    for scope in ["Variables", "Steps", "Settings"] {
        shown.push(Json::from(editor.scope(&frames[0], scope).await.1).to_string());
    }
    for (expression, context) in [
        ("vars.kept", "repl"),
        ("steps", "clipboard"),
        ("steps.portal[vars.kept]", "watch"),
    ] {
        let arguments =
            json!({ "expression": expression, "context": context, "frameId": frames[0]["id"] });
        let answer = editor.ask_or_be_refused("evaluate", arguments).await;
        shown.push(answer);
    }
    shown.push(
        editor
            .ask("exceptionInfo", json!({ "threadId": 1 }))
            .await
            .to_string(),
    );
    editor.ask("continue", json!({ "threadId": 1 })).await;
    shown.push(editor.output_to_end().await);

    let shown = shown.join("\n");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("token=•••"), "{shown}");
}

#[tokio::test]
async fn a_run_is_paused_at_its_next_step() {
    let lab = Lab::with(
        r#"casare: 1
name: busy
steps:
  - use: flow.while
    with: { condition: "{{ true }}", max_passes: 1000000000 }
    do:
      - { use: flow.wait, with: { duration: 1ms } }
"#,
    );
    let mut editor = Client::launch(&lab).await;
    let source = json!({ "source": { "path": lab.main() }, "line": 1, "endLine": 9 });
    let places = editor.ask("breakpointLocations", source).await;
    assert_eq!(places["breakpoints"], json!([{ "line": 4 }, { "line": 7 }]));
    editor.ask("configurationDone", Json::Null).await;

    editor.ask("pause", json!({ "threadId": 1 })).await;

    let (stopped, _) = editor.stopped().await;
    assert_eq!(stopped["reason"], "pause");
    editor.ask("disconnect", Json::Null).await;
}

const CLEANING_UP: &str = r"casare: 1
name: cleaning
steps:
  - use: flow.try
    do:
      - { use: test.endless }
    finally:
      - { use: test.note, with: { text: cleaned up } }
";

#[tokio::test]
async fn a_client_that_vanishes_ends_the_run_in_good_order() {
    let lab = Lab::with(CLEANING_UP);
    let mut editor = Client::launch(&lab).await;
    editor.ask("configurationDone", Json::Null).await;
    assert_eq!(editor.event("output").await["output"], "waiting\n");

    let Client {
        server,
        reader,
        writer,
        ..
    } = editor;
    drop((reader, writer));
    server.await.unwrap().unwrap();

    assert_eq!(lab.notes(), ["cleaned up"]);
}

#[tokio::test]
async fn a_run_that_stands_still_is_terminated_in_good_order() {
    let lab = Lab::with(CLEANING_UP);
    let mut editor = Client::launch(&lab).await;
    editor
        .breakpoints(&lab, json!([{ "line": 6 }, { "line": 8 }]))
        .await;
    editor.run_to_stop().await;

    editor.ask("terminate", Json::Null).await;
    let output = editor.output_to_end().await;

    assert_eq!(lab.notes(), ["cleaned up"]);
    assert!(output.contains("cancelled"), "{output}");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_a_reason() {
    let lab = Lab::with("casare: 1\nname: wrong\nsteps:\n  - use: no.such\n");
    let mut editor = Client::connect(&lab);
    editor.ask("initialize", Json::Null).await;

    assert_eq!(
        editor.refused("stepBack", Json::Null).await,
        "`stepBack` is not supported"
    );
    let why = editor
        .refused("launch", json!({ "program": lab.main() }))
        .await;
    assert!(why.ends_with("is not a valid workflow: 1 error"), "{why}");
    let why = editor.refused("launch", json!({})).await;
    assert!(why.contains("missing field `program`"), "{why}");
    let why = editor
        .refused("evaluate", json!({ "expression": "1" }))
        .await;
    assert_eq!(why, "nothing stands still; there is nothing to look at");
    editor.send("not json").await;
    assert!(matches!(
        editor.server.await.unwrap(),
        Err(DapError::Protocol(_))
    ));
}

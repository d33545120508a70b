//! n8n, Selenium IDE and Robot Framework.

use casare_import::{Imported, Outcome, SourceFile, import};
use serde_json::{Value as Json, json};

use crate::sketch::{assert_valid, logged_by, registry};

fn outcomes(path: &str, text: &str) -> Vec<Outcome> {
    let file = SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let imported: Vec<Imported> = import(&[file], &registry());
    let outcomes: Vec<Outcome> = imported
        .into_iter()
        .map(|one| one.outcome.unwrap())
        .collect();
    outcomes.iter().for_each(assert_valid);
    outcomes
}

fn n8n(nodes: Json, connections: Json) -> Outcome {
    let text = json!({ "name": "Flow", "nodes": nodes, "connections": connections }).to_string();
    outcomes("flow.json", &text).remove(0)
}

#[tokio::test]
async fn n8n_values_conditions_and_loops_are_taken_over() {
    let outcome = n8n(
        json!([
            { "name": "Start", "type": "n8n-nodes-base.manualTrigger", "parameters": {}, "typeVersion": 1 },
            { "name": "Edit Fields", "type": "n8n-nodes-base.set", "typeVersion": 3, "parameters": { "assignments": { "assignments": [
                { "name": "who", "value": "Ada", "type": "string" }, { "name": "age", "value": 36, "type": "number" }
            ] } } },
            { "name": "Old?", "type": "n8n-nodes-base.if", "typeVersion": 2, "parameters": { "conditions": { "combinator": "and", "conditions": [
                { "leftValue": "={{ $json.age }}", "rightValue": 30, "operator": { "type": "number", "operation": "gt" } }
            ] } } },
            { "name": "Yes", "type": "n8n-nodes-base.stopAndError", "typeVersion": 1, "parameters": { "errorMessage": "={{ $(\'Edit Fields\').item.json.who }} is old" } },
            { "name": "No", "type": "n8n-nodes-base.noOp", "typeVersion": 1, "parameters": {} },
        ]),
        json!({
            "Start": { "main": [[{ "node": "Edit Fields", "type": "main", "index": 0 }]] },
            "Edit Fields": { "main": [[{ "node": "Old?", "type": "main", "index": 0 }]] },
            "Old?": { "main": [[{ "node": "Yes", "type": "main", "index": 0 }], [{ "node": "No", "type": "main", "index": 0 }]] },
        }),
    );

    assert!(
        outcome
            .text
            .contains("condition: \"{{ vars.edit_fields.age > 30 }}\""),
        "{}",
        outcome.text
    );
    assert!(
        outcome
            .text
            .contains("message: \"{{ vars.edit_fields.who }} is old\""),
        "{}",
        outcome.text
    );
    assert!(
        !outcome.report.lost_something(),
        "{}",
        outcome.report.to_text()
    );
}

#[test]
fn an_n8n_loop_ends_where_its_body_comes_back() {
    let outcome = n8n(
        json!([
            { "name": "Start", "type": "n8n-nodes-base.manualTrigger", "parameters": {} },
            { "name": "Code", "type": "n8n-nodes-base.code", "parameters": { "jsCode": "return [1, 2]" }, "typeVersion": 2 },
            { "name": "Loop", "type": "n8n-nodes-base.splitInBatches", "parameters": {}, "typeVersion": 3 },
            { "name": "Wait", "type": "n8n-nodes-base.wait", "parameters": { "amount": 1, "unit": "seconds" } },
            { "name": "Slack", "type": "n8n-nodes-base.slack", "parameters": { "text": "=Done {{ $json.x }}" } },
        ]),
        json!({
            "Start": { "main": [[{ "node": "Code", "type": "main", "index": 0 }]] },
            "Code": { "main": [[{ "node": "Loop", "type": "main", "index": 0 }]] },
            "Loop": { "main": [[{ "node": "Slack", "type": "main", "index": 0 }], [{ "node": "Wait", "type": "main", "index": 0 }]] },
            "Wait": { "main": [[{ "node": "Loop", "type": "main", "index": 0 }]] },
        }),
    );

    assert!(
        outcome
            .text
            .contains("use: flow.for_each\n    with: { items: \"{{ steps.code.result }}\" }"),
        "{}",
        outcome.text
    );
    assert!(
        outcome.report.to_text().contains("slack"),
        "{}",
        outcome.report.to_text()
    );
}

#[test]
fn a_test_of_selenium_ide_runs_in_a_browser() {
    let side = json!({
        "name": "Shop", "url": "https://shop.example.com",
        "tests": [{ "name": "Buy", "commands": [
            { "command": "open", "target": "/cart", "value": "" },
            { "command": "type", "target": "id=user", "value": "ada", "comment": "who buys" },
            { "command": "storeText", "target": "css=.sum", "value": "sum" },
            { "command": "if", "target": "${sum} === \"0\"", "value": "" },
            { "command": "echo", "target": "nothing: ${sum}", "value": "" },
            { "command": "else", "target": "", "value": "" },
            { "command": "click", "target": "linkText=Pay", "value": "" },
            { "command": "end", "target": "", "value": "" },
            { "command": "assertText", "target": "xpath=//h1", "value": "Thanks" },
            { "command": "selectWindow", "target": "index=0", "value": "" },
        ] }],
    });

    let outcome = outcomes("shop.side", &side.to_string()).remove(0);

    for expected in [
        "url: https://shop.example.com/cart",
        "target: css=#user",
        "note: who buys",
        "condition: \"{{ vars.sum == '0' }}\"",
        "role=link[name=",
        "== 'Thanks'",
    ] {
        assert!(
            outcome.text.contains(expected),
            "{expected}\n{}",
            outcome.text
        );
    }
    assert_eq!(outcome.path, "shop.workflow.yaml");
    assert!(
        outcome
            .report
            .to_text()
            .contains("`selectWindow` has no equivalent")
    );
}

#[test]
fn a_recording_of_devtools_runs_in_a_browser() {
    let recording = json!({
        "title": "Order", "steps": [
            { "type": "setViewport", "width": 1200, "height": 800, "deviceScaleFactor": 1 },
            { "type": "navigate", "url": "https://shop.example.com/",
              "assertedEvents": [{ "type": "navigation", "url": "https://shop.example.com/" }] },
            { "type": "click", "target": "main", "offsetX": 3, "offsetY": 4,
              "selectors": [["aria/Sign in[role=\"button\"]"], ["#app > div:nth-of-type(2) > button"], ["text/Sign in"]] },
            { "type": "change", "value": "ada", "selectors": [["aria/User name"], ["#user"], ["pierce/#user"]] },
            { "type": "change", "value": "s3cret", "selectors": [["aria/Password"], ["#password"]] },
            { "type": "keyDown", "target": "main", "key": "Enter" },
            { "type": "keyUp", "target": "main", "key": "Enter" },
            { "type": "keyDown", "key": "Control" }, { "type": "keyDown", "key": "a" },
            { "type": "keyUp", "key": "a" }, { "type": "keyUp", "key": "Control" },
            { "type": "waitForElement", "selectors": ["css/.x", "tr.order"], "operator": ">=", "count": 2, "visible": true },
            { "type": "doubleClick", "selectors": [["my-order", "span.open"]], "button": "secondary" },
            { "type": "click", "selectors": [["text/Invoice"]] },
            { "type": "click", "target": "https://shop.example.com/invoice", "selectors": [["[data-testid=pay]"]] },
            { "type": "click", "target": "main", "selectors": [["xpath///*[@id=\"done\"]"]] },
            { "type": "customStep", "name": "x", "parameters": {} },
        ],
    });
    let outcome = outcomes("order.json", &recording.to_string()).remove(0);

    assert!(!outcome.text.contains("s3cret"));
    insta::assert_snapshot!(format!("{}\n{}", outcome.text, outcome.report.to_text()));
}

#[tokio::test]
async fn a_suite_of_robot_framework_runs_to_its_end() {
    let suite = "\
*** Settings ***
Library    Collections

*** Variables ***
${LIMIT}    ${3}
@{NAMES}    Ada    Grace

*** Test Cases ***
Count Them
    [Documentation]    Counts.
    ${sum}=    Set Variable    ${0}
    FOR    ${n}    IN RANGE    1    5
        IF    $n > $LIMIT
            BREAK
        END
        ${sum}=    Evaluate    ${sum} + ${n}
    END
    Log    sum ${sum}
    FOR    ${name}    IN    @{NAMES}
        Log    Hello ${name}
    END
    TRY
        Fail    no luck
    EXCEPT    AS    ${why}
        Log    caught ${why}
    END
    ${list}=    Create List    a    b
    ${count}=    Get Length    ${list}
    Should Be Equal As Integers    ${count}    2
    Unheard Of Keyword    x
";
    let outcome = outcomes("suite.robot", suite).remove(0);
    assert!(
        outcome
            .report
            .to_text()
            .contains("Unheard Of Keyword: the keyword has no equivalent")
    );

    let runnable = outcomes(
        "suite.robot",
        &suite.replace("    Unheard Of Keyword    x\n", ""),
    )
    .remove(0);
    assert_eq!(
        logged_by(&runnable.text).await,
        ["sum 6", "Hello Ada", "Hello Grace", "caught no luck"]
    );
}

#[test]
fn a_keyword_of_a_suite_is_a_workflow_that_is_called() {
    let suite = "\
*** Tasks ***
Greet
    ${text}=    Make Greeting    Ada
    Log    ${text}
*** Keywords ***
Make Greeting
    [Arguments]    ${who}    ${mark}=!
    RETURN    Hello ${who}${mark}
";
    let outcomes = outcomes("greet.robot", suite);

    let [task, keyword] = outcomes.as_slice() else {
        panic!("{outcomes:#?}");
    };
    assert!(
        task.text
            .contains("workflow: greet-make-greeting.workflow.yaml"),
        "{}",
        task.text
    );
    assert!(task.text.contains("inputs: { who: Ada }"), "{}", task.text);
    assert_eq!(keyword.path, "greet-make-greeting.workflow.yaml");
    assert!(
        keyword
            .text
            .contains("Hello {{ inputs.who }}{{ inputs.mark }}"),
        "{}",
        keyword.text
    );
    assert!(
        keyword.text.contains("outputs:\n  result:"),
        "{}",
        keyword.text
    );
}

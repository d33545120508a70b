//! Settings, references and expressions.

use casare_import::Weight;
use serde_json::json;

use crate::sketch::{file, imported, logged, report, steps};

#[tokio::test]
async fn all_three_ways_to_write_a_reference_are_read() {
    let logged = logged(
        &json!([
            ["set", "SetVariableNode", { "variable_name": "who", "value": "Ada" }],
            ["say", "LogNode", { "message": "{{who}}, ${who}, %who%, 100% and %nobody%" }],
        ]),
        "set > say",
    )
    .await;

    assert_eq!(logged, ["Ada, Ada, Ada, 100% and %nobody%"]);
}

#[tokio::test]
async fn an_unknown_name_stays_text_and_is_told() {
    let nodes = json!([["say", "LogNode", { "message": "Dear {{NAME}}" }]]);

    assert_eq!(logged(&nodes, "").await, ["Dear {{NAME}}"]);
    assert_eq!(report(&nodes, "").count(Weight::Look), 1);
}

#[tokio::test]
async fn a_wired_value_wins_over_a_configured_one() {
    let logged = logged(
        &json!([
            ["make", "ConcatenateNode", { "string_1": "wi", "string_2": "red" }],
            ["say", "LogNode", { "message": "configured" }],
        ]),
        "make > say; make.result > say.message",
    )
    .await;

    assert_eq!(logged, ["wired"]);
}

#[tokio::test]
async fn a_node_that_is_only_wired_by_data_runs_before_what_needs_it() {
    let nodes = json!([
        ["start", "StartNode"],
        ["make", "ConcatenateNode", { "string_1": "a", "string_2": "b" }],
        ["say", "LogNode"],
    ]);
    let wires = "start > say; make.result > say.message";

    assert_eq!(logged(&nodes, wires).await, ["ab"]);
    assert_eq!(report(&nodes, wires).count(Weight::Changed), 1);
}

#[tokio::test]
async fn a_value_from_a_branch_that_may_not_run_is_kept_in_a_variable() {
    let logged = logged(
        &json!([
            ["ask", "IfNode", { "condition": "1 > 2" }],
            ["make", "TextSplitNode", { "text": "a,b", "separator": "," }],
            ["say", "LogNode", { "message": "[{{make.count}}]" }],
        ]),
        "ask.true > make; make > say; ask.false > say",
    )
    .await;

    assert_eq!(logged, ["[]"]);
}

#[test]
fn python_conditions_become_expressions() {
    let condition = |text: &str| {
        let steps = steps(
            &json!([
                ["set", "SetVariableNode", { "variable_name": "x", "value": 1 }],
                ["if", "IfNode", { "condition": text }],
                ["say", "LogNode", { "message": "x" }],
            ]),
            "set > if; if.true > say",
        );
        let line = steps
            .lines()
            .find(|line| line.contains("condition:"))
            .unwrap();
        line.trim()
            .trim_start_matches("with: { condition: ")
            .trim_end_matches(" }")
            .to_owned()
    };

    assert_eq!(
        condition("1 < {{x}} <= 3 and not x == 2"),
        "\"{{ 1 < vars.x and vars.x <= 3 and not vars.x == 2 }}\""
    );
    assert_eq!(
        condition("len('{{x}}') == 1 or x is None"),
        "\"{{ vars.x | string | length == 1 or vars.x is none }}\""
    );
    assert_eq!(
        condition("'a' in ['a', 'b'] && False"),
        "\"{{ 'a' in ['a', 'b'] and false }}\""
    );
    assert_eq!(
        condition("'Ada'.upper().startswith('A')"),
        "\"{{ 'Ada' | upper | starts_with('A') }}\""
    );
    assert_eq!(
        condition("max(x, 2) ** 2 // 3 > -x"),
        "\"{{ ([vars.x, 2] | max) ** 2 // 3 > -vars.x }}\""
    );
    assert_eq!(condition("nobody > 1"), "false");
}

#[tokio::test]
async fn function_calls_in_texts_are_computed() {
    let logged = logged(
        &json!([
            ["set", "SetVariableNode", { "variable_name": "who", "value": "ada" }],
            ["say", "LogNode", { "message": "Hello @{upper(who)}, @{add(1, 2)}" }],
        ]),
        "set > say",
    )
    .await;

    assert_eq!(logged, ["Hello ADA, @{add(1, 2)}"]);
}

#[test]
fn secrets_do_not_come_along() {
    let mut file = file(
        &json!([
            ["say", "LogNode", { "message": "{{$secret:cred_1}}" }],
            ["mail", "GmailReplyToEmailNode", { "access_token": "ya29.very-secret", "body": "x" }],
        ]),
        "say > mail",
    );
    file["variables"] = json!({ "api_token": { "type": "String", "default_value": "tok-very-secret", "sensitive": true } });

    let outcome = imported(&file);

    assert!(!outcome.text.contains("very-secret"), "{}", outcome.text);
    assert!(!outcome.report.to_text().contains("very-secret"));
    assert!(outcome.report.lost_something());
}

#[tokio::test]
async fn a_switched_off_node_stays_switched_off() {
    let nodes = json!([
        ["off", "LogNode", { "message": "off", "_disabled": true }],
        ["on", "LogNode", { "message": "on" }],
    ]);

    assert_eq!(logged(&nodes, "off > on").await, ["on"]);
    assert!(steps(&nodes, "off > on").contains("disabled: true"));
}

#[test]
fn a_browser_is_open_for_the_steps_up_to_where_it_is_closed() {
    let steps = steps(
        &json!([
            ["open", "LaunchBrowserNode", { "url": "https://example.com", "headless": true }],
            ["click", "ClickElementNode", { "selector": "#go", "retry_count": 2, "retry_interval": 500 }],
            ["text", "ExtractTextNode", { "selector": "//h1", "variable_name": "title" }],
            ["close", "CloseBrowserNode"],
            ["say", "LogNode", { "message": "{{title}} {{text.text}}" }],
        ]),
        "open > click; click > text; text > close; close > say; open.page > click.page",
    );

    assert!(
        steps.starts_with("  - id: open\n    use: browser.session\n"),
        "{steps}"
    );
    assert!(steps.contains("target: css=#go"), "{steps}");
    assert!(steps.contains("target: xpath=//h1"), "{steps}");
    assert!(steps.contains("attempts: 3"), "{steps}");
    assert!(steps.contains("\n  - id: say\n"), "{steps}");
    assert!(!steps.contains("close"), "{steps}");
}

#[test]
fn a_node_without_successor_fails_when_it_is_reached_and_says_why() {
    let nodes = json!([["keys", "SendKeysNode", { "keys": "Hello" }]]);

    let steps = steps(&nodes, "");

    assert!(steps.contains("use: flow.fail"), "{steps}");
    assert!(steps.contains("comes with the desktop"), "{steps}");
    let json = report(&nodes, "").to_json();
    assert_eq!(json["no_equivalent"][0]["at"], "keys");
    assert_eq!((&json["converted"], &json["total"]), (&json!(0), &json!(1)));
}

#[test]
fn comments_frames_and_names_become_notes_and_names() {
    let mut file = file(
        &json!([
            ["remark", "CommentNode", { "comment": "Careful here" }],
            ["say", "LogNode", { "message": "x" }],
        ]),
        "remark > say",
    );
    file["nodes"]["say"]["name"] = "Say it".into();
    file["frames"] = json!([{ "title": "Talking", "node_ids": ["say"] }]);

    let text = imported(&file).text;

    assert!(text.contains("name: Say it"), "{text}");
    assert!(
        text.contains("Careful here") && text.contains("Group: Talking"),
        "{text}"
    );
}

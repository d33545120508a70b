//! Graphs become trees.

use serde_json::json;

use crate::sketch::{logged, report, steps};

#[test]
fn branches_end_where_their_ways_meet() {
    let steps = steps(
        &json!([
            ["decide", "IfNode", { "condition": "{{n}} > 1" }],
            ["set", "SetVariableNode", { "variable_name": "n", "value": 2 }],
            ["more", "LogNode", { "message": "more" }],
            ["less", "LogNode", { "message": "less" }],
            ["after", "LogNode", { "message": "after" }],
        ]),
        "set > decide; decide.true > more; decide.false > less; more > after; less > after",
    );

    assert_eq!(
        steps,
        r#"  - id: set
    use: data.set
    with: { name: n, value: 2 }

  - id: decide
    use: flow.if
    with: { condition: "{{ vars.n > 1 }}" }
    then:
      - id: more
        use: log.write
        with: { message: more }
    else:
      - id: less
        use: log.write
        with: { message: less }

  - id: after
    use: log.write
    with: { message: after }
"#
    );
}

#[tokio::test]
async fn a_loop_inside_a_loop_sees_both_items() {
    let logged = logged(
        &json!([
            ["outer", "ForLoopStartNode", { "items": ["a", "b"] }],
            ["inner", "ForLoopStartNode", { "items": [1, 2] }],
            ["say", "LogNode", { "message": "{{outer.current_item}}{{inner.current_item}}/{{outer.current_index}}" }],
            ["inner_end", "ForLoopEndNode", { "paired_start_id": "inner" }],
            ["outer_end", "ForLoopEndNode", { "paired_start_id": "outer" }],
            ["last", "LogNode", { "message": "last {{outer.current_item}}" }],
        ]),
        "outer.body > inner; inner.body > say; say > inner_end; inner.completed > outer_end; outer.completed > last",
    )
    .await;

    assert_eq!(logged, ["a1/0", "a2/0", "b1/1", "b2/1", "last b"]);
}

#[tokio::test]
async fn break_and_continue_act_on_their_loop() {
    let logged = logged(
        &json!([
            ["each", "ForLoopStartNode", { "mode": "range", "start": 0, "end": 10 }],
            ["odd", "IfNode", { "condition": "{{each.current_item}} % 2 == 1" }],
            ["next", "ContinueNode", { "paired_loop_start_id": "each" }],
            ["enough", "IfNode", { "condition": "{{each.current_item}} >= 6" }],
            ["stop", "BreakNode", { "paired_loop_start_id": "each" }],
            ["say", "LogNode", { "message": "{{each.current_item}}" }],
            ["end", "ForLoopEndNode", { "paired_start_id": "each" }],
        ]),
        "each.body > odd; odd.true > next; odd.false > enough; enough.true > stop; enough.false > say; say > end",
    )
    .await;

    assert_eq!(logged, ["0", "2", "4"]);
}

#[tokio::test]
async fn a_failing_try_runs_its_catch_and_then_its_finally() {
    let logged = logged(
        &json!([
            ["try", "TryNode"],
            ["boom", "ThrowErrorNode", { "error_message": "no paper" }],
            ["catch", "CatchNode", { "paired_try_id": "try" }],
            ["told", "LogNode", { "message": "caught: {{catch.error_message}}" }],
            ["finally", "FinallyNode", { "paired_try_id": "try" }],
            ["clean", "LogNode", { "message": "clean" }],
            ["after", "LogNode", { "message": "after {{catch.error_message}}" }],
        ]),
        "try.try_body > boom; boom > catch; catch.catch_body > told; finally.finally_body > clean; try.exec_out > after",
    )
    .await;

    assert_eq!(logged, ["caught: no paper", "clean", "after no paper"]);
}

#[test]
fn a_fork_and_its_join_are_parallel() {
    let steps = steps(
        &json!([
            ["fork", "ForkNode", { "paired_join_id": "join" }],
            ["left", "LogNode", { "message": "left" }],
            ["right", "LogNode", { "message": "right" }],
            ["join", "JoinNode", { "paired_fork_id": "fork" }],
            ["after", "LogNode", { "message": "after" }],
        ]),
        "fork.branch_1 > left; fork.branch_2 > right; left > join; right > join; join > after",
    );

    let (parallel, after) = steps.split_once("id: after").unwrap();
    assert!(parallel.contains("use: flow.parallel\n    branches:\n      branch_1:\n"));
    assert!(after.contains("message: after"));
}

#[tokio::test]
async fn a_retry_goes_its_own_way_after_success_and_after_failure() {
    let nodes = json!([
        ["again", "RetryNode", { "max_attempts": 2, "initial_delay": 0 }],
        ["work", "ThrowErrorNode", { "error_message": "busy" }],
        ["good", "LogNode", { "message": "good" }],
        ["bad", "LogNode", { "message": "bad" }],
        ["after", "LogNode", { "message": "after" }],
    ]);
    let wires = "again.retry_body > work; again.success > good; again.failed > bad; good > after; bad > after";

    assert_eq!(logged(&nodes, wires).await, ["busy", "bad", "after"]);
}

#[tokio::test]
async fn ways_that_cross_become_a_state_machine() {
    // Both decisions lead to both ends, so no nesting holds them.
    let nodes = json!([
        ["n", "SetVariableNode", { "variable_name": "n", "value": 2 }],
        ["first", "IfNode", { "condition": "{{n}} == 1" }],
        ["second", "IfNode", { "condition": "{{n}} == 2" }],
        ["third", "IfNode", { "condition": "{{n}} == 3" }],
        ["left", "LogNode", { "message": "left" }],
        ["right", "LogNode", { "message": "right" }],
        ["after", "LogNode", { "message": "after" }],
    ]);
    let wires = "n > first; first.true > second; first.false > third; second.true > left; \
                 second.false > right; third.true > left; third.false > right; left > after; right > after";

    assert!(steps(&nodes, wires).contains("use: flow.state_machine"));
    assert_eq!(logged(&nodes, wires).await, ["right", "after"]);
}

#[tokio::test]
async fn a_circle_of_wires_becomes_a_state_machine() {
    let nodes = json!([
        ["n", "SetVariableNode", { "variable_name": "n", "value": 0 }],
        ["add", "IncrementVariableNode", { "variable_name": "n" }],
        ["again", "IfNode", { "condition": "{{n}} < 3" }],
        ["done", "LogNode", { "message": "n is {{n}}" }],
    ]);

    assert_eq!(
        logged(
            &nodes,
            "n > add; add > again; again.true > add; again.false > done"
        )
        .await,
        ["n is 3"]
    );
}

#[tokio::test]
async fn a_way_that_ends_in_the_middle_ends_the_run() {
    let nodes = json!([
        ["n", "SetVariableNode", { "variable_name": "n", "value": 5 }],
        ["ok", "IfNode", { "condition": "{{n}} > 3" }],
        ["no", "LogNode", { "message": "too few" }],
        ["yes", "LogNode", { "message": "enough" }],
    ]);

    assert_eq!(
        logged(&nodes, "n > ok; ok.false > no; ok.true > yes").await,
        ["enough"]
    );
}

#[test]
fn a_loop_end_that_names_no_loop_is_paired_with_the_nearest() {
    let report = report(
        &json!([
            ["each", "ForLoopStartNode", { "items": [1] }],
            ["say", "LogNode", { "message": "x" }],
            ["end", "ForLoopEndNode"],
        ]),
        "each.body > say; say > end",
    );

    assert!(report.to_text().contains("taken for the end of `each`"));
}

#[test]
fn what_nothing_leads_to_is_left_out_and_told() {
    let report = report(
        &json!([
            ["start", "StartNode"],
            ["say", "LogNode", { "message": "x" }],
            ["lost", "LogNode", { "message": "y" }],
        ]),
        "start > say",
    );

    assert!(
        report
            .to_text()
            .contains("lost (LogNode): nothing leads to it")
    );
}

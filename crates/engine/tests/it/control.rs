use casare_engine::RunState;
use serde_json::json;

use crate::harness::{Events, Lab, inputs};

#[tokio::test]
async fn loops_branches_and_variables_do_what_they_say() {
    let lab = Lab::new();

    let outcome = lab
        .run(
            r#"
casare: 1
name: orders
inputs:
  limit: { type: integer, default: 10 }
variables: { total: 0, large: [], skipped: 0, state: "" }
steps:
  - id: each
    use: flow.for_each
    with: { items: [3, 30, 7, 99, 1], as: n, collect: "{{ n * 2 }}" }
    do:
      - use: flow.break
        when: "{{ n == 99 }}"
      - use: flow.if
        with: { condition: "{{ n > inputs.limit }}" }
        then:
          - use: data.set
            with: { name: large, value: "{{ vars.large + [n] }}" }
          - use: flow.continue
        else:
          - use: data.increment
            with: { name: skipped }
      - use: data.set
        with: { name: total, value: "{{ vars.total + n }}" }
  - id: twice
    use: flow.repeat
    with: { times: 2 }
    do:
      - use: data.set
        with: { values: { total: "{{ vars.total + 1 }}", skipped: "{{ vars.skipped + loop.index }}" } }
  - id: down
    use: flow.while
    with: { condition: "{{ vars.total > 5 }}" }
    do:
      - use: data.increment
        with: { name: total, by: -1 }
  - use: flow.switch
    with: { value: "{{ vars.total }}" }
    cases:
      "5":
        - use: data.set
          with: { name: state, value: five }
    default:
      - use: flow.fail
        with: { message: "not five" }
  - id: machine
    use: flow.state_machine
    with:
      start: up
      transitions:
        - { from: up, to: done, when: "{{ vars.total >= 8 }}" }
        - { from: up, to: up }
    states:
      up:
        - use: data.increment
          with: { name: total }
      done: []
outputs:
  total: "{{ vars.total }}"
  large: "{{ vars.large }}"
  skipped: "{{ vars.skipped }}"
  state: "{{ vars.state }}"
  doubled: "{{ steps.each.results }}"
  passes: "{{ [steps.each.passes, steps.twice.passes, steps.down.passes, steps.machine.passes] }}"
"#,
        )
        .await;

    assert_eq!(outcome.error, None);
    assert_eq!(
        outcome.outputs,
        json!({
            "total": 8, "large": [30], "skipped": 5, "state": "five",
            "doubled": [6, 60, 14], "passes": [4, 2, 7, 4],
        })
    );
}

#[tokio::test]
async fn what_runs_side_by_side_sees_its_own_outputs_and_shares_variables() {
    let lab = Lab::new();

    let outcome = lab
        .run(
            r#"
casare: 1
name: side-by-side
variables: { sum: 0 }
steps:
  - id: each
    use: flow.for_each
    with: { items: "{{ range(1, 41) }}", as: n, parallel: 8, collect: "{{ steps.own.text }}" }
    do:
      - use: flow.wait
        with: { duration: 1ms }
      - id: own
        use: test.jot
        with: { text: "n{{ n }}" }
      - use: data.set
        with: { name: sum, value: "{{ vars.sum + n }}" }
  - use: flow.parallel
    branches:
      left:
        - id: left
          use: test.jot
          with: { text: "l" }
      right:
        - id: right
          use: test.jot
          with: { text: "r" }
  - id: race
    use: flow.race
    branches:
      slow:
        - use: flow.wait
          with: { duration: 1h }
      quick:
        - use: flow.wait
          with: { duration: 1ms }
outputs:
  sum: "{{ vars.sum }}"
  first: "{{ steps.each.results[0] }}"
  last: "{{ steps.each.results[39] }}"
  both: "{{ steps.left.text ~ steps.right.text }}"
  winner: "{{ steps.race.winner }}"
"#,
        )
        .await;

    assert_eq!(outcome.error, None);
    assert_eq!(
        outcome.outputs,
        json!({ "sum": 820, "first": "n1", "last": "n40", "both": "lr", "winner": "quick" })
    );
}

#[tokio::test]
async fn a_called_workflow_has_variables_of_its_own() {
    let lab = Lab::new();
    lab.write(
        "square.workflow.yaml",
        r#"
casare: 1
name: square
inputs:
  n: { type: integer, required: true }
variables: { result: 0 }
steps:
  - use: data.set
    with: { name: result, value: "{{ inputs.n * inputs.n }}" }
  - use: flow.return
  - use: data.set
    with: { name: result, value: -1 }
outputs:
  value: "{{ vars.result }}"
"#,
    );

    let mut options = lab.options();
    options.inputs = inputs([("n", json!("12"))]);
    let outcome = lab
        .run_with(
            r#"
casare: 1
name: caller
inputs:
  n: { type: integer, required: true }
variables: { result: mine }
steps:
  - id: call
    use: flow.call
    with: { workflow: square.workflow.yaml, inputs: { n: "{{ inputs.n }}" } }
outputs:
  value: "{{ steps.call.value }}"
  own: "{{ vars.result }}"
"#,
            options,
        )
        .await;

    assert_eq!(outcome.error, None);
    assert_eq!(outcome.outputs, json!({ "value": 144, "own": "mine" }));
}

#[tokio::test]
async fn a_workflow_that_calls_itself_is_refused() {
    let lab = Lab::new();
    let text = |other: &str| {
        format!(
            "casare: 1\nname: ring\nsteps:\n  - use: flow.call\n    with: {{ workflow: {other} }}\n"
        )
    };
    lab.write("a.workflow.yaml", &text("b.workflow.yaml"));
    lab.write("b.workflow.yaml", &text("a.workflow.yaml"));

    let error = lab
        .engine
        .load("a.workflow.yaml", &text("b.workflow.yaml"), &lab.path(""))
        .unwrap_err();

    assert!(
        error.to_string().contains("a workflow can't call itself"),
        "{error}"
    );
}

#[tokio::test]
async fn skipped_and_disabled_steps_are_told() {
    let lab = Lab::new();
    let events = std::sync::Arc::new(Events::default());
    let mut options = lab.options();
    options.sinks = vec![events.clone()];

    let outcome = lab
        .run_with(
            r#"
casare: 1
name: skipping
steps:
  - use: test.note
    when: "{{ 1 > 2 }}"
    with: { text: "never" }
  - use: test.note
    disabled: true
    with: { text: "never" }
"#,
            options,
        )
        .await;

    assert_eq!(outcome.state, RunState::Succeeded);
    let reasons: Vec<_> = events
        .named("step_skipped")
        .into_iter()
        .map(|event| event["reason"].clone())
        .collect();
    assert_eq!(reasons, ["when", "disabled"]);
    assert!(lab.lines("notes.txt").is_empty());
}

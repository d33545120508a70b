use std::sync::Arc;

use casare_engine::{Cancel, ErrorKind, RunState};
use serde_json::json;

use crate::harness::{CancelAt, Lab};

/// What the run said when it failed: kind, step and message.
fn told(outcome: &casare_engine::RunOutcome) -> String {
    let error = outcome.error.as_ref().unwrap();
    format!(
        "{} at {} line {}: {}",
        error.kind,
        error
            .path
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        error.line.unwrap_or_default(),
        error.message
    )
}

#[tokio::test]
async fn catch_chooses_by_kind_and_finally_always_runs() {
    let lab = Lab::new();

    let outcome = lab
        .run(
            r#"
casare: 1
name: catching
variables: { told: [] }
steps:
  - id: outer
    use: flow.try
    do:
      - id: inner
        use: flow.try
        do:
          - name: the bad one
            use: flow.fail
            with: { message: "no invoice", kind: not_found, details: { number: 7 } }
        catch:
          timeout:
            - use: data.set
              with: { name: told, value: "{{ vars.told + ['wrong'] }}" }
        finally:
          - use: data.set
            with: { name: told, value: "{{ vars.told + ['inner finally'] }}" }
    catch:
      - use: data.set
        with: { name: told, value: "{{ vars.told + [error.kind, error.message, error.step, error.details.number] }}" }
    finally:
      - use: data.set
        with: { name: told, value: "{{ vars.told + ['outer finally'] }}" }
outputs:
  told: "{{ vars.told }}"
  caught: "{{ steps.outer.caught }}"
"#,
        )
        .await;

    assert_eq!(outcome.error, None);
    assert_eq!(
        outcome.outputs,
        json!({
            "told": ["inner finally", "not_found", "no invoice", "the bad one", 7, "outer finally"],
            "caught": true,
        })
    );
}

#[tokio::test]
async fn an_uncaught_failure_names_step_line_and_kind() {
    let lab = Lab::new();

    let outcome = lab
        .run(
            r#"
casare: 1
name: failing
variables: { person: { name: Ada } }
steps:
  - use: flow.repeat
    with: { times: 3 }
    do:
      - use: test.jot
        with: { text: "{{ vars.person.nam }}" }
"#,
        )
        .await;

    assert_eq!(outcome.state, RunState::Failed);
    insta::assert_snapshot!(told(&outcome));
}

#[tokio::test]
async fn retry_repeats_what_may_pass_and_nothing_else() {
    let lab = Lab::new();

    let outcome = lab
        .run(
            r#"
casare: 1
name: retrying
steps:
  - id: step
    use: test.flaky
    with: { name: a, failures: 2 }
    retry: { attempts: 3, delay: 1ms }
  - id: block
    use: flow.retry
    with: { attempts: 4, delay: 1ms, on: [business] }
    do:
      - use: test.flaky
        with: { name: b, failures: 3, kind: business }
  - use: test.flaky
    with: { name: c, failures: 1, kind: invalid }
    retry: { attempts: 5, delay: 1ms }
outputs:
  never: "{{ steps.step.text }}"
"#,
        )
        .await;

    assert_eq!(outcome.state, RunState::Failed);
    assert_eq!(lab.lines("a.txt").len(), 3);
    assert_eq!(lab.lines("b.txt").len(), 4);
    assert_eq!(
        lab.lines("c.txt").len(),
        1,
        "an invalid setting is not tried again"
    );
}

#[tokio::test]
async fn a_timeout_ends_the_step_and_closes_what_is_open() {
    let lab = Lab::new();

    let outcome = lab
        .run(
            r#"
casare: 1
name: slow
steps:
  - use: test.door
    with: { name: front }
    timeout: 20ms
    do:
      - use: flow.try
        do:
          - use: flow.wait
            with: { duration: 1h }
        finally:
          - use: test.note
            with: { text: "cleaned" }
"#,
        )
        .await;

    assert_eq!(outcome.error.as_ref().unwrap().kind, ErrorKind::Timeout);
    assert_eq!(lab.lines("notes.txt"), ["cleaned"]);
    assert_eq!(lab.lines("doors.txt"), ["front closed: Cancelled"]);
}

#[tokio::test]
async fn a_cancelled_run_cleans_up_and_says_so() {
    let lab = Lab::new();
    let cancel = Cancel::default();
    let mut options = lab.options();
    options.cancel = cancel.clone();
    options.sinks = vec![Arc::new(CancelAt {
        title: "waiting",
        cancel,
    })];

    let outcome = lab
        .run_with(
            r#"
casare: 1
name: cancelled
steps:
  - use: flow.try
    do:
      - use: test.door
        with: { name: front }
        do:
          - name: waiting
            use: flow.wait
            with: { duration: 1h }
    catch:
      - use: test.note
        with: { text: "a cancellation is no error" }
    finally:
      - use: test.note
        with: { text: "cleaned" }
"#,
            options,
        )
        .await;

    assert_eq!(outcome.state, RunState::Cancelled);
    assert_eq!(lab.lines("notes.txt"), ["cleaned"]);
    assert_eq!(lab.lines("doors.txt"), ["front closed: Cancelled"]);
}

#[tokio::test]
async fn the_first_failing_branch_stops_the_others() {
    let lab = Lab::new();

    let outcome = lab
        .run(
            r#"
casare: 1
name: branches
steps:
  - use: flow.parallel
    branches:
      waits:
        - use: test.door
          with: { name: side }
          do:
            - use: flow.wait
              with: { duration: 1h }
      fails:
        - use: flow.wait
          with: { duration: 5ms }
        - use: flow.fail
          with: { message: "enough", kind: business }
"#,
        )
        .await;

    insta::assert_snapshot!(told(&outcome));
    assert_eq!(lab.lines("doors.txt"), ["side closed: Cancelled"]);
}

#[tokio::test]
async fn an_endless_loop_ends_with_advice() {
    let lab = Lab::new();

    let outcome = lab
        .run(
            r#"
casare: 1
name: endless
limits: { passes: 1000 }
steps:
  - use: flow.while
    with: { condition: "{{ true }}" }
    do:
      - use: data.set
        with: { name: n, value: 1 }
"#,
        )
        .await;

    insta::assert_snapshot!(told(&outcome));
}

#[tokio::test]
async fn a_run_longer_than_its_limit_fails() {
    let lab = Lab::new();

    let outcome = lab
        .run(
            r"
casare: 1
name: long
limits: { run_time: 20ms }
steps:
  - use: flow.wait
    with: { duration: 1h }
",
        )
        .await;

    assert_eq!(outcome.state, RunState::Failed);
    assert_eq!(
        outcome.error.unwrap().message,
        "the run took longer than 20ms"
    );
}

#[tokio::test]
async fn passed_over_failures_are_counted() {
    let lab = Lab::new();

    let outcome = lab
        .run(
            r#"
casare: 1
name: going-on
steps:
  - use: flow.fail
    on_error: continue
    with: { message: "never mind" }
  - use: test.note
    with: { text: "went on" }
"#,
        )
        .await;

    assert_eq!(outcome.state, RunState::Succeeded);
    assert_eq!(outcome.failed_steps, 1);
    assert_eq!(lab.lines("notes.txt"), ["went on"]);
}

#[tokio::test]
async fn a_clean_up_that_fails_too_does_not_hide_what_went_wrong_first() {
    let lab = Lab::new();

    let outcome = lab
        .run(
            r"
casare: 1
name: twice
steps:
  - use: flow.try
    do:
      - use: flow.fail
        with: { message: the cause }
    finally:
      - use: flow.fail
        with: { message: the consequence }
",
        )
        .await;

    assert_eq!(outcome.error.unwrap().message, "the cause");
}
